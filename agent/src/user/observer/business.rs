//! What a transaction is to the business.

use super::{
    Observer,
    identity::identify,
    session::{HANDED_OVER, Known, is_proof, set_cookies, tokens},
};
use crate::{
    http::{Request, Response},
    user::{
        BusinessEvent, Key,
        business::{Answer, Asked, Told},
        cookies::SetCookie,
        credentials::{Credentials, is_session, may_be_session},
        fields::Fields,
        settings::Profile,
        token::basic_user,
    },
};

impl Observer {
    pub(super) fn business(
        &mut self,
        request: &Request,
        response: &Response,
        path: &[u8],
        profile: &Profile,
        known: &Known,
        now: i64,
    ) -> Told {
        self.answer.clear();
        self.calls.clear();
        if let Some(wanted) = profile.rules.calls(&self.candidates) {
            self.calls.read(request, response, &self.fields, &wanted);
        }
        let content_type = response.header("content-type").map_or(&b""[..], |value| value);
        self.answer.json(content_type, &response.body);
        let set = || set_cookies(response).filter(|cookie| !cookie.clears);
        let proof = set().any(|cookie| is_proof(&cookie));
        let is_session = |cookie: &SetCookie<'_>| {
            is_session(cookie.name, &profile.session_cookies, &self.learned)
                || may_be_session(cookie.name, cookie.value, cookie.http_only)
        };
        let handed_over = HANDED_OVER.iter().flat_map(|name| self.fields.named(name));
        let handed_over = handed_over.filter(|value| value.len() >= 16).take(1).find_map(|token| {
            self.sessions.find(self.sessions.key().session(token), now, profile.session_idle)
        });
        let session = known.session.as_ref().map(|(_, session)| session).or(handed_over.as_ref());
        let asked = Asked {
            fields: &self.fields,
            answer: Answer {
                path,
                referer: request.header("referer").map(|referer| &referer[..]),
                response,
                said: &response.body.data,
                reply: None,
                json: &self.answer,
                proof,
                session: set().any(|cookie| is_session(&cookie)),
                token: tokens(&self.answer, profile).next().is_some(),
                second: false,
            },
            pending: session.filter(|session| session.pending).map(|session| &*session.user),
        };
        let key = self.sessions.key();
        let has_token = |answer: &Fields| tokens(answer, profile).next().is_some();
        let identify = |name: &str| identify(profile.identity, key, name);
        profile.rules.events(&self.candidates, &asked, &self.calls, &has_token, &identify)
    }
}

/// Basic credentials that a service refuses: each request is a login.
pub(super) fn refused_basic(
    credentials: &Credentials<'_>,
    response: &Response,
    profile: &Profile,
    key: &Key,
) -> Option<BusinessEvent> {
    let basic = credentials.basic.filter(|_| response.status == 401 && profile.rules.has_defaults())?;
    let mut attributes = serde_json::Map::new();
    if let Some(user) = basic_user(basic).and_then(|user| identify(profile.identity, key, &user)) {
        attributes.insert("usr.login".into(), (*user).into());
    }
    attributes.insert("login.method".into(), "basic".into());
    Some(BusinessEvent { name: "users.login.failure".into(), attributes })
}

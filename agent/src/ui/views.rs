//! Views that somebody saved: a name and an address of an explorer. They are kept in a cookie of their browser, so that
//! nothing has to be stored here, and nobody else's list grows.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    form::Form,
    rows::Done,
    session::Cookies,
    target::{Target, local},
    visit::Visit,
};
use crate::api::{ApiError, Code};

/// The cookie's name.
const COOKIE: &str = "picket-views";
/// Views of a browser.
const MOST: usize = 20;
/// Characters of a name.
const NAME: usize = 40;
/// Bytes of the cookie: browsers take 4096 with its name and what belongs to it (RFC 6265 section 6.1).
const LONGEST: usize = 3800;

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct View {
    pub name: String,
    /// The address, within the UI.
    pub to: String,
}

/// What a browser's cookie says. What is no view, or leads elsewhere, is none.
pub(super) fn of(headers: &HeaderMap) -> Vec<View> {
    let text = Cookies::of(headers).long(COOKIE, LONGEST).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let views: Vec<View> = serde_json::from_slice(&bytes).unwrap_or_default();
    views.into_iter().filter(|view| local(&view.to).is_some()).take(MOST).collect()
}

fn cookie(views: &[View]) -> Result<HeaderValue, ApiError> {
    let json = serde_json::to_vec(views).map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    let text = URL_SAFE_NO_PAD.encode(json);
    if text.len() > LONGEST {
        return Err(ApiError::new(Code::Full, "a browser keeps no more views").hint("Take one away first."));
    }
    let text = format!("{COOKIE}={text}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::try_from(text).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

/// Saves the page that the form stands on, under a name; one of the same name is replaced.
pub(super) async fn save(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name: String = form.needed("name")?.chars().take(NAME).collect();
    let to = form.get("back").and_then(local).unwrap_or("/");
    // A page of a list is of no use tomorrow.
    let to = to.parse().map(|uri| Target::of(&uri).without("cursor").to_string()).unwrap_or_default();
    let mut views = visit.frame.views.clone();
    views.retain(|view| view.name != name);
    if views.len() >= MOST {
        return Err(
            ApiError::new(Code::Full, format!("there are {MOST} views already")).hint("Take one away first.")
        );
    }
    views.push(View { name: name.clone(), to });
    let cookie = cookie(&views)?;
    Ok(Done::back(&form, format!("Saved as {name}, in this browser"))
        .cookie(Some((header::SET_COOKIE, cookie))))
}

/// Takes one away.
pub(super) async fn remove(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name = form.needed("name")?;
    let mut views = visit.frame.views.clone();
    views.retain(|view| view.name != name);
    let cookie = cookie(&views)?;
    Ok(Done::back(&form, format!("{name} is not kept any longer")).cookie(Some((header::SET_COOKIE, cookie))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(views: &[View]) -> HeaderMap {
        let cookie = cookie(views).expect("a cookie");
        let pair = cookie.to_str().expect("a text").split(';').next().expect("a pair").to_owned();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(pair).expect("a cookie"))])
    }

    #[test]
    fn views_come_back_and_lead_nowhere_else() {
        let view = |name: &str, to: &str| View { name: name.to_owned(), to: to.to_owned() };
        let good = [view("\u{e4}; \"<b>", "/signals?query=a%20b"), view("x", "/events")];
        assert_eq!(of(&headers(&good)), good);
        assert_eq!(of(&headers(&[view("x", "//evil.example"), view("y", "javascript:zqx()")])), []);
        assert_eq!(of(&HeaderMap::new()), []);
        let wrong = HeaderValue::from_static("picket-views=AAAA");
        assert_eq!(of(&HeaderMap::from_iter([(header::COOKIE, wrong)])), []);
        let long = view("x", &format!("/{}", "a".repeat(LONGEST)));
        assert_eq!(cookie(&[long]).expect_err("too long").code, Code::Full);
    }
}

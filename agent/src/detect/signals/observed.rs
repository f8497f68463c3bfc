//! What a signal wants to know of an event.

use super::timeline::Stage;
use crate::{detect::facet::Facet, query::Fields};

/// Facets that signals look at, looked up once.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    id: Facet,
    method: Facet,
    path: Facet,
    status: Facet,
    blocked: Facet,
    rule_type: Facet,
    category: Facet,
    business: Facet,
    client_ip: Facet,
    user: Facet,
    claimed: Facet,
    login: Facet,
    pub(super) session: Facet,
    pub(super) user_agent: Facet,
    pub(super) service: Facet,
    pub(super) ja4: Facet,
    pub(super) fp_header: Facet,
    pub(super) fp_endpoint: Facet,
    pub(super) fp_network: Facet,
}

/// What one event tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    pub(super) id: String,
    /// In a few words.
    pub(super) what: String,
    pub(super) stage: Option<Stage>,
    pub(super) is_attack: bool,
    /// Its client was put on the denylist because of it.
    pub(super) is_blocked: bool,
    /// A login that worked.
    pub(super) is_login: bool,
    pub(super) address: Option<String>,
    pub(super) user: Option<String>,
    /// Only the client says that it is this user.
    pub(super) is_claimed: bool,
    /// Whom a login names.
    pub(super) login: Option<String>,
}

impl Looks {
    pub(super) fn new() -> Result<Self, String> {
        let of = Facet::named;
        Ok(Self {
            id: of("id")?,
            method: of("@method")?,
            path: of("@path")?,
            status: of("@status")?,
            blocked: of("blocked")?,
            rule_type: of("@rule.type")?,
            category: of("@rule.category")?,
            business: of("@business.name")?,
            client_ip: of("client_ip")?,
            user: of("user.id")?,
            claimed: of("user.claimed")?,
            login: of("@usr.login")?,
            session: of("session.id")?,
            user_agent: of("@user_agent")?,
            service: of("service")?,
            ja4: of("@tls.ja4")?,
            fp_header: of("@_dd.appsec.fp.http.header")?,
            fp_endpoint: of("@_dd.appsec.fp.http.endpoint")?,
            fp_network: of("@_dd.appsec.fp.http.network")?,
        })
    }

    pub(super) fn observe<F: Fields + ?Sized>(&self, event: &F) -> Observed {
        let mut observed = Observed {
            id: self.id.text(event).unwrap_or_default(),
            address: self.client_ip.text(event),
            user: self.user.text(event),
            is_claimed: self.claimed.is_there(event),
            login: self.login.text(event),
            ..Observed::default()
        };
        self.method.write_first(event, &mut observed.what);
        observed.what.push(' ');
        self.path.write_first(event, &mut observed.what);
        let status = self.status.number(event).unwrap_or(0.0);
        if status > 0.0 {
            observed.what.push_str(&format!(" {status}"));
        }
        let category = self.category.text(event).unwrap_or_default();
        let business = self.business.text(event);
        observed.is_login = business.as_deref() == Some("users.login.success");
        for facet in [&self.rule_type, &self.business] {
            let mut name = String::new();
            if facet.write_first(event, &mut name) {
                observed.what.push(' ');
                observed.what.push_str(&name);
            }
        }
        let mut leak = false;
        self.category.each_text(event, 64, &mut |category| leak |= category == "information_leak");
        observed.is_attack = self.rule_type.is_there(event);
        let mut blocked = String::new();
        self.blocked.write_first(event, &mut blocked);
        observed.is_blocked = blocked == "true";
        let attempts = observed.is_attack && category != "security_scanner";
        observed.stage = match business.as_deref() {
            _ if leak || (attempts && status >= 500.0) => Some(Stage::SuccessHint),
            Some("users.login.success") => Some(Stage::SuccessHint),
            Some(_) => Some(Stage::Attempt),
            None if attempts => Some(Stage::Attempt),
            None if observed.is_attack || (400.0..500.0).contains(&status) => Some(Stage::Probing),
            // Worth a stage only in a signal that has attempts already.
            None => None,
        };
        observed
    }
}

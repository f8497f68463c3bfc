//! `[users]`: who did it, and what it was for the business.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    policies::{Field, fields, glob, ports, request_path},
    values::{Value, Wrong, because, boolean, duration, header_name, list, name, string, word, wrong},
};
use crate::{
    rules::policy::Glob,
    user::{Identity, Source},
};

/// `[users]`: who did it, and what it was for the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    /// How identities are kept.
    pub identity: Identity,
    /// Where a user is looked for, the first that says something counts.
    pub sources: Vec<Source>,
    /// Claims of a JSON web token that say who it is, the first that is there counts.
    pub claims: Vec<String>,
    /// Cookies that hold a JSON web token.
    pub jwt_cookies: Vec<Glob>,
    /// Header fields in which a trusted proxy says who it is, in lower case.
    pub headers: Vec<String>,
    /// Parameters of a login request that say who it is.
    pub login_fields: Vec<String>,
    /// Cookies that hold a session.
    pub session_cookies: Vec<Glob>,
    /// Names in the JSON answer to a login under which a token stands.
    pub token_fields: Vec<String>,
    /// A session that is not used for this long is forgotten.
    pub session_idle: Duration,
    /// Whether Picket's own rules for business events are used.
    pub default_events: bool,
    /// `[[users.events]]`: business events of one's own, asked before Picket's.
    pub events: Vec<BusinessRule>,
    /// `[[users.services]]`: what is otherwise for some services. The first that fits counts.
    pub services: Vec<ServiceUsers>,
}

impl Default for Users {
    fn default() -> Self {
        let texts = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let globs = |names: &[&str]| names.iter().map(|name| Glob::new(name)).collect();
        Self {
            identity: Identity::default(),
            sources: vec![Source::Jwt, Source::Header, Source::Basic, Source::Login],
            claims: texts(&["sub", "user_id", "uid", "email", "preferred_username"]),
            jwt_cookies: globs(&["access_token", "auth_token", "id_token", "jwt", "token"]),
            headers: texts(&[
                "x-forwarded-user",
                "x-auth-request-user",
                "x-remote-user",
                "remote-user",
                "x-authenticated-user",
                "x-forwarded-email",
            ]),
            login_fields: texts(&[
                "username",
                "user_name",
                "userid",
                "user_id",
                "login",
                "log",
                "j_username",
                "identifier",
                "email",
                "email_address",
                "user.email",
                "user.login",
                "user",
                "usernameoremail",
                "username_or_email",
                "emailorusername",
                "name",
                "account",
                "phone",
            ]),
            session_cookies: globs(&[
                "PHPSESSID",
                "JSESSIONID",
                "connect.sid",
                "sessionid",
                "session",
                "session_id",
                "sid",
                "SESSION",
                "SESS*",
                "SSESS*",
                "laravel_session",
                "ci_session",
                "CAKEPHP",
                "_*_session",
                "ASP.NET_SessionId",
                ".AspNetCore.*",
                ".ASPXAUTH",
                ".AspNet.ApplicationCookie",
                "wordpress_logged_in_*",
                "KEYCLOAK_IDENTITY",
                "KEYCLOAK_SESSION",
                "rack.session",
                "next-auth.session-token",
                "__Secure-*session*",
                "__Host-*session*",
            ]),
            token_fields: texts(&[
                "token",
                "access_token",
                "accessToken",
                "access",
                "jwt",
                "id_token",
                "auth_token",
                "key",
            ]),
            session_idle: Duration::from_secs(86_400),
            default_events: true,
            events: Vec::new(),
            services: Vec::new(),
        }
    }
}

/// `[[users.services]]`: what is otherwise for some services; what is not said is as `[users]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceUsers {
    /// For services with one of these names.
    pub services: Vec<Glob>,
    /// That listen on one of these ports.
    pub ports: Vec<RangeInclusive<u16>>,
    /// See [`Users`].
    pub identity: Option<Identity>,
    /// See [`Users`].
    pub sources: Option<Vec<Source>>,
    /// See [`Users`].
    pub claims: Option<Vec<String>>,
    /// See [`Users`].
    pub jwt_cookies: Option<Vec<Glob>>,
    /// See [`Users`].
    pub headers: Option<Vec<String>>,
    /// See [`Users`].
    pub login_fields: Option<Vec<String>>,
    /// See [`Users`].
    pub session_cookies: Option<Vec<Glob>>,
    /// See [`Users`].
    pub token_fields: Option<Vec<String>>,
    /// See [`Users`].
    pub session_idle: Option<Duration>,
    /// See [`Users`].
    pub default_events: Option<bool>,
}

/// `[[users.events]]`: a business event, and the requests and responses that are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusinessRule {
    /// The event: `users.signup`, `order.placed`… With `users.login`, Picket tells success from failure.
    pub event: String,
    /// Only for services with one of these names.
    pub services: Vec<Glob>,
    /// One of these methods.
    pub methods: Vec<String>,
    /// A path that one of these fits, the case ignored.
    pub paths: Vec<Glob>,
    /// Names of calls in the body, one of them: fields of GraphQL, methods of XML-RPC. The other keys are about that call.
    pub calls: Vec<Glob>,
    /// Request parameters, all of them.
    pub fields: Vec<Test>,
    /// Response statuses, one of them.
    pub status: Vec<RangeInclusive<u16>>,
    /// Response header fields, all of them.
    pub headers: Vec<Test>,
    /// Texts, one of which stands in the response's body, the case ignored.
    pub body: Vec<String>,
    /// Texts of which none does.
    pub body_without: Vec<String>,
    /// Parameters of a response in JSON, all of them.
    pub json: Vec<Test>,
    /// Parameters that say whose login it is; empty: those of `[users]`.
    pub login: Vec<String>,
    /// It is the second factor of a login.
    pub second_factor: bool,
    /// Attributes with values of their own.
    pub set: Vec<(String, String)>,
    /// Attributes with the values of request parameters.
    pub copy: Vec<(String, String)>,
}

/// A name and what has to stand under it: `name` (something), `name=value`, `name=!value`, `name=!` (nothing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The name, or one of several (`a|b`).
    pub names: Vec<String>,
    /// One of these has to fit (the case ignored); empty: anything but nothing.
    pub values: Vec<Glob>,
    /// None may fit; a name that is not there is fine.
    pub not: bool,
}

impl Test {
    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (names, values) = text.split_once('=').unwrap_or((text, ""));
        let (not, values) = values.strip_prefix('!').map_or((false, values), |values| (true, values));
        let parts = |text: &str| -> Vec<String> {
            text.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let names = parts(names.trim());
        let values: Vec<Glob> = parts(values).iter().map(|value| Glob::new(value)).collect();
        (!names.is_empty()).then_some(Self { names, values, not })
    }
}

pub(super) const IDENTITY: &str = "\"as_is\", \"hashed\" or \"off\"";
pub(super) const SOURCES: &str = "a list of \"jwt\", \"header\", \"basic\" and \"login\"";
pub(super) const COOKIES: &str = "a list of cookie names such as [\"PHPSESSID\", \"_*_session\"]";
pub(super) const NAMES: &str = "a list of names";
pub(super) const IDLE: &str = "a duration from \"1m\" to \"90d\"";

fields! {
    /// Keys of `[[users.services]]`.
    SERVICE_USERS: ServiceUsers;
    services: "a list of names as `picket services` shows them, such as [\"nginx\", \"app-*\"]", |value| list(value, glob);
    ports: "a list of ports, such as [8080, \"9000-9100\"]", |value| list(value, ports);
    identity: IDENTITY, |value| identity(value).map(Some);
    sources: SOURCES, |value| list(value, source).map(Some);
    claims: NAMES, |value| list(value, name).map(Some);
    jwt_cookies: COOKIES, |value| list(value, glob).map(Some);
    headers: "a list of header field names", |value| list(value, header_name).map(Some);
    login_fields: NAMES, |value| list(value, name).map(Some);
    session_cookies: COOKIES, |value| list(value, glob).map(Some);
    token_fields: NAMES, |value| list(value, name).map(Some);
    session_idle: IDLE, |value| idle(value).map(Some);
    default_events: "true or false", |value| boolean(value).map(Some);
}

fields! {
    /// Keys of `[[users.events]]`.
    BUSINESS: BusinessRule;
    event: "a name such as \"users.login\" or \"order.placed\"", |value| event(value);
    services: "a list of names as `picket services` shows them, such as [\"nginx\", \"app-*\"]", |value| list(value, glob);
    methods: "a list of methods such as [\"POST\"]", |value| list(value, method);
    paths: "a list of paths, such as [\"*/login\"]", |value| list(value, request_path);
    calls: "a list of names such as [\"login\", \"wp.*\"]", |value| list(value, glob);
    fields: "a list of parameters such as [\"amount\", \"action=buy|order\"]", |value| list(value, test);
    status: "a list of statuses such as [402, \"200-299\"]", |value| list(value, status);
    headers: "a list of header fields such as [\"location=*/welcome\", \"location=!*error*\"]", |value| list(value, test);
    body: "a list of texts", |value| list(value, name);
    body_without: "a list of texts", |value| list(value, name);
    json: "a list of JSON fields such as [\"error.code=card_declined\", \"success=!false\"]", |value| list(value, test);
    login: NAMES, |value| list(value, name);
    second_factor: "true or false", |value| boolean(value);
    set: "a list of attributes such as [\"activity=export\"]", |value| list(value, pair);
    copy: "a list of attributes and request parameters such as [\"order.id=order_id\"]", |value| list(value, pair);
}

/// How identities are kept.
pub(super) fn identity(value: Value<'_, '_>) -> Result<Identity, Wrong> {
    word(value, &[("as_is", Identity::AsIs), ("hashed", Identity::Hashed), ("off", Identity::Off)])
}

/// Where a user is looked for.
pub(super) fn source(value: Value<'_, '_>) -> Result<Source, Wrong> {
    let words = [
        ("jwt", Source::Jwt),
        ("header", Source::Header),
        ("basic", Source::Basic),
        ("login", Source::Login),
    ];
    word(value, &words)
}

/// How long a session is kept.
pub(super) fn idle(value: Value<'_, '_>) -> Result<Duration, Wrong> {
    duration(value, Duration::from_secs(60), Duration::from_secs(90 * 86_400))
}

fn event(value: Value<'_, '_>) -> Result<String, Wrong> {
    let name = string(value)?;
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(known) {
        return Err(because(value, "small letters, digits, dots, hyphens; 64 of them at most"));
    }
    Ok(name.to_owned())
}

fn method(value: Value<'_, '_>) -> Result<String, Wrong> {
    let method = string(value)?;
    if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') {
        return Err(because(value, "methods are capital letters"));
    }
    Ok(method.to_owned())
}

fn test(value: Value<'_, '_>) -> Result<Test, Wrong> {
    let help =
        "a name, or a name and what stands under it: \"action=buy\", \"action=buy|order\", \"state=!draft\"";
    Test::parse(string(value)?).ok_or_else(|| because(value, help))
}

fn status(value: Value<'_, '_>) -> Result<RangeInclusive<u16>, Wrong> {
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|status| (100..600).contains(status));
    if let Some(integer) = value.get_ref().as_integer() {
        return number(integer.as_str()).map(|status| status..=status).ok_or_else(|| wrong(value));
    }
    let text = string(value)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(because(value, "statuses are 100 to 599, a range is \"200-299\"")),
    }
}

fn pair(value: Value<'_, '_>) -> Result<(String, String), Wrong> {
    let help = "the attribute's name, an equals sign, and what it is: \"order.id=order_id\"";
    match string(value)?.split_once('=') {
        Some((name, of)) if !name.is_empty() && !of.is_empty() && name.len() <= 64 && of.len() <= 128 => {
            Ok((name.to_owned(), of.to_owned()))
        }
        _ => Err(because(value, help)),
    }
}

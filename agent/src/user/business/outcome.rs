//! How a login ended, as far as the response tells.

use super::words::Words;
use crate::{
    http::Response,
    rules::inputs::target,
    user::{calls::Reply, fields::Fields},
};

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::user) enum Outcome {
    /// The user is in.
    Success,
    /// The user is not.
    Failure {
        /// Whether there is such a user, where the response tells.
        exists: Option<bool>,
        /// Why, where it is not the password: `locked`, `rate_limited`.
        reason: Option<&'static str>,
    },
    /// The password was right, another factor is asked for.
    SecondFactor,
    /// The response does not tell, or nothing was checked.
    Unknown,
}

/// What an outcome is read from.
#[derive(Clone, Copy, Debug)]
pub(in crate::user) struct Answer<'a> {
    /// The path that was asked for, without query.
    pub path: &'a [u8],
    /// The page that it was asked from, if it is said.
    pub referer: Option<&'a [u8]>,
    pub response: &'a Response,
    /// The text in which words are looked for: the response's body, or what of it is about one call.
    pub said: &'a [u8],
    /// What became of the call that this is about; none: it is about the whole request.
    pub reply: Option<Reply>,
    /// What the response holds, if it is JSON.
    pub json: &'a Fields,
    /// It sets a cookie that only somebody who is in gets.
    pub proof: bool,
    /// It sets a session cookie.
    pub session: bool,
    /// It hands out a token.
    pub token: bool,
    /// What was asked for is a second factor.
    pub second: bool,
}

const REFUSED: Outcome = Outcome::Failure { exists: None, reason: None };

impl Answer<'_> {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        let status = self.response.status;
        if self.proof && status < 400 {
            return Outcome::Success;
        }
        let words = Words::of(self.said);
        if let Some(reply) = self.reply {
            return self.of_call(reply, words);
        }
        match status {
            200..=299 if !self.json.is_empty() => self.of_json(words),
            // Nothing but the status: APIs.
            201 | 204 => Outcome::Success,
            200..=299 if self.token => Outcome::Success,
            200..=299 => self.of_page(words),
            302 | 303 => self.of_redirect(),
            _ => self.of_error(status, words),
        }
    }

    /// A call in a body: an error or nothing is a no, unless it came before anything was checked.
    fn of_call(&self, reply: Reply, words: Words) -> Outcome {
        let told = words.has(Words::REFUSED.or(Words::WRONG_PASSWORD).or(Words::UNKNOWN_USER));
        match reply {
            Reply::Missing if self.response.status >= 400 => {
                self.of_error(self.response.status, Words::of(&self.response.body.data))
            }
            Reply::Missing => Outcome::Unknown,
            Reply::Taken => match self.of_json(words) {
                Outcome::Success if self.hands_out_nothing() => {
                    Outcome::Failure { exists: words.exists(), reason: None }
                }
                outcome => outcome,
            },
            _ if !self.second && words.has(Words::SECOND_FACTOR) => Outcome::SecondFactor,
            _ if words.has(Words::LOCKED) => {
                Outcome::Failure { exists: words.exists(), reason: Some("locked") }
            }
            _ if words.has(Words::FORGED) && !told => Outcome::Unknown,
            Reply::Unchecked if !told => Outcome::Unknown,
            Reply::Refused | Reply::Unchecked => Outcome::Failure { exists: words.exists(), reason: None },
        }
    }

    /// 4xx. What fails for another reason (400 and 403 without words, 5xx) says nothing of the credentials.
    fn of_error(&self, status: u16, words: Words) -> Outcome {
        let forged = words.has(Words::FORGED) && !words.has(Words::REFUSED.or(Words::WRONG_PASSWORD));
        if !self.second && words.has(Words::SECOND_FACTOR) && (400..=403).contains(&status) {
            return Outcome::SecondFactor;
        }
        let told = words.has(Words::REFUSED.or(Words::WRONG_PASSWORD).or(Words::UNKNOWN_USER));
        let failure = |reason| Outcome::Failure { exists: words.exists(), reason };
        match status {
            429 => failure(Some("rate_limited")),
            423 => failure(Some("locked")),
            400 | 401 | 403 | 422 if words.has(Words::LOCKED) => failure(Some("locked")),
            // Laravel's "page expired".
            419 => Outcome::Unknown,
            _ if forged => Outcome::Unknown,
            401 | 422 => failure(None),
            400 | 403 if told => failure(None),
            // Without words it is the route that does not exist.
            404 if words.has(Words::UNKNOWN_USER) => Outcome::Failure { exists: Some(false), reason: None },
            _ => Outcome::Unknown,
        }
    }

    /// 2xx with JSON: what it says, else that it is no error.
    fn of_json(&self, words: Words) -> Outcome {
        if !self.second && (words.has(Words::SECOND_FACTOR) || self.asks_for_second()) {
            return Outcome::SecondFactor;
        }
        if self.token && !self.says_no() {
            return Outcome::Success;
        }
        if words.has(Words::LOCKED) {
            return Outcome::Failure { exists: words.exists(), reason: Some("locked") };
        }
        let told = words.has(Words::REFUSED.or(Words::WRONG_PASSWORD).or(Words::UNKNOWN_USER));
        if self.says_no() || told {
            return Outcome::Failure { exists: words.exists(), reason: None };
        }
        Outcome::Success
    }

    fn says_no(&self) -> bool {
        const NAMES: [&str; 7] = ["success", "ok", "authenticated", "status", "result", "login", "valid"];
        let no = |value: &[u8]| {
            let words: [&[u8]; 7] =
                [b"false", b"error", b"fail", b"failed", b"failure", b"ko", b"unauthorized"];
            words.iter().any(|no| value.eq_ignore_ascii_case(no))
        };
        let nothing = |value: &[u8]| matches!(value, b"" | b"false" | b"0" | b"null");
        self.json.iter().any(|field| {
            let named = |name: &&str| field.is(name);
            (NAMES.iter().any(named) && no(field.value))
                || ((field.normal == b"error"
                    || field.normal.starts_with(b"error.")
                    || field.is("error.message"))
                    && !nothing(field.value))
                // `errors`, and lists of them as GraphQL services have: `customerUserErrors`.
                || field.normal.split(|&byte| byte == b'.').any(|part| part.ends_with(b"errors"))
                    && !nothing(field.value)
                // The type of an answer says what it is: `InvalidCredentialsError`.
                || self.reply.is_some()
                    && field.normal == b"__typename"
                    && [&b"error"[..], b"invalid", b"fail", b"denied", b"wrong", b"notfound"]
                        .iter()
                        .any(|no| memchr::memmem::find(&field.value.to_ascii_lowercase(), no).is_some())
        })
    }

    /// What a login hands out was asked for, and is nothing.
    fn hands_out_nothing(&self) -> bool {
        const NAMES: [&str; 7] =
            ["token", "accesstoken", "access_token", "jwt", "user", "customer", "customeraccesstoken"];
        !self.token && NAMES.iter().any(|name| self.json.named(name).any(<[u8]>::is_empty))
    }

    fn asks_for_second(&self) -> bool {
        const NAMES: [&str; 14] = [
            "mfarequired",
            "requires_2fa",
            "requires2fa",
            "require_2fa",
            "twofactorrequired",
            "two_factor",
            "twofactor",
            "otprequired",
            "requires_two_factor",
            "requirestwofactor",
            "needs_mfa",
            "mfa_token",
            "mfatoken",
            "challengename",
        ];
        let nothing = |value: &[u8]| matches!(value, b"" | b"false" | b"0");
        NAMES.iter().any(|name| self.json.named(name).any(|value| !nothing(value)))
    }

    /// 2xx with a page: the form again is a no. A page that says nothing leaves it open.
    fn of_page(&self, words: Words) -> Outcome {
        let failure = |reason| Outcome::Failure { exists: words.exists(), reason };
        let told = words.has(Words::REFUSED.or(Words::WRONG_PASSWORD).or(Words::UNKNOWN_USER));
        if self.second {
            return if words.has(Words::CODE_FIELD) { REFUSED } else { Outcome::Unknown };
        }
        if words.has(Words::CODE_FIELD) && !words.has(Words::PASSWORD_FIELD) {
            return Outcome::SecondFactor;
        }
        match words {
            _ if words.has(Words::LOCKED) && (words.has(Words::PASSWORD_FIELD) || !self.session) => {
                failure(Some("locked"))
            }
            _ if words.has(Words::PASSWORD_FIELD) => failure(None),
            _ if told && !self.session => failure(None),
            _ => Outcome::Unknown,
        }
    }

    /// Away from the login is a yes, back to it is a no.
    fn of_redirect(&self) -> Outcome {
        let Some(location) = self.response.header("location") else { return Outcome::Unknown };
        let (path, query) = target::split(location);
        let (path, query) = (path.to_ascii_lowercase(), query.unwrap_or_default().to_ascii_lowercase());
        let has = |text: &[u8], words: &[&str]| {
            words.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
        };
        const SECOND: [&str; 10] = [
            "2fa",
            "mfa",
            "otp",
            "two-factor",
            "two_factor",
            "twofactor",
            "second-factor",
            "second_factor",
            "loginwith2fa",
            "authenticator",
        ];
        const LOGIN: [&str; 10] = [
            "login",
            "log-in",
            "log_in",
            "logon",
            "signin",
            "sign-in",
            "sign_in",
            "/auth/error",
            "sessions/new",
            "session/new",
        ];
        const NO: [&str; 9] = [
            "error",
            "fail",
            "invalid",
            "denied",
            "incorrect",
            "wrong",
            "badcredentials",
            "locked",
            "message=credentials",
        ];
        let words = Words::of(location);
        let failure = |reason| Outcome::Failure { exists: words.exists(), reason };
        if has(&query, &["lockout", "locked"]) || has(&path, &["lockout", "/locked"]) {
            return failure(Some("locked"));
        }
        // OpenID Connect: back to the client with a code.
        if query.starts_with(b"code=") || has(&query, &["&code="]) {
            return Outcome::Success;
        }
        if has(&path, &SECOND) {
            return if self.second { REFUSED } else { Outcome::SecondFactor };
        }
        if has(&path, &LOGIN) || has(&query, &NO) || has(&path, &["/error", "/denied"]) {
            return failure(None);
        }
        let same = |other: &[u8]| trimmed(&path).eq_ignore_ascii_case(trimmed(other));
        let back = same(self.path) || self.referer.is_some_and(|referer| same(target::split(referer).0));
        if back && !self.session { REFUSED } else { Outcome::Success }
    }
}

/// A path without the slash at its end.
fn trimmed(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

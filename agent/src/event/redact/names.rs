//! Names that make what stands under them a credential.
#![forbid(unsafe_code)]

use std::{borrow::Cow, collections::HashSet};

use super::layers;
use crate::limits;

/// A name with one of these in it, letters and digits only, lower case.
const ANYWHERE: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "contrasena",
    "motdepasse",
    "secret",
    "credential",
    "codeverifier",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "authorization",
    "sessionid",
    "cardnumber",
    "creditcard",
    "securitycode",
    "connectionstring",
];

/// A name that ends with one of these.
const AT_THE_END: &[&str] = &[
    "token",
    "pwd",
    "jwt",
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "sessid",
    "signature",
    "assertion",
    "samlresponse",
    "cookie",
];

/// A name that is one of these, or whose last word is: `db_pass`, `userPin`.
const LAST_WORD: &[&str] =
    &["pass", "pw", "pin", "otp", "totp", "auth", "sid", "session", "card", "pan", "ssn", "sig"];

/// What makes a name a credential's.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Added by configuration, normalised.
    added: HashSet<String>,
}

impl Names {
    pub(super) fn with<'n>(added: impl Iterator<Item = &'n String>) -> Self {
        Self { added: added.map(|name| normalised(name)).filter(|name| !name.is_empty()).collect() }
    }

    /// Case and separators do not count. A path of names (`user[password][0]`, `a.b`) is a credential's
    /// when one of its parts is.
    pub(super) fn is_credential(&self, name: &str) -> bool {
        let mut name = layers::decode(name);
        for _ in 1..limits::REDACT_LAYERS {
            let Cow::Owned(next) = layers::decode(&name) else { break };
            name = Cow::Owned(next);
        }
        self.added.contains(&normalised(&name))
            || name.split(['[', ']', '.', '/']).any(|part| self.part(part))
    }

    fn part(&self, part: &str) -> bool {
        let name = normalised(part);
        let singular = name.strip_suffix('s').unwrap_or(&name);
        let ends = |word: &&str| name.ends_with(*word) || singular.ends_with(*word);
        let last = last_word(part);
        self.added.contains(&name)
            || ANYWHERE.iter().any(|word| name.contains(word))
            || AT_THE_END.iter().any(ends)
            || LAST_WORD.iter().any(|word| name == *word || last.eq_ignore_ascii_case(word))
    }
}

/// Letters and digits in lower case.
fn normalised(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What follows the last separator or the last change from lower to upper case.
fn last_word(name: &str) -> &str {
    let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
    let mut start = 0;
    let mut previous = ' ';
    for (at, c) in name.char_indices() {
        if !c.is_alphanumeric() {
            start = at + c.len_utf8();
        } else if previous.is_lowercase() && c.is_uppercase() {
            start = at;
        }
        previous = c;
    }
    name.get(start..).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let names = Names::with(["customer-no".to_owned(), "X-Internal".to_owned(), "a.b".to_owned()].iter());
        let credentials = [
            "password",
            "PassWord",
            "pass_word",
            "user[password]",
            "user[password][]",
            "a.b.passwd",
            "new-password",
            "passwordConfirmation",
            "pass%77ord",
            "pass%2577ord",
            "%70assword",
            "pwd",
            "userPwd",
            "pass",
            "db_pass",
            "dbPass",
            "pin",
            "user_pin",
            "token",
            "tokens",
            "access_token",
            "accessToken",
            "csrf-token",
            "X-Auth-Token",
            "refresh_token",
            "secret",
            "client_secret",
            "clientSecret",
            "api_key",
            "apikey",
            "X-Api-Key",
            "x-apikey",
            "authorization",
            "Proxy-Authorization",
            "Cookie",
            "Set-Cookie",
            "card",
            "card_number",
            "cardNumber",
            "credit-card",
            "cvv",
            "CVC2",
            "otp",
            "sid",
            "connect.sid",
            "PHPSESSID",
            "JSESSIONID",
            "session",
            "SAMLResponse",
            "client_assertion",
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "customer-no",
            "customerNo",
            "customer_no",
            "x-internal",
            "A.B",
            "credentials",
            "passphrase",
            "code_verifier",
            "id_token",
            "private_key",
            "secret_key",
            "auth",
        ];
        for name in credentials {
            assert!(names.is_credential(name), "{name}");
        }
        let others = [
            "",
            "q",
            "id",
            "name",
            "user",
            "username",
            "email",
            "compass",
            "bypass",
            "passenger",
            "token_type",
            "tokenize",
            "author",
            "authors",
            "pinterest",
            "spin",
            "cardinal",
            "sidebar",
            "sort_key",
            "key",
            "page",
            "passage",
            "session_count",
            "user-agent",
            "host",
            "referer",
            "customer",
            "b",
            "a",
            "www-authenticate",
            "pans",
            "ß",
            "日本",
        ];
        for name in others {
            assert!(!names.is_credential(name), "{name}");
        }
        assert_eq!((credentials.len(), others.len()), (64, 33));
    }
}

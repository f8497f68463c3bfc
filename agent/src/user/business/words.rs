//! What bodies and redirects say to people and programs about a login.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::limits;

/// Kinds of words that were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(u16);

impl Words {
    /// There is no such user.
    pub const UNKNOWN_USER: Self = Self(1);
    /// There is, the password is wrong.
    pub const WRONG_PASSWORD: Self = Self(2);
    /// No.
    pub const REFUSED: Self = Self(4);
    /// No, and it does not say what is wrong of the two.
    const EITHER: Self = Self(4 | 256);
    /// Too many attempts, or an account that may not log in.
    pub const LOCKED: Self = Self(8);
    /// The form was too old, or not the service's.
    pub const FORGED: Self = Self(16);
    /// Another factor is asked for.
    pub const SECOND_FACTOR: Self = Self(32);
    /// A page with a field for a password.
    pub const PASSWORD_FIELD: Self = Self(64);
    /// A page with a field for a code.
    pub const CODE_FIELD: Self = Self(128);

    /// Looks through a text once, whatever the case of its letters.
    pub fn of(text: &[u8]) -> Self {
        let text = text.get(..text.len().min(limits::WORDS_READ)).unwrap_or_default();
        let Some(searcher) = &*SEARCHER else { return Self::default() };
        let mut found = Self::default();
        for at in searcher.find_overlapping_iter(text) {
            if let Some((kind, _)) = WORDS.get(at.pattern().as_usize()) {
                found.0 |= kind.0;
            }
        }
        // "Invalid username or password" does not say which, though it has "invalid username" in it.
        if found.0 & Self::EITHER.0 == Self::EITHER.0 {
            found.0 &= !(Self::UNKNOWN_USER.0 | Self::WRONG_PASSWORD.0);
        }
        found
    }

    /// Whether there are words of one of these kinds.
    pub const fn has(self, kinds: Self) -> bool {
        self.0 & kinds.0 != 0
    }

    /// Those of both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the user is said to exist.
    pub fn exists(self) -> Option<bool> {
        match (self.has(Self::UNKNOWN_USER), self.has(Self::WRONG_PASSWORD)) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        }
    }
}

static SEARCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = WORDS.iter().map(|(_, word)| word);
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
});

const U: Words = Words::UNKNOWN_USER;
const P: Words = Words::WRONG_PASSWORD;
const R: Words = Words::REFUSED;
const E: Words = Words::EITHER;
const L: Words = Words::LOCKED;
const F: Words = Words::FORGED;
const S: Words = Words::SECOND_FACTOR;

/// As frameworks write them.
const WORDS: &[(Words, &str)] = &[
    (U, "user not found"),
    (U, "user_not_found"),
    (U, "usernotfound"),
    (U, "no such user"),
    (U, "no user found"),
    (U, "no user with"),
    (U, "unknown user"),
    (U, "unknown email"),
    (U, "unknown username"),
    (U, "invalid username"),
    (U, "invalid_username"),
    (U, "incorrect username"),
    (U, "invalid email address"),
    (U, "email not found"),
    (U, "email_not_found"),
    (U, "username not found"),
    (U, "account not found"),
    (U, "account_not_found"),
    (U, "account does not exist"),
    (U, "account doesn't exist"),
    (U, "user does not exist"),
    (U, "user doesn't exist"),
    (U, "user doesn&#39;t exist"),
    (U, "not registered on this site"),
    (U, "is not registered"),
    (U, "isn't registered"),
    (U, "no account found"),
    (U, "no account exists"),
    (U, "no account with"),
    (U, "couldn't find your account"),
    (U, "couldn&#39;t find your account"),
    (U, "can't find a user"),
    (U, "can&#039;t find a user"),
    (U, "can&#39;t find a user"),
    (U, "email not registered"),
    (P, "wrong password"),
    (P, "wrong_password"),
    (P, "incorrect password"),
    (P, "incorrect_password"),
    (P, "invalid password"),
    (P, "invalid_password"),
    (P, "bad password"),
    (P, "password is incorrect"),
    (P, "password is wrong"),
    (P, "password is invalid"),
    (P, "password incorrect"),
    (P, "password does not match"),
    (P, "password mismatch"),
    (P, "the password you entered"),
    (P, "password you&#8217;ve entered"),
    (E, "username or password"),
    (E, "user name or password"),
    (E, "username and password"),
    (E, "username/password"),
    (E, "email or password"),
    (E, "email and password"),
    (E, "email address or password"),
    (E, "e-mail or password"),
    (E, "login or password"),
    (E, "user or password"),
    (E, "and/or password"),
    (E, "invalid credentials"),
    (E, "invalid_credentials"),
    (E, "invalidcredentials"),
    (E, "invalid_login_credentials"),
    (E, "invalid user credentials"),
    (E, "wrong credentials"),
    (E, "incorrect credentials"),
    (E, "bad credentials"),
    (E, "bad_credentials"),
    (E, "badcredentials"),
    (E, "credentials do not match"),
    (E, "provided credentials"),
    (E, "no active account found"),
    (R, "invalid_grant"),
    (R, "invalid login"),
    (R, "login failed"),
    (R, "login_failed"),
    (R, "loginfailed"),
    (R, "login failure"),
    (R, "login incorrect"),
    (R, "authentication failed"),
    (R, "authentication_failed"),
    (R, "authentication failure"),
    (R, "could not log you in"),
    (R, "credentialssignin"),
    (R, "authentification invalide"),
    (R, "unrecognized username"),
    (L, "account is locked"),
    (L, "account_locked"),
    (L, "account locked"),
    (L, "account has been locked"),
    (L, "locked out"),
    (L, "temporarily locked"),
    (L, "temporarily blocked"),
    (L, "temporarily disabled"),
    (L, "too many login attempts"),
    (L, "too many failed"),
    (L, "too many attempts"),
    (L, "too many requests"),
    (L, "too_many_attempts"),
    (L, "account disabled"),
    (L, "account_disabled"),
    (L, "account is disabled"),
    // Not `csrf-token`, which stands in the head of any page.
    (F, "csrf verification"),
    (F, "csrf token"),
    (F, "invalid csrf"),
    (F, "csrf failed"),
    (F, "csrf_failed"),
    (F, "csrf error"),
    (F, "ebadcsrftoken"),
    (F, "xsrf token"),
    (F, "antiforgery token"),
    (F, "anti-forgery"),
    (F, "invalidauthenticitytoken"),
    (F, "invalid authenticity token"),
    (F, "page expired"),
    (F, "form has expired"),
    (S, "mfa_required"),
    (S, "mfa required"),
    (S, "two_factor_required"),
    (S, "two-factor authentication required"),
    (S, "2fa_required"),
    (S, "otp_required"),
    (S, "otp required"),
    (S, "second_factor_required"),
    (S, "one_time_password_required"),
    (S, "software_token_mfa"),
    (Words::PASSWORD_FIELD, "type=\"password\""),
    (Words::PASSWORD_FIELD, "type='password'"),
    (Words::PASSWORD_FIELD, "type=password"),
    (Words::CODE_FIELD, "one-time-code"),
    (Words::CODE_FIELD, "name=\"otp"),
    (Words::CODE_FIELD, "name=\"totp"),
    (Words::CODE_FIELD, "name=\"mfa"),
    (Words::CODE_FIELD, "name=\"twofactorcode"),
    (Words::CODE_FIELD, "name=\"two_factor"),
    (Words::CODE_FIELD, "name=\"authcode"),
    (Words::CODE_FIELD, "[otp_attempt]"),
    (Words::CODE_FIELD, ".twofactorcode\""),
];

#[cfg(test)]
#[test]
fn what_is_said_of_the_user() {
    let cases: [(&str, Option<bool>); 9] = [
        ("Unknown user", Some(false)),
        ("The password you entered for the username admin is incorrect.", Some(true)),
        ("Invalid username or password.", None),
        ("INVALID_PASSWORD", Some(true)),
        ("{\"code\":\"user_not_found\"}", Some(false)),
        ("wrong password? unknown user?", None),
        ("Login failed: wrong password", Some(true)),
        ("Welcome", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Words::of(text.as_bytes()).exists(), expected, "{text}");
    }
    assert!(SEARCHER.is_some());
    assert!(WORDS.iter().all(|(_, word)| word.to_ascii_lowercase() == *word));
}

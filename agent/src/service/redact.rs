//! Credentials taken out of command lines before anyone reads or stores them.
#![forbid(unsafe_code)]

use std::borrow::Cow;

/// What stands in place of a credential.
pub const REDACTED: &str = "<redacted>";

/// Parts of a name that make its value a credential. Compared in lower case, `-` and `.` as `_`.
const SECRET_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "private_key",
    "credential",
    "authorization",
    "auth_key",
];

/// Endings that make the value a place, not the credential itself (`--password-file /run/secret`).
const PLACES: [&str; 6] = ["file", "path", "dir", "url", "uri", "name"];

/// Redacts a command line, argument by argument: `--password=x`, `--password x`, `TOKEN=x`,
/// `-Dspring.datasource.password=x`, `scheme://user:password@host`, `Authorization: Bearer x`.
#[must_use]
pub fn cmdline(args: &[String]) -> Vec<String> {
    let mut value_is_secret = false;
    args.iter()
        .map(|arg| {
            if std::mem::take(&mut value_is_secret) && !arg.starts_with('-') {
                return REDACTED.to_owned();
            }
            value_is_secret = arg.starts_with('-') && !arg.contains('=') && is_secret(arg);
            argument(arg)
        })
        .collect()
}

/// One argument; a process title may hold several words in one.
fn argument(arg: &str) -> String {
    let arg = userinfo(arg);
    // "Authorization: Bearer x" and JSON: everything after the first secret name goes.
    for (at, separator) in arg.match_indices(['=', ':']) {
        let (Some(before), Some(value)) = (arg.get(..at), arg.get(at + separator.len()..)) else { continue };
        let name_start = before
            .trim_end_matches(['"', '\'', ' '])
            .rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '{' | '&' | '?' | ';' | '='))
            .map_or(0, |start| start + 1);
        let name = before.get(name_start..).unwrap_or(before);
        if value.is_empty() || value.starts_with("//") || value == REDACTED || !is_secret(name) {
            continue;
        }
        // With '=' the value ends at white space or '&', and what follows is looked at again.
        let end = if separator == "=" {
            value.find(|c: char| c.is_whitespace() || c == '&').unwrap_or(value.len())
        } else {
            value.len()
        };
        let rest = value.get(end..).unwrap_or("");
        let rest = if rest.is_empty() { String::new() } else { argument(rest) };
        return format!("{before}{separator}{REDACTED}{rest}");
    }
    arg.into_owned()
}

/// Redacts the password in `scheme://user:password@host` (RFC 3986 section 3.2.1), every one.
fn userinfo(arg: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = arg;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let authority_end =
            after.find(|c: char| c == '/' || c == '?' || c.is_whitespace()).unwrap_or(after.len());
        let (authority, tail) = after.split_at(authority_end);
        match authority.rsplit_once('@') {
            Some((user, host)) if user.contains(':') => {
                out.push_str(user.split(':').next().unwrap_or(""));
                out.push(':');
                out.push_str(REDACTED);
                out.push('@');
                out.push_str(host);
            }
            _ => out.push_str(authority),
        }
        rest = tail;
    }
    if out.is_empty() {
        return Cow::Borrowed(arg);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a name says that its value is a credential.
fn is_secret(name: &str) -> bool {
    let name: String = name
        .trim_matches(|c: char| !c.is_alphanumeric())
        .chars()
        .map(|c| if c == '-' || c == '.' { '_' } else { c.to_ascii_lowercase() })
        .collect();
    if PLACES.iter().any(|place| name.ends_with(place)) {
        return false;
    }
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name == "pass" || name.ends_with("_pass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_and_the_rest_stays() {
        let r = REDACTED;
        let cases: &[(&[&str], &[&str])] = &[
            (&["app", "--port=80"], &["app", "--port=80"]),
            (&["app", "--password=hunter2"], &["app", "--password={}"]),
            (&["app", "--password", "hunter2", "x"], &["app", "--password", "{}", "x"]),
            (&["app", "--password", "--port"], &["app", "--password", "--port"]),
            (&["app", "--db-pass", "hunter2"], &["app", "--db-pass", "{}"]),
            (&["app", "--API-Key=k"], &["app", "--API-Key={}"]),
            (&["env", "GITHUB_TOKEN=abc", "app"], &["env", "GITHUB_TOKEN={}", "app"]),
            (
                &["java", "-Dspring.datasource.password=pw", "-jar"],
                &["java", "-Dspring.datasource.password={}", "-jar"],
            ),
            (&["app", "postgres://shop:pw@db:5432/x"], &["app", "postgres://shop:{}@db:5432/x"]),
            (&["app", "--dsn=amqp://u:p@h/v"], &["app", "--dsn=amqp://u:{}@h/v"]),
            (&["app", "http://u@h/"], &["app", "http://u@h/"]),
            (&["curl", "-H", "Authorization: Bearer abc"], &["curl", "-H", "Authorization:{}"]),
            (&["app", "--url=http://h/?token=abc&x=1"], &["app", "--url=http://h/?token={}&x=1"]),
            (&["app: worker --token=abc --x"], &["app: worker --token={} --x"]),
            (&["app", "{\"password\":\"pw\"}"], &["app", "{\"password\":{}"]),
            (&["app", "--password-file=/run/pw"], &["app", "--password-file=/run/pw"]),
            (&["app", "--token-url=https://h/t"], &["app", "--token-url=https://h/t"]),
            (&["app", "--author=me", "--compass", "x"], &["app", "--author=me", "--compass", "x"]),
            (&["app", "ä=ö:ü", "=", ":", "://", ""], &["app", "ä=ö:ü", "=", ":", "://", ""]),
        ];
        for (args, expected) in cases {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            let expected: Vec<String> = expected.iter().map(|arg| arg.replacen("{}", r, 1)).collect();
            assert_eq!(cmdline(&args), expected);
        }
        assert_eq!(cases.len(), 19);
    }
}

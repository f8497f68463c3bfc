//! What the page says, as HTML and as JSON, and which of them a client wants.

use std::{
    fmt::Write as _,
    fs,
    io::Read as _,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
};

use maud::{DOCTYPE, PreEscaped, html};
use serde_json::json;

use super::ANSWER_LIMIT;
use crate::config;

/// Bytes of a page at most: with its head it fits what is sent at once.
pub const BODY_LIMIT: usize = ANSWER_LIMIT - 512;
/// Where a page of one's own wants the client's address.
const ADDRESS: &str = "{{address}}";

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Html,
    /// For programs.
    Json,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// What a client's first bytes ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// HTTP/1.
    Page {
        /// How.
        format: Format,
        /// Only its head (RFC 9110, 9.3.2).
        head_only: bool,
    },
    /// TLS.
    Alert,
}

/// What a segment asks for, if it begins a request of HTTP/1 or a handshake of TLS.
pub fn wish(payload: &[u8]) -> Option<Wish> {
    // RFC 8446, 5.1: a handshake's record.
    if payload.starts_with(&[0x16, 3]) {
        return Some(Wish::Alert);
    }
    let mut lines = payload.split(|byte| *byte == b'\n');
    let method = lines.next()?.split(|byte| *byte == b' ').next()?;
    // RFC 9112, 3.1; the longest that is registered has 17 letters. PRI is the preface of HTTP/2 (RFC 9113, 3.4).
    let is_method = (3..=20).contains(&method.len())
        && method.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-');
    if !is_method || method.len() == payload.len() || method == b"PRI" {
        return None;
    }
    let accepts = |line: &[u8]| {
        let name = line.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"accept:"));
        name && line.to_ascii_lowercase().windows(9).any(|part| part == b"text/html")
    };
    let format = if lines.any(accepts) { Format::Html } else { Format::Json };
    Some(Wish::Page { format, head_only: method == b"HEAD" })
}

/// Why a page can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Its file.
    #[error("the blocking page {path}: {source}; [deny] page_html and page_json name it")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It would not fit.
    #[error(
        "the blocking page {path}: more than {BODY_LIMIT} bytes with an address filled in; it is sent at once, so leave pictures and fonts out"
    )]
    TooLong {
        /// Which.
        path: PathBuf,
    },
    /// It is not what it should be.
    #[error("the blocking page {path}: {why}")]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// What blocked clients are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    contact: Option<String>,
    html: Option<String>,
    json: Option<String>,
}

impl Page {
    /// What `[deny]` says.
    ///
    /// # Errors
    /// When a file can't be read, is too long, or no JSON.
    pub fn configured(config: &config::Deny) -> Result<Self, PageError> {
        let html = config.page_html.as_deref().map(read).transpose()?;
        let json = config.page_json.as_deref().map(read).transpose()?;
        if let (Some(json), Some(path)) = (&json, &config.page_json) {
            serde_json::from_str::<serde::de::IgnoredAny>(json)
                .map_err(|error| PageError::Wrong { path: path.clone(), why: format!("no JSON: {error}") })?;
        }
        Ok(Self { contact: config.page_contact.clone(), html, json })
    }

    /// The page for a client.
    #[must_use]
    pub fn body(&self, format: Format, client: IpAddr) -> String {
        let client = client.to_canonical().to_string();
        let own = match format {
            Format::Html => &self.html,
            Format::Json => &self.json,
        };
        match (own, format) {
            (Some(own), _) => own.replace(ADDRESS, &client),
            (None, Format::Html) => self.html(&client),
            (None, Format::Json) => self.json(&client),
        }
    }

    /// The whole response, of HTTP/1.
    #[must_use]
    pub fn response(&self, format: Format, client: IpAddr, head_only: bool) -> Vec<u8> {
        let body = self.body(format, client);
        let mut response = String::with_capacity(body.len() + 256);
        // Writing to a string does not fail.
        let _ = write!(
            response,
            "HTTP/1.1 403 Forbidden\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            format.content_type(),
            body.len()
        );
        if !head_only {
            response.push_str(&body);
        }
        response.into_bytes()
    }

    fn html(&self, client: &str) -> String {
        let contact = self.contact.as_deref().map(|contact| {
            let link = link_to(contact);
            html! { " If you think that this is a mistake, tell " @if let Some(link) = &link { a href=(link) { (contact) } } @else { (contact) } " this address and the time." }
        });
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { "Blocked" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { "You are blocked" }
                        p { "Requests from " b { (client) } " are not answered at the moment, because some of them looked like an attack." (contact.unwrap_or_default()) }
                    }
                }
            }
        }
        .into_string()
    }

    fn json(&self, client: &str) -> String {
        let mut said = json!({
            "error": "blocked",
            "address": client,
            "detail": "Requests from this address are not answered at the moment, because some of them looked like an attack.",
        });
        if let (Some(contact), Some(said)) = (&self.contact, said.as_object_mut()) {
            said.insert("contact".to_owned(), contact.as_str().into());
        }
        format!("{said}\n")
    }
}

const STYLE: &str = "body{margin:0;display:grid;place-items:center;min-height:100vh;background:#f6f7f9;color:#1c2430;font:16px/1.5 system-ui,sans-serif}\
    main{max-width:26rem;margin:1.5rem;padding:1.5rem 2rem;background:#fff;border:1px solid #d9dee6;border-top:4px solid #c2362b;border-radius:6px}\
    h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0}a{color:inherit}\
    @media(prefers-color-scheme:dark){body{background:#12161c;color:#e4e8ee}main{background:#1b212a;border-color:#37404d;border-top-color:#e5645a}}";

/// What a contact is a link to: a mail address, a web page, or nothing.
fn link_to(contact: &str) -> Option<String> {
    if contact.starts_with("https://") || contact.starts_with("http://") {
        return Some(contact.to_owned());
    }
    let (name, domain) = contact.split_once('@')?;
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace) && !part.contains('@');
    (plain(name) && plain(domain)).then(|| format!("mailto:{contact}"))
}

fn read(path: &Path) -> Result<String, PageError> {
    let io = |source| PageError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(io)?.take(BODY_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    let long = || PageError::TooLong { path: path.to_owned() };
    if bytes.len() > BODY_LIMIT {
        return Err(long());
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| PageError::Wrong { path: path.to_owned(), why: "not UTF-8".to_owned() })?;
    // As long as an address may be.
    let longest = text.replace(ADDRESS, &Ipv6Addr::from([0xff; 16]).to_string());
    if longest.len() <= BODY_LIMIT { Ok(text) } else { Err(long()) }
}

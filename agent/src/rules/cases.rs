//! Cases kept beside rules: requests on which a rule is to hold, and requests on which it is not.
//!
//! In a folder `cases` beside the rule file or inside the directory of rules, JSON files:
//!
//! ```json
//! [{ "rule": "942100",
//!    "reason": "Why it is there, what it catches, and why honest traffic is left alone.",
//!    "matches": ["/?id=1%27%20or%201=1--", {"method": "POST", "target": "/", "headers": {"content-type": "text/plain"}, "body": "…"}],
//!    "clean": ["/?id=1", {"target": "/", "response": {"status": 404, "headers": {}, "body": "…"}}] }]
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::http::{self, Exchange, Limits, Request};

/// The cases of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCases {
    /// Its id.
    pub rule: String,
    /// Why it is there, what it catches and what it leaves alone, with a source.
    pub reason: Option<String>,
    /// Requests on which it holds.
    #[serde(default)]
    pub matches: Vec<Case>,
    /// Requests on which it does not.
    #[serde(default)]
    pub clean: Vec<Case>,
}

/// A request.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Case {
    /// A GET of this target.
    Target(String),
    /// A request with what it needs.
    Request(CaseRequest),
}

/// A request, written out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRequest {
    /// Without it `GET`, or `POST` when there is a body.
    pub method: Option<String>,
    /// Path and query.
    pub target: String,
    /// Fields beside Host and Content-Length, which it gets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// What follows it, for bytes that are not text.
    #[serde(default)]
    pub body_bytes: Vec<u8>,
    /// What the service answered, for rules that look at that.
    pub response: Option<CaseResponse>,
}

/// A response, written out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseResponse {
    /// Its status.
    pub status: u16,
    /// Fields beside Content-Length, which it gets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
}

impl CaseResponse {
    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body));
        text.into_bytes()
    }
}

impl Case {
    /// Its bytes on a wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let plain;
        let request = match self {
            Self::Request(request) => request,
            Self::Target(target) => {
                plain = CaseRequest {
                    method: None,
                    target: target.clone(),
                    headers: BTreeMap::new(),
                    body: None,
                    body_bytes: Vec::new(),
                    response: None,
                };
                &plain
            }
        };
        let has_body = request.body.is_some() || !request.body_bytes.is_empty();
        let default = if has_body { "POST" } else { "GET" };
        let mut text =
            format!("{} {} HTTP/1.1\r\n", request.method.as_deref().unwrap_or(default), request.target);
        let has = |name: &str| request.headers.keys().any(|given| given.eq_ignore_ascii_case(name));
        if !has("host") {
            text.push_str("Host: example.com\r\n");
        }
        for (name, value) in &request.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = request.body.as_deref().unwrap_or_default();
        if has_body && !has("content-length") {
            text.push_str(&format!("Content-Length: {}\r\n", body.len() + request.body_bytes.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&request.body_bytes);
        bytes
    }

    /// The request that is read from them.
    #[must_use]
    pub fn request(&self) -> Request {
        self.exchange().request
    }

    /// It, with the response when there is one.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        let response = match self {
            Self::Request(CaseRequest { response: Some(response), .. }) => Some(response.bytes()),
            _ => None,
        };
        http::exchange(&self.bytes(), response.as_deref(), Limits::default())
    }

    /// It for a person, on one line.
    #[must_use]
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).escape_debug().to_string()
    }
}

/// Cases that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// A file or folder.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that is no list of cases.
    #[error("{}:{}:{}: {error}", path.display(), error.line(), error.column())]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        error: serde_json::Error,
    },
}

/// The cases beside a rule file, or in a directory of rules.
///
/// # Errors
/// When there is no folder of cases, or a file in it is none.
pub fn beside(path: &Path) -> Result<Vec<RuleCases>, CasesError> {
    let folder = match path.is_dir() {
        true => path.join("cases"),
        false => path.parent().unwrap_or(Path::new("")).join("cases"),
    };
    let io = |error| CasesError::Io { path: folder.clone(), error };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    let mut cases: Vec<RuleCases> = Vec::new();
    for path in files {
        let text = fs::read(&path).map_err(|error| CasesError::Io { path: path.clone(), error })?;
        let more: Vec<RuleCases> =
            serde_json::from_slice(&text).map_err(|error| CasesError::Json { path, error })?;
        cases.extend(more);
    }
    Ok(cases)
}

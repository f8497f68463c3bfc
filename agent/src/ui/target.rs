//! A path of the UI with its parameters: every state of a page is in its URL.

use std::fmt;

use axum::http::Uri;
use form_urlencoded::Serializer;

/// Parameters of a URL that are looked at; others are passed over.
const MOST: usize = 64;

/// Where a link leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    path: String,
    parameters: Vec<(String, String)>,
}

impl Target {
    /// A path; pieces of it that others wrote have to be [encoded](crate::api::client::segment).
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), parameters: Vec::new() }
    }

    /// What a request asks for. Empty parameters, as forms send them, are none.
    pub fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned();
        let parameters = pairs.filter(|(_, value)| !value.is_empty()).take(MOST).collect();
        Self { path: uri.path().to_owned(), parameters }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first parameter with a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter: of checked boxes.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All of them, in their order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same with another value of a parameter. Empty: without it.
    pub fn with(&self, name: &str, value: impl fmt::Display) -> Self {
        let mut other = self.without(name);
        let value = value.to_string();
        if !value.is_empty() {
            other.parameters.push((name.to_owned(), value));
        }
        other
    }

    /// The same without a parameter.
    pub fn without(&self, name: &str) -> Self {
        let parameters = self.parameters.iter().filter(|(found, _)| found != name).cloned().collect();
        Self { path: self.path.clone(), parameters }
    }

    /// The same question on another path.
    pub fn at(&self, path: impl Into<String>) -> Self {
        Self { path: path.into(), parameters: self.parameters.clone() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        let query = Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        write!(f, "?{query}")
    }
}

/// A path of this UI, as a form carries it: nothing that a browser could take for another host.
pub(super) fn local(text: &str) -> Option<&str> {
    let plain = text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n', '\t']);
    plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_change_and_the_others_stay() {
        let target = Target::of(&"/signals?query=a%20b&from=-1h&to=".parse().unwrap());
        assert_eq!(target.get("query"), Some("a b"));
        assert_eq!(target.get("to"), None);
        assert_eq!(
            target.with("query", "x:\"<&>\"").to_string(),
            "/signals?from=-1h&query=x%3A%22%3C%26%3E%22"
        );
        assert_eq!(target.without("query").without("from").to_string(), "/signals");
        assert_eq!(target.with("from", "").to_string(), "/signals?query=a+b");
        assert_eq!(target.at("/events").to_string(), "/events?query=a+b&from=-1h");
    }

    #[test]
    fn a_way_back_leads_nowhere_else() {
        let mut asked = 0;
        for (text, good) in [
            ("/signals?query=a", true),
            ("/", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("javascript:alert(1)", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/\t/evil.example", false),
            ("", false),
        ] {
            assert_eq!(local(text).is_some(), good, "{text:?}");
            asked += 1;
        }
        assert_eq!(asked, 9);
    }
}

//! Which values are meant, in the words of both languages: `ARGS:comment`, `query.comment`, `headers.user-agent`.

use std::fmt;

use super::glob::Glob;
use crate::rules::{
    values::lanes::Lanes,
    variable::{Kind, Variable as V},
};

/// Values of a request by where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// The variables they belong to.
    lanes: Lanes,
    /// First parts of the locations that events give them.
    labels: Vec<&'static str>,
    /// Names, one of which they stand under; none: all.
    names: Vec<Glob>,
}

/// Words of events, and the variables whose values stand there: those with names, and those without.
const WORDS: [(&str, &[V], &[V]); 12] = [
    ("args", &[V::Args], &[]),
    ("query", &[V::ArgsGet], &[V::QueryString]),
    ("body", &[V::ArgsPost, V::Xml], &[V::RequestBody]),
    ("headers", &[V::RequestHeaders], &[]),
    ("cookies", &[V::RequestCookies], &[]),
    ("files", &[V::Files, V::FilesTmpContent, V::MultipartFilename], &[]),
    ("path", &[], &[V::RequestFilename, V::RequestBasename]),
    ("uri", &[], &[V::RequestUri, V::RequestUriRaw]),
    ("method", &[], &[V::RequestMethod]),
    ("request_line", &[], &[V::RequestLine]),
    ("protocol", &[], &[V::RequestProtocol]),
    ("client_ip", &[], &[V::RemoteAddr, V::RemoteHost]),
];

impl Input {
    /// What is expected, for error messages.
    pub const EXPECTED: &str =
        "where a value stands, such as \"ARGS:comment\", \"query.comment\" or \"headers.user-agent\"";

    /// Reads one.
    ///
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let end = text.find([':', '.']).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let name = rest.get(1..);
        if name.is_some_and(|name| name.is_empty() || name.trim() != name) {
            return Err(format!("a name follows \"{word}\", without white space, or nothing"));
        }
        if let Some(name) = name
            && name.len() > 2
            && name.starts_with('/')
            && name.ends_with('/')
            && rest.starts_with(':')
        {
            return Err("names take `*` for any text here, not expressions".to_owned());
        }
        match V::named(word) {
            Some(variable) if !rest.starts_with('.') => Self::of_variable(text, variable, name),
            _ if rest.starts_with(':') || word.bytes().any(|byte| byte.is_ascii_uppercase()) => Err(format!(
                "there is no variable {word}; \"ARGS:name\" and \"query.name\" are two ways to say it"
            )),
            _ => Self::of_word(text, word, name),
        }
    }

    fn of_variable(text: &str, variable: V, name: Option<&str>) -> Result<Self, String> {
        match variable.kind() {
            Kind::Written | Kind::Matched => {
                return Err(format!(
                    "{} is what rules write, nothing of a request: leave the rules out that look at it",
                    variable.name()
                ));
            }
            Kind::Scalar if name.is_some() => {
                return Err(format!("{} is one value: nothing follows it", variable.name()));
            }
            // Where In-App WAF rules look: the words of events say it, with names.
            Kind::Address => return Err(format!("say \"query.name\" or \"headers.name\", not {text}")),
            Kind::Scalar | Kind::Collection | Kind::Names | Kind::Document => {}
        }
        let of = |(_, named, whole): &(_, &[V], &[V])| named.contains(&variable) || whole.contains(&variable);
        let mut labels: Vec<&'static str> = WORDS.iter().filter(|word| of(word)).map(|word| word.0).collect();
        if variable == V::Args {
            labels.extend(["query", "body"]);
        }
        let names = name.map(Glob::new).into_iter().collect();
        Ok(Self { text: text.to_owned(), lanes: Lanes::of(variable), labels, names })
    }

    fn of_word(text: &str, word: &str, name: Option<&str>) -> Result<Self, String> {
        let Some((label, named, whole)) = WORDS.iter().find(|(label, ..)| *label == word) else {
            let known: Vec<&str> = WORDS.iter().map(|(label, ..)| *label).collect();
            return Err(format!("places are {}, and SecLang's variables", known.join(", ")));
        };
        let lanes = match name {
            Some(_) if named.is_empty() => return Err(format!("{label} is one value: nothing follows it")),
            Some(_) => Lanes::all(named),
            None => Lanes::all(named).and(Lanes::all(whole)),
        };
        let mut names: Vec<Glob> = name.map(Glob::new).into_iter().collect();
        // SecLang's arguments of a JSON body say so in their names.
        if let Some(name) = name
            && matches!(*label, "body" | "args")
        {
            names.push(Glob::new(&format!("json.{name}")));
        }
        let mut labels = vec![*label];
        if *label == "args" {
            labels.extend(["query", "body"]);
        }
        Ok(Self { text: text.to_owned(), lanes, labels, names })
    }

    /// Whether a value of a program's store is meant.
    pub(in crate::rules) fn takes(&self, lanes: Lanes, name: &[u8]) -> bool {
        self.lanes.meets(lanes)
            && (self.names.is_empty() || self.names.iter().any(|wanted| wanted.fits_any_case(name)))
    }

    /// Whether a value that In-App WAF rules look at is meant, by its location in events.
    #[must_use]
    pub fn is_at(&self, location: &str) -> bool {
        let (label, name) = location.split_once('.').map_or((location, None), |(l, name)| (l, Some(name)));
        self.labels.contains(&label)
            && (self.names.is_empty()
                || name.is_some_and(|name| self.names.iter().any(|wanted| wanted.fits_any_case(name))))
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_where() {
        let get = Lanes::all(&[V::Args, V::ArgsGet]);
        let post = Lanes::all(&[V::Args, V::ArgsPost]);
        let header = Lanes::of(V::RequestHeaders);
        let cases = [
            ("ARGS:comment", get, "Comment", true),
            ("ARGS:comment", post, "comment", true),
            ("ARGS:comment", get, "comments", false),
            ("ARGS:comment*", get, "comments", true),
            ("ARGS", get, "anything", true),
            ("ARGS_GET:comment", post, "comment", false),
            ("query.comment", get, "comment", true),
            ("query.comment", post, "comment", false),
            ("body.user.name", post, "json.user.name", true),
            ("body.user.name", post, "user.name", true),
            ("args.x", post, "x", true),
            ("headers.user-agent", header, "User-Agent", true),
            ("REQUEST_HEADERS:User-Agent", header, "user-agent", true),
            ("headers.user-agent", get, "user-agent", false),
            ("path", Lanes::of(V::RequestFilename), "", true),
            ("query", Lanes::of(V::QueryString), "", true),
            ("query.a", Lanes::of(V::QueryString), "", false),
        ];
        for (text, lanes, name, expected) in cases {
            let input = Input::parse(text).unwrap();
            assert_eq!(input.takes(lanes, name.as_bytes()), expected, "{text} {name}");
        }
        for (text, location, expected) in [
            ("ARGS:comment", "query.comment", true),
            ("ARGS:comment", "body.comment", true),
            ("ARGS_GET:comment", "body.comment", false),
            ("query", "query", true),
            ("query.comment", "query", false),
            ("headers.user-agent", "headers.user-agent", true),
            ("body.*.html", "body.page.html", true),
            ("REQUEST_COOKIES", "cookies.session", true),
        ] {
            assert_eq!(Input::parse(text).unwrap().is_at(location), expected, "{text} {location}");
        }
    }

    #[test]
    fn mistakes_say_what_to_do() {
        for (text, says) in [
            ("ARG:x", "there is no variable ARG"),
            ("arguments.x", "places are args, query"),
            ("TX:x", "what rules write"),
            ("REQUEST_METHOD:x", "one value"),
            ("path.x", "one value"),
            ("ARGS:", "a name follows"),
            ("ARGS:/^x/", "`*` for any text"),
            ("", "places are"),
        ] {
            let error = Input::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

//! Rules that people wrote with the agent: one text, one rule. Every policy has them, besides what it names.

use super::{
    inapp::{self, ast::File},
    load::{LoadError, load_text},
    seclang::{
        self,
        ast::{Action, ActionKind, Directive, Place, SecRule},
    },
};
use crate::limits;

/// Bytes of an id.
const LONGEST_ID: usize = 100;
/// Names of pages that stand beside those of rules: `/rules/try`.
const PAGES: [&str; 7] = ["detection", "edit", "exclusions", "facets", "remove", "switch", "try"];
/// What texts are called, before their id.
const NAME: &str = "kept rule ";
/// What a `SecDefaultAction` of some file says is no part of these rules: they mean the same in every policy, and alone.
const DEFAULTS: &str = "SecDefaultAction \"phase:1,log,pass\"\nSecDefaultAction \"phase:2,log,pass\"\n\
    SecDefaultAction \"phase:3,log,pass\"\nSecDefaultAction \"phase:4,log,pass\"\nSecDefaultAction \"phase:5,log,pass\"\n";

/// A rule that somebody wrote, as it is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnText {
    /// Its id.
    pub id: String,
    /// SecLang, or JSON of the In-App WAF.
    pub text: String,
}

impl OwnText {
    /// What errors call it, as they call files.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{NAME}{}", self.id)
    }
}

/// The same, read.
#[derive(Debug)]
pub struct Own {
    /// Its id.
    pub id: String,
    pub(super) read: Read,
}

/// A rule of either language.
#[derive(Debug)]
pub(super) enum Read {
    InApp(Box<File>),
    SecLang(Vec<Directive>),
}

/// Why a text is no such rule.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It can't be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It is something else than one rule.
    #[error(
        "{0}: expected one rule, in SecLang (with its chain) or as JSON of the In-App WAF, and nothing else"
    )]
    NotOne(Place),
    /// It has too many bytes.
    #[error("a rule has at most {} bytes", limits::KEPT_RULE)]
    Long,
    /// Its id can't be one.
    #[error(
        "{name}: the id {id:?} can't be kept: expected at most {LONGEST_ID} letters, digits, '-', '_' and '.', the first a letter or digit, and no name of a page ({})",
        PAGES.join(", ")
    )]
    Id {
        /// What the text is called.
        name: String,
        /// The id; empty: it has none.
        id: String,
    },
}

impl Own {
    /// Reads a rule, and makes sure that it can be compiled.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place; `name` is what the text is called.
    pub fn read(name: &str, text: &str) -> Result<Self, OwnError> {
        let own = Self::parse(name, text)?;
        load_text(text, name)?;
        Ok(own)
    }

    /// Reads a rule.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, OwnError> {
        if text.len() > limits::KEPT_RULE {
            return Err(OwnError::Long);
        }
        let not_one = |place: Option<&Place>| {
            let start = || Place { file: name.into(), line: 1, column: 1 };
            OwnError::NotOne(place.cloned().unwrap_or_else(start))
        };
        let (id, read) = if text.trim_start().starts_with(['{', '[']) {
            let file = inapp::read_rule(text.as_bytes(), name).map_err(LoadError::from)?.file;
            let [rule] = &file.rules[..] else { return Err(not_one(None)) };
            (rule.id.to_string(), Read::InApp(Box::new(file)))
        } else {
            let directives = seclang::read_text(text, name).map_err(LoadError::from)?.directives;
            let mut chained = false;
            for (at, directive) in directives.iter().enumerate() {
                match directive {
                    Directive::Rule(SecRule { actions, .. }) | Directive::Action { actions, .. }
                        if at == 0 || chained =>
                    {
                        chained = actions.iter().any(|action| action.kind == ActionKind::Chain);
                    }
                    other => return Err(not_one(Some(other.place()))),
                }
            }
            let first = match directives.first() {
                Some(Directive::Rule(SecRule { actions, .. }) | Directive::Action { actions, .. }) => actions,
                _ => return Err(not_one(None)),
            };
            (id_of(first).map(|id| id.to_string()).unwrap_or_default(), Read::SecLang(directives))
        };
        if !may_be_kept(&id) {
            return Err(OwnError::Id { name: name.to_owned(), id });
        }
        Ok(Self { id, read })
    }
}

/// The id of a text that is one rule.
///
/// # Errors
/// The first thing that is wrong; `name` is what the text is called.
pub fn id_in(name: &str, text: &str) -> Result<String, OwnError> {
    Own::parse(name, text).map(|own| own.id)
}

/// Whether a place is in such a text, not in a file.
pub(super) fn is_name(file: &str) -> bool {
    file.starts_with(NAME)
}

/// Directives that stand before those of own rules.
pub(super) fn before() -> Result<Vec<Directive>, LoadError> {
    Ok(seclang::read_text(DEFAULTS, super::program::doubts::OWN)?.directives)
}

fn id_of(actions: &[Action]) -> Option<u64> {
    actions.iter().find_map(|action| match action.kind {
        ActionKind::Id(id) if id > 0 => Some(id),
        _ => None,
    })
}

/// Ids stand in paths and queries.
fn may_be_kept(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    id.len() <= LONGEST_ID
        && id.bytes().all(known)
        && id.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && !PAGES.contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_in_either_language_is_read() {
        for (id, text) in [
            ("7", "SecRule ARGS \"@rx x\" \"id:7,phase:2,log\""),
            (
                "8",
                "# both\nSecRule ARGS \"@rx x\" \\\n  \"id:8,phase:2,log,chain\"\nSecRule REQUEST_METHOD \"@streq POST\"\n",
            ),
            ("9", "SecAction \"id:9,phase:1,log,pass\""),
            (
                "own.x-1",
                r#"{"id":"own.x-1","name":"n","tags":{"type":"t"},"conditions":[{"operator":"is_xss",
                    "parameters":{"inputs":[{"address":"server.request.query"}]}}]}"#,
            ),
        ] {
            assert_eq!(Own::read("rule", text).unwrap().id, id);
        }
    }

    #[test]
    fn what_is_something_else_says_where() {
        let json = |id: &str, operator: &str| {
            format!(
                r#"{{"id":"{id}","name":"n","tags":{{"type":"t"}},"conditions":[{{"operator":"{operator}","parameters":{{"inputs":[{{"address":"server.request.query"}}],"regex":"("}}}}]}}"#
            )
        };
        let rule = "SecRule ARGS \"@rx x\" \"id:7,phase:2\"";
        for (text, says) in [
            (String::new(), "rule:1:1: expected one rule"),
            (format!("{rule}\n\nSecRule ARGS \"@rx y\" \"id:8,phase:2\""), "rule:3:1: expected one rule"),
            (format!("{rule}\nSecRuleRemoveById 942100"), "rule:2:1: expected one rule"),
            ("SecRuleEngine Off".to_owned(), "rule:1:1: expected one rule"),
            ("Include /etc/passwd".to_owned(), "rule:1:"),
            ("SecRule ARGS \"@pmFromFile /etc/passwd\" \"id:7,phase:2\"".to_owned(), "no files"),
            ("SecRule ARGS \"@rx (\" \"id:7,phase:2\"".to_owned(), "rule:1:"),
            ("SecRule ARGS \"@rx x\" \"id:7,phase:2,chain\"".to_owned(), "rule:1:"),
            ("SecRule ARGS \"@rx x\" \"phase:2\"".to_owned(), "id"),
            (format!("[{}]", json("a", "is_xss")), "rule:1:1:"),
            (format!("{} {}", json("a", "is_xss"), json("b", "is_xss")), "rule:1:"),
            (format!("{}],\"exclusions\":[", json("a", "is_xss")), "rule:1:"),
            (r#"{"version":"2.2","rules":[]}"#.to_owned(), "rule:1:"),
            (json("a", "match_regex"), "rule:1:"),
            (json("../x", "is_xss"), "\"../x\" can't be kept"),
            (json("try", "is_xss"), "\"try\" can't be kept"),
            (json(&"x".repeat(101), "is_xss"), "can't be kept"),
            (format!("{rule}{}", " ".repeat(limits::KEPT_RULE)), "at most"),
        ] {
            let error = Own::read("rule", &text).map(|own| own.id).unwrap_err().to_string();
            assert!(error.contains(says), "{text:.120}: {error}");
        }
    }
}

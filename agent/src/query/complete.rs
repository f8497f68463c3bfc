//! What could stand at a place of a query that is being written.

use super::{Facets, Kind, Query, parse::KEYWORDS};

/// What could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completions {
    /// The column of the piece that is replaced, in characters, from 1…
    pub column: usize,
    /// …and its characters, up to where the person writes.
    pub length: usize,
    /// In the order in which they are shown.
    pub items: Vec<Completion>,
}

/// A text that could stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// What it is.
    pub about: &'static str,
}

impl Query {
    /// What could stand at a column (in characters, from 1) of a text: names of facets, words that join terms,
    /// and behind a facet's colon what is known of its values.
    #[must_use]
    pub fn complete(text: &str, column: usize, facets: &'static Facets) -> Completions {
        let before: String = text.chars().take(column.saturating_sub(1)).collect();
        let begins = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
        let start =
            before.rfind(begins).and_then(|at| Some(at + before.get(at..)?.chars().next()?.len_utf8()));
        let mut piece = before.get(start.unwrap_or(0)..).unwrap_or("");
        piece = piece.strip_prefix('-').unwrap_or(piece);
        let items = match piece.split_once(':') {
            _ if open_quote(&before) => Vec::new(),
            Some((name, value)) => {
                piece = value;
                values(facets, name, value)
            }
            None => names(facets, piece, behind_term(before.strip_suffix(piece).unwrap_or(""))),
        };
        let length = piece.chars().count();
        Completions { column: before.chars().count() - length + 1, length, items }
    }
}

/// Whether a term may be joined to what stands before.
fn behind_term(head: &str) -> bool {
    let head = head.trim_end();
    !head.is_empty() && !head.ends_with(['(', '-'])
}

fn open_quote(text: &str) -> bool {
    let mut open = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => open = !open,
            _ => (),
        }
    }
    open
}

fn names(facets: &'static Facets, piece: &str, behind: bool) -> Vec<Completion> {
    let bare = piece.strip_prefix('@').unwrap_or(piece);
    let rows = facets.rows.iter().filter(|row| row.kind != Kind::Time).filter_map(|row| {
        let name = row.name();
        let starts = name.starts_with(piece) || name.strip_prefix('@').unwrap_or(name).starts_with(bare);
        starts.then(|| Completion { text: format!("{name}:"), about: row.about })
    });
    let words = KEYWORDS.into_iter().filter(|word| (behind || *word == "NOT") && word.starts_with(piece));
    let words = words.map(|word| Completion {
        text: format!("{word} "),
        about: match word {
            "AND" => "both terms; it may be left out",
            "OR" => "one of the terms",
            _ => "not the next term; - is the same",
        },
    });
    rows.chain(words).collect()
}

fn values(facets: &'static Facets, name: &str, value: &str) -> Vec<Completion> {
    let Ok(found) = facets.find(name) else { return Vec::new() };
    let known: &[(&str, &'static str)] = match found.kind {
        Kind::Flag | Kind::Mark => &[("true", "it is"), ("false", "it is not"), ("*", "it is known")],
        Kind::Number => {
            &[(">=", "at least"), ("<=", "at most"), ("[", "a range, [1 TO 5]"), ("*", "any number")]
        }
        Kind::Text | Kind::Any => &[("*", "any value"), ("(", "one of several, (a OR b)")],
        Kind::Address => &[("*", "any address")],
        Kind::Object => &[("*", "it is there")],
        Kind::Time => &[],
    };
    let fits = known.iter().filter(|(text, _)| text.starts_with(value));
    fits.map(|&(text, about)| Completion { text: text.to_owned(), about }).collect()
}

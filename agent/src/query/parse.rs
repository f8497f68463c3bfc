//! From text to terms.
//!
//! ```text
//! or    = and { "OR" and }
//! and   = not { ["AND"] not }
//! not   = ( "NOT" | "-" ) not | "(" or ")" | term
//! term  = [ name ":" ] value
//! value = word | phrase | list | range | comparison
//! ```

mod value;

use super::{
    Query, QueryError,
    ast::{Expression, Literal, Name, Place, Term, Test},
};
use crate::limits::{QUERY_BYTES, QUERY_DEPTH, QUERY_TERMS};

type Read<T> = Result<T, QueryError>;

/// Words that join terms.
pub(super) const KEYWORDS: [&str; 3] = ["AND", "OR", "NOT"];
/// What can begin a term.
const TERM: &[&str] = &["a facet such as `service:shop`", "a word", "a text in quotes", "`(`"];
/// What can stand behind the colon.
const VALUE: &[&str] = &["a value", "`*`", "a range `[1 TO 5]`", "`>=`, `>`, `<=`, `<`", "a list `(a OR b)`"];

pub(super) fn parse(text: &str) -> Read<Query> {
    let error = |start, message: String| Err(QueryError::at(text, Place { start, end: start + 1 }, message));
    if text.len() > QUERY_BYTES {
        let at = (0..=QUERY_BYTES).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        return error(at, format!("a query has at most {QUERY_BYTES} bytes, this one {}", text.len()));
    }
    if let Some(at) = text.find('\0') {
        return error(at, "a zero byte can't be searched for".to_owned());
    }
    let mut parser = Parser { text, at: 0, depth: 0, terms: 0 };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(Query::all());
    }
    let expression = parser.or()?;
    if parser.rest().is_empty() {
        return Ok(Query { text: text.into(), expression });
    }
    Err(parser.wrong(1, "this `)` closes nothing").hint("a `)` in a text needs quotes, or a \\ before it"))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    terms: usize,
}

/// Where a word stands: what ends it, and what is refused in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Term,
    List,
    Range,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        self.at += if there { text.len() } else { 0 };
        there
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Something that is wrong with the next `chars` characters.
    fn wrong(&self, chars: usize, message: impl Into<String>) -> QueryError {
        let length: usize = self.rest().chars().take(chars).map(char::len_utf8).sum();
        QueryError::at(self.text, Place { start: self.at, end: self.at + length }, message)
    }

    /// Whether a word that joins terms stands here.
    fn at_keyword(&self, keyword: &str) -> bool {
        self.rest().strip_prefix(keyword).is_some_and(|behind| {
            behind.chars().next().is_none_or(|c| c.is_whitespace() || c == '(' || c == ')')
        })
    }

    fn deeper(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > QUERY_DEPTH {
            return Err(self.wrong(1, format!("parentheses and negations go at most {QUERY_DEPTH} deep")));
        }
        Ok(())
    }

    fn or(&mut self) -> Read<Expression> {
        let mut parts = Vec::new();
        loop {
            match self.and()? {
                Expression::Or(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            if !self.at_keyword("OR") {
                return Ok(joined(parts, Expression::Or));
            }
            self.at += "OR".len();
        }
    }

    fn and(&mut self) -> Read<Expression> {
        let mut parts = Vec::new();
        loop {
            self.space();
            match self.not()? {
                Expression::And(inner) => parts.extend(inner),
                other => parts.push(other),
            }
            self.space();
            if self.at_keyword("AND") {
                self.at += "AND".len();
            } else if self.at_keyword("OR") || matches!(self.peek(), None | Some(')')) {
                return Ok(joined(parts, Expression::And));
            }
        }
    }

    fn not(&mut self) -> Read<Expression> {
        let word = self.at_keyword("NOT");
        if !word && self.peek() != Some('-') {
            return self.group_or_term();
        }
        self.deeper()?;
        if word {
            self.at += "NOT".len();
            self.space();
        } else {
            self.at += 1;
            if self.peek().is_none_or(char::is_whitespace) {
                self.at -= 1;
                return Err(self.wrong(1, "nothing stands right behind this `-`").expecting(TERM));
            }
        }
        let inner = self.not()?;
        self.depth -= 1;
        Ok(Expression::Not(Box::new(inner)))
    }

    fn group_or_term(&mut self) -> Read<Expression> {
        for keyword in KEYWORDS {
            if self.at_keyword(keyword) {
                let message = format!("{keyword} needs a term before and behind it");
                return Err(self
                    .wrong(keyword.len(), message)
                    .expecting(TERM)
                    .hint(format!("to look for the word, put it in quotes: \"{keyword}\"")));
            }
        }
        if self.peek() != Some('(') {
            let term = self.term()?;
            self.boundary()?;
            return Ok(term);
        }
        let open = self.at;
        self.deeper()?;
        self.at += 1;
        self.space();
        if self.peek() == Some(')') {
            self.at = open;
            return Err(self.wrong(2, "nothing stands between these parentheses").expecting(TERM));
        }
        let inner = self.or()?;
        if !self.take(")") {
            self.at = open;
            return Err(self.wrong(1, "this `(` is not closed").expecting(&["`)`"]));
        }
        self.boundary()?;
        self.depth -= 1;
        Ok(inner)
    }

    /// A term ends at a space, a `)` or the end.
    fn boundary(&self) -> Read<()> {
        match self.peek() {
            Some(c) if !c.is_whitespace() && c != ')' => Err(self
                .wrong(1, format!("`{c}` stands right behind the end of a term"))
                .expecting(&["a space"])),
            _ => Ok(()),
        }
    }

    fn term(&mut self) -> Read<Expression> {
        let start = self.at;
        match self.peek() {
            None => return Err(self.wrong(1, "the query ends where a term has to stand").expecting(TERM)),
            Some(')') => return Err(self.wrong(1, "a term has to stand before this `)`").expecting(TERM)),
            Some('"') => {
                let literal = self.phrase()?;
                return self.free(literal);
            }
            Some('!') => {
                return Err(self.wrong(1, "`!` is no operator").expecting(&["`-`", "NOT"]));
            }
            Some('[' | '{') => {
                return Err(self
                    .wrong(1, "a range needs a facet")
                    .hint("such as @status:[500 TO 599]; a text that begins like this needs quotes"));
            }
            _ => (),
        }
        for (signs, word) in [("&&", "AND"), ("||", "OR")] {
            if self.rest().starts_with(signs) {
                return Err(self.wrong(2, format!("`{signs}` is no operator")).expecting(&[word]));
            }
        }
        match self.name()? {
            None => {
                let literal = self.word(Within::Term)?;
                self.free(literal)
            }
            // Full text in the syntax of others.
            Some(name) if name.text == "*" => {
                let literal =
                    if self.peek() == Some('"') { self.phrase()? } else { self.word(Within::Term)? };
                self.free(literal)
            }
            Some(name) => {
                let test = self.value(Within::Term, start)?;
                Ok(Expression::Term(Term { name: Some(name), test }))
            }
        }
    }

    fn free(&mut self, literal: Literal) -> Read<Expression> {
        if literal.pattern.is_any() {
            return Ok(Expression::All);
        }
        self.count(literal.place)?;
        if literal.pattern.exact() == Some("") {
            return Err(QueryError::at(self.text, literal.place, "an empty text is in everything")
                .expecting(&["a text", "`*` for everything"]));
        }
        Ok(Expression::Term(Term { name: None, test: Test::Like(literal) }))
    }

    fn count(&mut self, place: Place) -> Read<()> {
        self.terms += 1;
        if self.terms > QUERY_TERMS {
            let message = format!("a query has at most {QUERY_TERMS} terms, entries of lists included");
            return Err(QueryError::at(self.text, place, message));
        }
        Ok(())
    }

    /// A facet's name and its colon, if that is what stands here.
    fn name(&mut self) -> Read<Option<Name>> {
        let start = self.at;
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ':' | '\\' | '(' | ')' | '"'));
        let (text, ended) = rest.split_at(end.unwrap_or(rest.len()));
        let place = Place { start, end: start + text.len() };
        if !ended.starts_with(':') {
            if text.starts_with('@') {
                return Err(QueryError::at(self.text, place, "a facet needs a colon and a value")
                    .expecting(&["`:`"])
                    .hint("a text that begins with @ needs quotes"));
            }
            return Ok(None);
        }
        let quotes = "a text with a colon needs quotes, or a \\ before the colon";
        if text.is_empty() {
            return Err(self.wrong(1, "a facet's name has to stand before this `:`").hint(quotes));
        }
        if text != "*" {
            let bare = text.strip_prefix('@').unwrap_or(text);
            let wrong = bare
                .char_indices()
                .find(|(at, c)| !is_name(*c) || (*at == 0 && !c.is_ascii_alphanumeric() && *c != '_'));
            if let Some((at, c)) = wrong {
                self.at = start + (text.len() - bare.len()) + at;
                return Err(self.wrong(1, format!("`{c}` can't stand here in a facet's name")).hint(quotes));
            }
            if bare.is_empty() {
                return Err(
                    QueryError::at(self.text, place, "a name has to stand behind this `@`").hint(quotes)
                );
            }
            if bare.contains("..") || bare.ends_with('.') {
                let message = "a facet's name has something before and behind each dot";
                return Err(QueryError::at(self.text, place, message).hint(quotes));
            }
        }
        self.at = place.end + 1;
        Ok(Some(Name { text: text.to_owned(), place }))
    }
}

pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '$' | '/')
}

fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

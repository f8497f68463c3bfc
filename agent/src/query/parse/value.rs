//! What stands behind the colon: words, texts in quotes, lists, ranges, comparisons.

use super::{
    super::{
        Number, QueryError,
        ast::{Comparison, Edge, Literal, Place, Test},
        pattern::Pattern,
    },
    KEYWORDS, Parser, Read, VALUE, Within,
};

impl Parser<'_> {
    pub(super) fn value(&mut self, within: Within, term: usize) -> Read<Test> {
        let start = self.at;
        if within == Within::Term && self.peek() == Some('(') {
            return self.list(term);
        }
        let test = match self.peek() {
            None | Some(')') => return Err(self.no_value(within)),
            Some(c) if c.is_whitespace() => return Err(self.no_value(within)),
            Some('"') => Test::Like(self.phrase()?),
            Some('[' | '{') => self.range()?,
            Some('<' | '>') => self.comparison(within)?,
            Some(_) => {
                let literal = self.word(within)?;
                if literal.pattern.is_any() { Test::Present(literal.place) } else { Test::Like(literal) }
            }
        };
        self.count(Place { start, end: self.at })?;
        Ok(test)
    }

    fn no_value(&self, within: Within) -> QueryError {
        match within {
            Within::Term => self
                .wrong(1, "a value has to stand right behind the colon")
                .expecting(VALUE)
                .hint("an empty text is written \"\""),
            _ => self.wrong(1, "a value has to stand here").expecting(&["a value"]),
        }
    }

    fn list(&mut self, term: usize) -> Read<Test> {
        let open = self.at;
        self.at += 1;
        let mut tests = Vec::new();
        loop {
            self.space();
            if self.rest().is_empty() {
                self.at = open;
                return Err(self.wrong(1, "this `(` is not closed").expecting(&["OR", "`)`"]));
            }
            let place = self.at;
            self.refuse_operators()?;
            tests.push(self.value(Within::List, term)?);
            if matches!(tests.last(), Some(Test::Like(literal)) if negated(literal, self.text.get(place..))) {
                self.at = place;
                return Err(self
                    .wrong(1, "a list has no negations")
                    .hint("put the - before the facet: -facet:(a OR b)"));
            }
            let before = self.at;
            self.space();
            if self.take(")") {
                break;
            }
            if !self.at_keyword("OR") {
                if self.rest().is_empty() {
                    continue;
                }
                self.refuse_operators()?;
                let message = "the entries of a list are joined by OR";
                return Err(self.wrong(1, message).expecting(&["OR", "`)`"]));
            }
            if before == self.at {
                self.boundary()?;
            }
            self.at += "OR".len();
        }
        match (tests.pop(), tests.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                tests.extend(last);
                Ok(Test::OneOf(tests))
            }
        }
    }

    /// What joins terms, but not entries of a list.
    fn refuse_operators(&self) -> Read<()> {
        for keyword in KEYWORDS {
            if self.at_keyword(keyword) {
                return Err(self.wrong(keyword.len(), "the entries of a list are joined by OR, nothing else"));
            }
        }
        if self.peek() == Some('(') {
            return Err(self.wrong(1, "a list has no parentheses in it"));
        }
        Ok(())
    }

    fn comparison(&mut self, within: Within) -> Read<Test> {
        let (comparison, sign) = if self.rest().starts_with("<=") {
            (Comparison::LessOrEqual, "<=")
        } else if self.rest().starts_with(">=") {
            (Comparison::GreaterOrEqual, ">=")
        } else if self.rest().starts_with('<') {
            (Comparison::Less, "<")
        } else {
            (Comparison::Greater, ">")
        };
        let start = self.at;
        self.at += sign.len();
        if self.peek().is_none_or(|c| c.is_whitespace() || c == ')') {
            self.at = start;
            return Err(self
                .wrong(sign.len(), format!("a number has to stand right behind `{sign}`"))
                .expecting(&["a number"]));
        }
        let literal = self.word(within)?;
        self.plain(&literal)?;
        Ok(Test::Compare(comparison, literal))
    }

    fn range(&mut self) -> Read<Test> {
        let start = self.at;
        let inclusive = self.peek() == Some('[');
        self.at += 1;
        let from = self.edge("the lower end", inclusive)?;
        self.space();
        if !self.at_range_word() {
            return Err(self
                .wrong(1, "the ends of a range are joined by TO")
                .expecting(&["TO"])
                .hint("such as [500 TO 599]; a text that begins like a range needs quotes"));
        }
        self.at += "TO".len();
        let to = self.edge("the upper end", true)?;
        self.space();
        let inclusive = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => {
                return Err(self.wrong(1, "the range has to end here").expecting(&["`]`", "`}`"]));
            }
        };
        self.at += 1;
        let to = to.map(|edge| Edge { inclusive, ..edge });
        Ok(Test::Range(from, to, Place { start, end: self.at }))
    }

    fn at_range_word(&self) -> bool {
        let behind = self.rest().strip_prefix("TO");
        behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_whitespace()))
    }

    fn edge(&mut self, which: &str, inclusive: bool) -> Read<Option<Edge>> {
        self.space();
        if matches!(self.peek(), None | Some(']' | '}' | ')')) {
            return Err(self
                .wrong(1, format!("{which} of the range has to stand here"))
                .expecting(&["a number", "`*`"]));
        }
        let literal = self.word(Within::Range)?;
        if literal.pattern.is_any() {
            return Ok(None);
        }
        self.plain(&literal)?;
        Ok(Some(Edge { literal, inclusive }))
    }

    fn plain(&self, literal: &Literal) -> Read<()> {
        match literal.pattern.exact() {
            Some(_) => Ok(()),
            None => Err(QueryError::at(self.text, literal.place, "a number has no wildcards")
                .expecting(&["a number"])),
        }
    }

    pub(super) fn word(&mut self, within: Within) -> Read<Literal> {
        let start = self.at;
        let mut pattern = Pattern::default();
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() => break,
                ')' => break,
                ']' | '}' if within == Within::Range => break,
                '(' | '"' => {
                    return Err(self
                        .wrong(1, format!("`{c}` can't stand inside a word"))
                        .hint(format!("put the text in quotes, or write \\{c}")));
                }
                ',' if within == Within::List => {
                    return Err(self
                        .wrong(1, "the entries of a list are joined by OR")
                        .expecting(&["OR"])
                        .hint("a comma that belongs to the text is written \\,"));
                }
                '\\' => {
                    self.escape(&mut pattern)?;
                    continue;
                }
                '*' => pattern.push_many(),
                '?' => pattern.push_one(),
                c => pattern.push(c),
            }
            self.at += c.len_utf8();
        }
        if self.at == start {
            return Err(self.no_value(within));
        }
        Ok(Literal { pattern, place: Place { start, end: self.at } })
    }

    pub(super) fn phrase(&mut self) -> Read<Literal> {
        let start = self.at;
        self.at += 1;
        let mut pattern = Pattern::default();
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    return Err(self.wrong(1, "this quote is not closed").expecting(&["`\"`"]));
                }
                Some('"') => break,
                Some('\\') => {
                    self.escape(&mut pattern)?;
                    continue;
                }
                Some(c) => {
                    pattern.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        self.at += 1;
        Ok(Literal { pattern, place: Place { start, end: self.at } })
    }

    /// `\` and the character that stands for itself.
    fn escape(&mut self, pattern: &mut Pattern) -> Read<()> {
        let mut chars = self.rest().chars();
        chars.next();
        let Some(c) = chars.next() else {
            return Err(self
                .wrong(1, "nothing stands behind this \\")
                .hint("a backslash itself is written \\\\"));
        };
        pattern.push(c);
        self.at += 1 + c.len_utf8();
        Ok(())
    }
}

/// Whether an entry of a list begins with a `-` that was meant as an operator: with anything but a number behind.
fn negated(literal: &Literal, written: Option<&str>) -> bool {
    let text = literal.pattern.exact().unwrap_or("-");
    written.is_some_and(|written| written.starts_with('-')) && Number::parse(text).is_none()
}

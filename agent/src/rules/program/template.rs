//! Texts with macros: `%{tx.anomaly_score}`.

use std::fmt;

use crate::rules::variable::Variable;

/// A text, parts of which are filled in when it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// In their order; texts never stand side by side.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Text(Vec<u8>),
    /// The value of a variable, or of a member of a collection (its name in small letters).
    Value(Variable, Option<Box<str>>),
}

impl fmt::Display for Template {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
            Part::Value(variable, None) => write!(f, "%{{{}}}", variable.name()),
            Part::Value(variable, Some(member)) => write!(f, "%{{{}.{member}}}", variable.name()),
        })
    }
}

impl Template {
    /// Reads a text. A macro of no known variable is an error that names it.
    ///
    /// # Errors
    /// The name that is no variable.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut plain = Vec::new();
        while let Some(at) = rest.find("%{") {
            let (before, from) = rest.split_at(at);
            let Some(end) = from.find('}') else { break };
            plain.extend_from_slice(before.as_bytes());
            let inner = from.get(2..end).unwrap_or_default();
            let (name, member) = match inner.split_once(['.', ':']) {
                Some((name, member)) => (name, Some(member)),
                None => (inner, None),
            };
            let variable = Variable::named(name.trim()).ok_or_else(|| inner.to_owned())?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Value(variable, member.map(|member| member.to_ascii_lowercase().into())));
            rest = from.get(end + 1..).unwrap_or_default();
        }
        plain.extend_from_slice(rest.as_bytes());
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// A text without macros.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text.as_bytes().to_vec())] };
        Self { parts }
    }

    /// The text, if nothing has to be filled in.
    #[must_use]
    pub fn fixed(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether something has to be filled in.
    #[must_use]
    pub fn has_macros(&self) -> bool {
        self.fixed().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_found() {
        let template = Template::parse("a%{TX.Foo}b%{REMOTE_ADDR}").unwrap();
        assert_eq!(
            template.parts,
            [
                Part::Text(b"a".to_vec()),
                Part::Value(Variable::Tx, Some("foo".into())),
                Part::Text(b"b".to_vec()),
                Part::Value(Variable::RemoteAddr, None),
            ]
        );
        assert_eq!(Template::parse("100%").unwrap().fixed(), Some(&b"100%"[..]));
        assert_eq!(Template::parse("%{open").unwrap().fixed(), Some(&b"%{open"[..]));
        assert_eq!(Template::parse("").unwrap().fixed(), Some(&b""[..]));
        assert_eq!(Template::parse("%{nothing.x}"), Err("nothing.x".to_owned()));
    }
}

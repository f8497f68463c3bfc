//! A text with wildcards, as it was written.

/// Pieces of a text, in normal form: no empty text, no two texts and no two `Many` in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This text.
    Text(String),
    /// `?`: one character.
    One,
    /// `*`: any text, also none.
    Many,
}

impl Pattern {
    pub fn push(&mut self, c: char) {
        if let Some(Piece::Text(text)) = self.pieces.last_mut() {
            text.push(c);
        } else {
            self.pieces.push(Piece::Text(c.into()));
        }
    }

    pub fn push_one(&mut self) {
        self.pieces.push(Piece::One);
    }

    pub fn push_many(&mut self) {
        if self.pieces.last() != Some(&Piece::Many) {
            self.pieces.push(Piece::Many);
        }
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, when there is no wildcard in it.
    pub fn exact(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether any text fits.
    pub fn is_any(&self) -> bool {
        self.pieces == [Piece::Many]
    }

    /// The same anywhere in a text.
    pub fn anywhere(&self) -> Self {
        let mut wide = Self { pieces: vec![Piece::Many] };
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => wide.pieces.push(Piece::Text(text.clone())),
                Piece::One => wide.push_one(),
                Piece::Many => wide.push_many(),
            }
        }
        wide.push_many();
        wide
    }

    /// As text in which `*` and `?` are wildcards and `\` takes the meaning of the next character.
    pub fn escaped(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::One => out.push('?'),
                Piece::Many => out.push('*'),
                Piece::Text(text) => text.chars().for_each(|c| {
                    if matches!(c, '*' | '?' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }),
            }
        }
        out
    }

    /// Reads what [`escaped`](Self::escaped) writes.
    pub fn read(escaped: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = escaped.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pattern.push_many(),
                '?' => pattern.push_one(),
                '\\' => pattern.push(chars.next().unwrap_or('\\')),
                other => pattern.push(other),
            }
        }
        pattern
    }
}

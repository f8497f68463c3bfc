//! Containers of Apache, one inside of the other: `<IfModule x>` … `</IfModule>`.

use super::{
    ReadError,
    ast::Place,
    directive::{self, Line},
    names::shown,
    text::Text,
};

/// Those that are open at a line of a file.
#[derive(Default)]
pub(super) struct Containers(Vec<Container>);

struct Container {
    name: String,
    place: Place,
    /// What is inside holds for some requests only: a lenient reader may not take it for all.
    left_out: bool,
}

impl Containers {
    /// Whether a line belongs to a container that is left out.
    pub fn leave_out(&mut self, line: &Text<'_>) -> bool {
        let left_out = self.0.last().is_some_and(|container| container.left_out);
        if left_out && line.byte(0) == Some(b'<') {
            match directive::container(line) {
                Ok(Line::Open { name, .. }) => self.open(name, line, true),
                // One that is closed and not open is inside of what nobody reads.
                Ok(Line::Close { name }) => drop(self.close(&name, line)),
                _ => {}
            }
        }
        left_out
    }

    pub fn open(&mut self, name: String, line: &Text<'_>, left_out: bool) {
        self.0.push(Container { name, place: line.start(), left_out });
    }

    pub fn close(&mut self, name: &str, line: &Text<'_>) -> Result<(), ReadError> {
        let found = shown(line.as_str());
        match self.0.last() {
            Some(open) if open.name.eq_ignore_ascii_case(name) => {
                self.0.pop();
                Ok(())
            }
            Some(open) => {
                let expected = shown(&format!("</{}>", open.name));
                Err(line.error(0, format!("found {found}: expected {expected}")))
            }
            None => Err(line.error(0, format!("found {found}, and nothing to close"))),
        }
    }

    /// The file ends.
    pub fn end(self) -> Result<(), ReadError> {
        let Some(open) = self.0.last() else { return Ok(()) };
        let (found, expected) = (shown(&format!("<{}>", open.name)), shown(&format!("</{}>", open.name)));
        Err(open.place.error(format!("{found} is not closed: expected {expected}")))
    }
}

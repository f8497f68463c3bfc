//! A sink that writes down what it is told, for tests.

use super::{File, Sink};

/// One line a call; bytes escaped as Rust does.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub lines: Vec<String>,
    /// How many more lines there is room for.
    pub room: Option<usize>,
}

impl Seen {
    fn add(&mut self, line: String) -> bool {
        self.lines.push(line);
        self.room.is_none_or(|room| self.lines.len() < room)
    }
}

impl Sink for Seen {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.add(format!("{}={}", name.escape_ascii(), value.escape_ascii()))
    }

    fn file(&mut self, file: &File<'_>) -> bool {
        let other = file.other_filename.map(|name| format!("|{}", name.escape_ascii())).unwrap_or_default();
        self.add(format!(
            "file {}={}{other}: {}",
            file.part.escape_ascii(),
            file.filename.escape_ascii(),
            file.content.escape_ascii()
        ))
    }

    fn part_name(&mut self, name: &[u8]) -> bool {
        self.add(format!("name {}", name.escape_ascii()))
    }

    fn part_filename(&mut self, filename: &[u8]) -> bool {
        self.add(format!("filename {}", filename.escape_ascii()))
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) -> bool {
        self.add(format!("header {}: {}", part.escape_ascii(), line.escape_ascii()))
    }

    fn xml_text(&mut self, text: &[u8]) -> bool {
        self.add(format!("text {}", text.escape_ascii()))
    }

    fn xml_attribute(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.add(format!("@{}={}", name.escape_ascii(), value.escape_ascii()))
    }
}

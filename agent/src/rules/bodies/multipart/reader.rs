//! The parts of a body, line by line.

use memchr::memmem;

use super::super::{File, Over, Sink};
use super::content_type::is_space;
use super::lines::{Line, LineEnd};
use super::{Multipart, Part, Settings, Unmatched};
use crate::limits;

/// Where in the body we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first boundary; `last` ended the line before this one.
    Before { last: LineEnd },
    /// In the header of a part.
    Header,
    /// In the content of a part, which begins at `from`; `last` ended the line before this one.
    Content { from: usize, last: Option<LineEnd> },
    /// Behind the last boundary.
    After,
}

/// What a line is that begins with two dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dashes {
    Boundary {
        last: bool,
    },
    /// Not the boundary's line.
    Other,
}

/// What is read, and how far.
pub(super) struct Reader<'r, S> {
    body: &'r [u8],
    /// Two dashes and the boundary.
    delimiter: &'r [u8],
    settings: Settings,
    part: &'r mut Part,
    state: State,
    /// Lines that begin with the delimiter.
    boundaries: usize,
    parts: usize,
    /// A line that looks like a boundary and is none.
    unmatched: bool,
    read: Multipart,
    sink: &'r mut S,
}

impl<'r, S: Sink> Reader<'r, S> {
    /// `delimiter`: two dashes and the boundary; `read`: what is known from the header.
    pub fn new(
        body: &'r [u8],
        delimiter: &'r [u8],
        settings: Settings,
        part: &'r mut Part,
        read: Multipart,
        sink: &'r mut S,
    ) -> Self {
        let state = State::Before { last: LineEnd::None };
        Self { body, delimiter, settings, part, state, boundaries: 0, parts: 0, unmatched: false, read, sink }
    }

    /// Reads all of it.
    pub fn run(mut self) -> Multipart {
        let mut at = 0;
        let mut stopped = false;
        while let Some(line) = Line::at(self.body, at) {
            at = line.next;
            if !self.line(line) {
                stopped = true;
                break;
            }
            if self.state == State::After {
                self.read.flags.data_after = at < self.body.len();
                break;
            }
        }
        if !stopped {
            self.ended();
        }
        let read = self.body.get(..at).unwrap_or_default();
        // A delimiter inside a line is one that another server may find.
        self.unmatched |= memmem::find_iter(read, self.delimiter).count() > self.boundaries;
        self.read.flags.unmatched_boundary = match (self.unmatched, self.state) {
            (false, _) => Unmatched::None,
            (true, State::After) => Unmatched::Between,
            (true, _) => Unmatched::Alone,
        };
        self.read
    }

    /// Takes a line; `false`: no more.
    fn line(&mut self, line: Line<'_>) -> bool {
        if line.text.starts_with(b"--")
            && let Dashes::Boundary { last } = self.dashes(line)
        {
            return self.boundary(line, last);
        }
        match self.state {
            State::Before { .. } => {
                self.read.flags.data_before = true;
                self.state = State::Before { last: line.end };
            }
            State::After => {}
            State::Header if line.text.is_empty() && line.end != LineEnd::None => {
                self.read.flags.line(line.end);
                self.state = State::Content { from: line.next, last: None };
                return self.header_ended(line.start);
            }
            State::Header => self.header_line(line),
            State::Content { from, .. } => self.state = State::Content { from, last: Some(line.end) },
        }
        true
    }

    fn header_line(&mut self, line: Line<'_>) {
        self.read.flags.line(line.end);
        if self.settings.cut && line.end == LineEnd::None {
            return;
        }
        if let Err(what) = self.part.header_line(line.text, &mut self.read) {
            self.read.wrong(what, line.start);
        }
    }

    /// What a line is that begins with two dashes.
    fn dashes(&mut self, line: Line<'_>) -> Dashes {
        let rest = line.text.get(2..).unwrap_or_default();
        let boundary = self.delimiter.get(2..).unwrap_or_default();
        if let Some(rest) = rest.strip_prefix(boundary) {
            self.boundaries += 1;
            let (last, rest) = match rest.strip_prefix(b"--") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            // The last boundary may end with the body, unless there was no other.
            if rest.is_empty() && (line.end != LineEnd::None || (last && self.boundaries > 1)) {
                return Dashes::Boundary { last };
            }
            if self.settings.cut && line.end == LineEnd::None {
                return Dashes::Other;
            }
            self.read.wrong("Multipart: Invalid boundary", line.start);
            // RFC 2046 allows white space there ("transport padding"); servers take it.
            return if !rest.is_empty() && rest.iter().all(|&byte| is_space(byte)) {
                Dashes::Boundary { last }
            } else {
                Dashes::Other
            };
        }
        if self.read.flags.boundary_quoted
            && rest.strip_prefix(b"\"").is_some_and(|r| r.starts_with(boundary))
        {
            self.read.wrong("Multipart: Invalid boundary (quotes)", line.start);
        }
        let spaces = rest.iter().take_while(|&&byte| is_space(byte)).count();
        if spaces > 0 && rest.get(spaces..).is_some_and(|rest| rest.starts_with(boundary)) {
            self.read.wrong("Multipart: Invalid boundary (whitespace)", line.start);
        }
        // Two dashes and a line feed are none, as in ModSecurity.
        self.unmatched |= line.next - line.start > 3;
        Dashes::Other
    }

    /// Ends the part that was read and begins the next; `false`: no more.
    fn boundary(&mut self, line: Line<'_>, last: bool) -> bool {
        let more = match self.state {
            State::Before { last } => {
                self.read.flags.lf_line |= last == LineEnd::Lf;
                true
            }
            State::After => true,
            State::Header => {
                self.read.flags.invalid_part = true;
                self.read.wrong("Multipart: Part header does not end", line.start);
                self.header_ended(line.start)
            }
            State::Content { from, last } => {
                let content = match last {
                    // The end of the line before belongs to the boundary.
                    Some(end) => {
                        self.read.flags.line(end);
                        self.body.get(from..line.start.saturating_sub(end.len()))
                    }
                    None => {
                        self.read.flags.invalid_part = true;
                        self.read.wrong("Multipart: Part without content", line.start);
                        None
                    }
                };
                self.content(content.unwrap_or_default())
            }
        };
        self.read.flags.line(line.end);
        self.part.clear();
        self.state = if last { State::After } else { State::Header };
        if !more || last {
            return more;
        }
        self.parts += 1;
        if self.parts > limits::BODY_PARTS {
            self.read.outcome.stop(Over::Parts);
            return false;
        }
        true
    }

    /// Tells the header of the part.
    fn header_ended(&mut self, at: usize) -> bool {
        if !self.part.tell_header(&mut self.read, at, self.sink) {
            self.read.outcome.stop(Over::Sink);
            return false;
        }
        true
    }

    /// Tells the content of the part.
    fn content(&mut self, content: &[u8]) -> bool {
        let part = &self.part.disposition;
        let room = match part.filenames() {
            Some((filename, other_filename)) => {
                self.read.files += 1;
                self.read.files_size += content.len();
                self.read.flags.file_limit_exceeded = self.read.files > self.settings.files;
                self.sink.file(&File { part: &part.name, filename, other_filename, content })
            }
            None => self.sink.arg(&part.name, content),
        };
        if !room {
            self.read.outcome.stop(Over::Sink);
        }
        room
    }

    /// The body ended.
    fn ended(&mut self) {
        let end = self.body.len();
        match self.state {
            State::After => return,
            State::Before { .. } => {}
            State::Header => {
                self.header_ended(end);
            }
            State::Content { from, .. } => {
                self.content(self.body.get(from..).unwrap_or_default());
            }
        }
        if !self.settings.cut {
            let what = if matches!(self.state, State::Before { .. }) {
                "Multipart: No boundaries found in payload"
            } else {
                "Multipart: Final boundary missing"
            };
            self.read.wrong(what, end);
        }
    }
}

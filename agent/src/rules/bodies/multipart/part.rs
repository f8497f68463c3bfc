//! The header of a part.

use memchr::memchr;

use super::super::{Over, Sink};
use super::Multipart;
use super::content_type::is_space;
use super::disposition::Disposition;
use crate::limits;

const MISSING: &str = "Multipart: Part missing Content-Disposition header";

/// The header of the part that is read. Buffers that are reused.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Its lines, unfolded, one behind the other.
    text: Vec<u8>,
    lines: Vec<HeaderLine>,
    /// The last line is one that is not kept.
    passed_over: bool,
    /// What `Content-Disposition` says.
    pub(super) disposition: Disposition,
}

/// Where a header line is in the text.
#[derive(Clone, Copy, Debug)]
struct HeaderLine {
    start: usize,
    colon: usize,
    end: usize,
}

impl Part {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
        self.passed_over = false;
        self.disposition.clear();
    }

    /// Takes a line of the header.
    ///
    /// # Errors
    /// What is wrong with it; it is taken as far as it goes.
    pub(super) fn header_line(&mut self, line: &[u8], read: &mut Multipart) -> Result<(), &'static str> {
        let first = line.first();
        // ModSecurity takes any number of carriage returns for a part of the line's end, which it counts.
        let returns = line.iter().rev().take_while(|&&byte| byte == b'\r').count();
        let line = line.get(..line.len() - returns).unwrap_or_default();
        let mut result = if line.len() + 2 > limits::BODY_PART_HEADER {
            Err("Multipart: Part header line too long")
        } else if memchr(0, line).is_some() {
            Err("Multipart: Nul byte in part headers")
        } else {
            Ok(())
        };
        if first.is_some_and(|&byte| is_space(byte)) {
            return result.and(self.folded(line, read));
        }
        self.passed_over = self.lines.len() >= limits::BODY_PART_HEADERS;
        if self.passed_over {
            read.outcome.pass_over(Over::PartHeaders);
            return result;
        }
        let colon = memchr(b':', line);
        result = result.and(match colon {
            None => Err("Multipart: Invalid part header (colon missing)"),
            Some(0) => Err("Multipart: Invalid part header (header name missing)"),
            // libmodsecurity passes over the second one in silence; version 2 does not.
            Some(at) if self.has(line.get(..at).unwrap_or_default()) => {
                Err("Multipart: Duplicate part header")
            }
            Some(_) => Ok(()),
        });
        let start = self.text.len();
        self.text.extend_from_slice(line);
        let colon = start + colon.unwrap_or(line.len());
        self.lines.push(HeaderLine { start, colon, end: self.text.len() });
        result
    }

    /// A line that goes on with the one before.
    fn folded(&mut self, line: &[u8], read: &mut Multipart) -> Result<(), &'static str> {
        read.flags.header_folding = true;
        let spaces = line.iter().take_while(|&&byte| is_space(byte)).count();
        let (spaces, text) = line.split_at(spaces);
        // PHP takes any white space, RFC 2557 knows two.
        read.flags.invalid_header_folding |= spaces.iter().any(|byte| !b" \t".contains(byte));
        if self.passed_over {
            return Ok(());
        }
        let Some(last) = self.lines.last_mut() else {
            return Err("Multipart: Invalid part header (folding error)");
        };
        self.text.push(b' ');
        self.text.extend_from_slice(text);
        last.end = self.text.len();
        if last.end - last.start > limits::BODY_PART_HEADER {
            return Err("Multipart: Part header too long");
        }
        Ok(())
    }

    /// Reads what the header says of the part, and tells names and lines. `false`: the sink has no room.
    pub(super) fn tell_header(&mut self, read: &mut Multipart, at: usize, sink: &mut impl Sink) -> bool {
        let Self { text, lines, disposition, .. } = self;
        let line = lines
            .iter()
            .find(|line| line.name(text).trim_ascii_end().eq_ignore_ascii_case(b"content-disposition"));
        let error = match line {
            Some(line) => {
                let field = text.get(line.colon + 1..line.end).unwrap_or_default();
                let blanks = field.iter().take_while(|byte| b" \t".contains(byte)).count();
                if !disposition.read(field.get(blanks..).unwrap_or_default(), sink) {
                    return false;
                }
                read.flags.invalid_quoting |= disposition.invalid_quoting;
                // White space before the colon: to ModSecurity it is another field.
                let spaced = line.name(text).last().is_some_and(|&byte| is_space(byte));
                spaced.then_some(MISSING).or(disposition.error)
            }
            None => Some(MISSING),
        };
        if let Some(what) = error {
            read.flags.invalid_part = true;
            read.wrong(what, at);
        }
        lines.iter().all(|line| {
            sink.part_header(&disposition.name, text.get(line.start..line.end).unwrap_or_default())
        })
    }

    /// Whether there is a line with this name.
    fn has(&self, name: &[u8]) -> bool {
        self.lines.iter().any(|line| line.name(&self.text).eq_ignore_ascii_case(name))
    }
}

impl HeaderLine {
    fn name<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.colon).unwrap_or_default()
    }
}

//! What rules are told of the way a body is written.

use super::Multipart;
use super::lines::LineEnd;
use crate::rules::variable::Variable;

/// The `MULTIPART_…` variables that are 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The boundary is in quotation marks.
    pub boundary_quoted: bool,
    /// White space around the equals sign before the boundary.
    pub boundary_whitespace: bool,
    /// Bytes before the first boundary.
    pub data_before: bool,
    /// Bytes behind the last boundary.
    pub data_after: bool,
    /// A header line that goes on in the next line.
    pub header_folding: bool,
    /// A line of a header or a boundary ends in CRLF.
    pub crlf_line: bool,
    /// A line of a header or a boundary ends in LF alone.
    pub lf_line: bool,
    /// No semicolon before the boundary.
    pub missing_semicolon: bool,
    /// Single quotation marks, or ones inside a value.
    pub invalid_quoting: bool,
    /// A part without name, with a header that does not end, without content.
    pub invalid_part: bool,
    /// A header line goes on in a line that begins with neither space nor tab.
    pub invalid_header_folding: bool,
    /// More files than are allowed.
    pub file_limit_exceeded: bool,
    /// Lines that look like a boundary.
    pub unmatched_boundary: Unmatched,
}

/// `MULTIPART_UNMATCHED_BOUNDARY`.
///
/// The values are those that libmodsecurity's recommended configuration describes: rules of version 2 ask
/// for "not 0", those of version 3 for 1. (libmodsecurity itself says 2 of every body that ends well.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// 0: no line looks like a boundary and is none.
    #[default]
    None = 0,
    /// 1: one does, and the body has no last boundary.
    Alone = 1,
    /// 2: one does, in a body that ends with its last boundary.
    Between = 2,
}

impl Flags {
    /// `MULTIPART_CRLF_LF_LINES`.
    #[must_use]
    pub fn crlf_lf_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }

    /// Those that make `MULTIPART_STRICT_ERROR`.
    pub(super) fn strict(&self) -> bool {
        self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
            || self.invalid_header_folding
            || self.file_limit_exceeded
    }

    pub(super) fn line(&mut self, end: LineEnd) {
        self.crlf_line |= end == LineEnd::Crlf;
        self.lf_line |= end == LineEnd::Lf;
    }
}

impl Multipart {
    /// `MULTIPART_STRICT_ERROR`: an error or one of the flags that make one.
    #[must_use]
    pub fn strict_error(&self) -> bool {
        self.outcome.error.is_some() || self.flags.strict()
    }

    /// What a variable that is a flag is; `None` for variables that are none of these.
    #[must_use]
    pub fn flag(&self, variable: Variable) -> Option<u8> {
        let flags = &self.flags;
        Some(u8::from(match variable {
            Variable::MultipartStrictError => self.strict_error(),
            Variable::MultipartUnmatchedBoundary => return Some(flags.unmatched_boundary as u8),
            Variable::MultipartBoundaryQuoted => flags.boundary_quoted,
            Variable::MultipartBoundaryWhitespace => flags.boundary_whitespace,
            Variable::MultipartDataBefore => flags.data_before,
            Variable::MultipartDataAfter => flags.data_after,
            Variable::MultipartHeaderFolding => flags.header_folding,
            Variable::MultipartCrlfLine => flags.crlf_line,
            Variable::MultipartLfLine => flags.lf_line,
            Variable::MultipartCrlfLfLines => flags.crlf_lf_lines(),
            Variable::MultipartMissingSemicolon => flags.missing_semicolon,
            Variable::MultipartInvalidQuoting => flags.invalid_quoting,
            Variable::MultipartInvalidPart => flags.invalid_part,
            Variable::MultipartInvalidHeaderFolding => flags.invalid_header_folding,
            Variable::MultipartFileLimitExceeded => flags.file_limit_exceeded,
            _ => return None,
        }))
    }
}

#[cfg(test)]
#[test]
fn every_flag_is_a_variable() {
    let read = Multipart::default();
    let flags = Variable::ALL.into_iter().filter(|variable| read.flag(*variable).is_some());
    let collections = ["MULTIPART_FILENAME", "MULTIPART_NAME", "MULTIPART_PART_HEADERS"];
    let named = Variable::ALL.into_iter().filter(|variable| {
        variable.name().starts_with("MULTIPART_") && !collections.contains(&variable.name())
    });
    assert!(flags.eq(named));
}

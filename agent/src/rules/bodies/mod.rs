//! Bodies: what of a request's body SecLang's variables hold.
//!
//! ```text
//! urlencoded ─┐
//! multipart  ─┤            ┌─> ARGS, ARGS_POST (names and values)
//! json       ─┼──> Sink ───┼─> FILES…, MULTIPART_NAME, MULTIPART_FILENAME, MULTIPART_PART_HEADERS
//! xml        ─┘            └─> XML:/*, XML://@*
//! ```
//!
//! Each reader goes through the body once, tells a [`Sink`] what it finds, and returns what the flags
//! need. It copies only what is not in the body as such: decoded text, names made of keys. The meaning
//! is that of ModSecurity's reference manual, and of libmodsecurity 3 where the manual says nothing.
//! One thing is different by intent: libmodsecurity stops at the first error, these readers note it
//! (`REQBODY_ERROR`) and go on as a lenient server might, so that rules see what stands behind it.

pub mod json;
pub mod multipart;
#[cfg(test)]
mod seen;
pub mod urlencoded;
pub mod xml;

use std::fmt;

/// Takes what a body holds. Every method says whether there is room for more; `false` ends the reading
/// ([`Over::Sink`]). Names can be much longer than what is new in them: a sink that keeps them has to
/// bound its bytes.
pub trait Sink {
    /// A parameter: a member of `ARGS` and of `ARGS_GET` or `ARGS_POST`.
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool;

    /// A file of a multipart body: a member of `FILES`, `FILES_NAMES`, `FILES_SIZES` and
    /// `FILES_TMP_CONTENT`.
    fn file(&mut self, file: &File<'_>) -> bool {
        let _ = file;
        true
    }

    /// The name of a part, as `Content-Disposition` has it: a member of `MULTIPART_NAME`.
    fn part_name(&mut self, name: &[u8]) -> bool {
        let _ = name;
        true
    }

    /// A file name of a part: a member of `MULTIPART_FILENAME`.
    fn part_filename(&mut self, filename: &[u8]) -> bool {
        let _ = filename;
        true
    }

    /// A header line of the part with that name, unfolded, without its end: a member of
    /// `MULTIPART_PART_HEADERS`.
    fn part_header(&mut self, part: &[u8], line: &[u8]) -> bool {
        let _ = (part, line);
        true
    }

    /// Text of an XML document: a value of `XML:/*`.
    fn xml_text(&mut self, text: &[u8]) -> bool {
        let _ = text;
        true
    }

    /// An attribute of an XML document: a value of `XML://@*`.
    fn xml_attribute(&mut self, name: &[u8], value: &[u8]) -> bool {
        let _ = (name, value);
        true
    }
}

/// A part of a multipart body that is a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'b> {
    /// The name of the part.
    pub part: &'b [u8],
    /// `filename`, or `filename*` where there is no other.
    pub filename: &'b [u8],
    /// `filename*` (RFC 5987) decoded, when both are there: servers differ in which they take.
    pub other_filename: Option<&'b [u8]>,
    /// What is in it.
    pub content: &'b [u8],
}

/// Buffers of the readers, reused from body to body.
#[derive(Debug, Default)]
pub struct Buffers {
    /// A decoded name; in JSON the path of the current value.
    name: Vec<u8>,
    /// A decoded value.
    value: Vec<u8>,
    json: Vec<json::Frame>,
    part: multipart::Part,
    delimiter: Vec<u8>,
    /// Names of open XML elements.
    open: Vec<xml::Span>,
    /// Names of an XML element's attributes.
    attributes: Vec<xml::Span>,
}

/// How the reading of a body ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The first thing that is wrong with the body: `REQBODY_ERROR` and `REQBODY_ERROR_MSG`.
    pub error: Option<Malformed>,
    /// A bound that was met, the one that ended the reading if there was one: not everything was told to
    /// the sink.
    pub over: Option<Over>,
}

impl Outcome {
    /// Notes that something is wrong. What stands first in the body is what is reported.
    fn wrong(&mut self, kind: Kind, what: &'static str, at: usize) {
        if self.error.is_none_or(|error| at < error.at) {
            self.error = Some(Malformed { kind, what, at });
        }
    }

    /// Notes the bound that ended the reading.
    fn stop(&mut self, over: Over) {
        self.over = Some(over);
    }

    /// Notes a bound over which things are passed over.
    fn pass_over(&mut self, over: Over) {
        self.over.get_or_insert(over);
    }
}

/// A body that is not what its reader expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Whose body.
    pub kind: Kind,
    /// What is wrong.
    pub what: &'static str,
    /// The byte of the body at which it showed.
    pub at: usize,
}

impl fmt::Display for Malformed {
    /// The text of `REQBODY_ERROR_MSG`; it begins as libmodsecurity's does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Multipart => "Multipart",
            Kind::Json => "JSON",
            Kind::Xml => "XML",
        };
        write!(f, "{kind} parsing error: {} at byte {}", self.what, self.at)
    }
}

/// The readers that can find a body malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`multipart`].
    Multipart,
    /// [`json`].
    Json,
    /// [`xml`].
    Xml,
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The sink has no room.
    Sink,
    /// Things inside things; reading ended there.
    Depth,
    /// Parts of a multipart body; reading ended there.
    Parts,
    /// Header lines of a part; the further ones were not told.
    PartHeaders,
    /// Attributes of an XML element; the further ones were not told.
    Attributes,
}

#[cfg(test)]
#[test]
fn the_first_error_of_the_body_is_reported() {
    let mut outcome = Outcome::default();
    outcome.wrong(Kind::Json, "late", 9);
    outcome.wrong(Kind::Json, "first", 3);
    outcome.wrong(Kind::Json, "later", 3);
    assert_eq!(outcome.error.map(|e| e.to_string()).as_deref(), Some("JSON parsing error: first at byte 3"));
}

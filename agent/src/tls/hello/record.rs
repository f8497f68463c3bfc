//! The first handshake message of a direction, out of its records (RFC 8446 section 5.1).
//!
//! ```text
//!  22 3 x  len │ fragment            22 3 x  len │ fragment
//!              └ 1 len len len body ……………………………┴ body ……………
//! ```

use std::{borrow::Cow, iter};

use super::{Alert, Progress, wire::Wire};
use crate::limits;

/// Content types of records.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// Bytes before a record's fragment: type, version, length.
const RECORD_HEADER: usize = 5;
/// Most bytes of a fragment in the clear.
const FRAGMENT: usize = 1 << 14;
/// Bytes before a message's body: type, length.
const MESSAGE_HEADER: usize = 4;

/// What a direction begins with.
#[derive(Debug)]
pub(super) enum First<'a> {
    /// The body of its first handshake message.
    Message(Cow<'a, [u8]>),
    /// An alert that ends it before that.
    Alert(Alert),
}

/// What a direction begins with: a handshake message of type `message`, or an alert.
///
/// Alerts of level warning are passed over, but for `close_notify`: some TLS 1.2 services warn of a name they
/// don't know (`unrecognized_name`) and go on with their hello.
pub(super) fn first(bytes: &[u8], message: u8) -> Progress<First<'_>> {
    let all_there_will_be = bytes.get(..limits::TLS_HELLO);
    let bytes = all_there_will_be.unwrap_or(bytes);
    let mut header = Header::default();
    for fragment in fragments(bytes) {
        match fragment {
            Ok(Fragment { content: HANDSHAKE, bytes: fragment, .. }) => {
                header.add(fragment);
                if header.kind().is_some_and(|kind| kind != message) {
                    return Progress::NotTls("the first handshake message is another one");
                }
                let Some(len) = header.message() else { continue };
                if len > limits::TLS_HELLO {
                    return Progress::NotTls("the hello is larger than what is read of one");
                }
                if header.seen >= len {
                    return Progress::Done(First::Message(body(bytes, len)));
                }
            }
            Ok(Fragment { whole: false, .. }) => break,
            Ok(Fragment { bytes: alert, .. }) => {
                if header.seen > 0 {
                    return Progress::NotTls("an alert within the hello");
                }
                let &[level, description] = alert else {
                    return Progress::NotTls("an alert that is not two bytes long");
                };
                let alert = Alert { level, description };
                if alert.ends_connection() {
                    return Progress::Done(First::Alert(alert));
                }
            }
            Err(why) => return Progress::NotTls(why),
        }
    }
    if all_there_will_be.is_some() {
        return Progress::NotTls("the hello is larger than what is read of one");
    }
    Progress::NeedMore
}

/// The body of a message of `len` bytes with its header, all of which is there.
fn body(bytes: &[u8], len: usize) -> Cow<'_, [u8]> {
    let mut handshake = fragments(bytes).flatten().filter(|fragment| fragment.content == HANDSHAKE);
    let first = handshake.next().map(|fragment| fragment.bytes).unwrap_or_default();
    if let Some(body) = first.get(MESSAGE_HEADER..len) {
        return Cow::Borrowed(body);
    }
    let mut message = Vec::with_capacity(len);
    for fragment in iter::once(first).chain(handshake.map(|fragment| fragment.bytes)) {
        let room = len - message.len();
        message.extend_from_slice(fragment.get(..room).unwrap_or(fragment));
        if message.len() == len {
            break;
        }
    }
    Cow::Owned(message.split_off(MESSAGE_HEADER.min(len)))
}

/// A record, or as much of it as is there.
struct Fragment<'a> {
    content: u8,
    bytes: &'a [u8],
    /// Whether it is all there.
    whole: bool,
}

/// The records of a direction, up to the first that is none or is cut short before its fragment.
fn fragments(bytes: &[u8]) -> impl Iterator<Item = Result<Fragment<'_>, &'static str>> {
    let mut rest = Wire(bytes);
    iter::from_fn(move || {
        // Looked at byte by byte, so that few bytes suffice to tell what is no TLS.
        let &content = rest.0.first()?;
        if !matches!(content, HANDSHAKE | ALERT) {
            return Some(Err(no_record(content)));
        }
        if *rest.0.get(1)? != 3 {
            return Some(Err("the record's version is not 3.x"));
        }
        let [_, _, _, high, low] = *rest.0.first_chunk::<RECORD_HEADER>()?;
        let len = usize::from(u16::from_be_bytes([high, low]));
        if len == 0 || len > FRAGMENT {
            return Some(Err("the record's length is none of a record in the clear"));
        }
        rest.bytes(RECORD_HEADER)?;
        let bytes = rest.bytes(len.min(rest.0.len()))?;
        Some(Ok(Fragment { content, bytes, whole: bytes.len() == len }))
    })
}

fn no_record(first: u8) -> &'static str {
    match first {
        0x80.. => "an SSLv2 hello, or no TLS",
        20 | 23 => "a record of a connection that is set up already",
        _ => "no TLS record",
    }
}

/// A message's first bytes, collected from fragments of any length.
#[derive(Default)]
struct Header {
    bytes: [u8; MESSAGE_HEADER],
    /// Bytes of the message seen, with its header.
    seen: usize,
}

impl Header {
    fn add(&mut self, fragment: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(self.seen).zip(fragment) {
            *to = *from;
        }
        self.seen += fragment.len();
    }

    fn kind(&self) -> Option<u8> {
        let [kind, ..] = self.bytes;
        (self.seen > 0).then_some(kind)
    }

    /// Bytes of the message with its header.
    fn message(&self) -> Option<usize> {
        let [_, a, b, c] = self.bytes;
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        (self.seen >= MESSAGE_HEADER).then_some(MESSAGE_HEADER + len)
    }
}

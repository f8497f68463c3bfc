//! The blocking page: what a blocked client is told, if it is told anything.
//!
//! ```text
//! XDP drops a packet ──> ring buffer ──> Answerer ──> frames, out of the interface the packet came in by
//! ```
//!
//! Nothing that a blocked client sends gets past XDP, neither to the network stack nor to a service, in whichever
//! namespace: what comes back to it is made here, by a TCP that keeps no state. The sequence number of the first answer
//! is a cookie (RFC 4987, 3.6), whatever else is said follows from the segment that is answered:
//!
//! | segment | answer |
//! |---|---|
//! | SYN | SYN, with a cookie |
//! | a request, behind a cookie | the page from where the client has it, with FIN; the request is acknowledged by its last segment only, so that a client repeats it until it has the whole page |
//! | the first record of TLS | the alert `access_denied` |
//! | anything behind the page, FIN | an acknowledgement |
//! | anything else | nothing |
//!
//! All of it is pure: [`Answerer::answer`] takes bytes and a time, and gives bytes.
#![forbid(unsafe_code)]

mod segment;
mod text;

use std::{
    hash::Hasher,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};

use siphasher::sip::SipHasher13;

pub use self::text::{BODY_LIMIT, Format, Page, PageError};
use self::{
    segment::{Flags, Segment},
    text::{Wish, wish},
};

/// Payload of a segment: fits every path that IPv6 may take (RFC 8200, 5: 1,280 bytes, of which 60 are headers), and
/// nearly all of IPv4.
pub const SEGMENT: usize = 1220;
/// Segments that are sent at once (RFC 6928).
const BURST: usize = 10;
/// Bytes of an answer at most.
pub const ANSWER_LIMIT: usize = SEGMENT * BURST;
/// A cookie is good for so many seconds, and as many more.
const COOKIE_SECONDS: u64 = 64;

/// What was made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// A connection begins.
    Opened,
    /// The page was sent, or what was missing of it.
    Page,
    /// A TLS client was refused.
    Alert,
    /// The end of a connection was acknowledged.
    Closed,
    /// Nothing: it is none of ours, or says nothing that can be answered.
    Nothing,
}

/// Answers packets of blocked clients.
#[derive(Debug)]
pub struct Answerer {
    key: [u8; 16],
    page: RwLock<Arc<Page>>,
}

impl Answerer {
    /// With a random key that nobody else knows.
    #[must_use]
    pub fn new(key: [u8; 16], page: Arc<Page>) -> Self {
        Self { key, page: RwLock::new(page) }
    }

    /// From now on answers are these.
    pub fn show(&self, page: Arc<Page>) {
        *self.page.write().unwrap_or_else(PoisonError::into_inner) = page;
    }

    /// What it shows.
    #[must_use]
    pub fn page(&self) -> Arc<Page> {
        Arc::clone(&self.page.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers an Ethernet frame, `seconds` after any fixed moment; gives each frame of the answer to `send`.
    pub fn answer(&self, frame: &[u8], seconds: u64, mut send: impl FnMut(&[u8])) -> Answered {
        let Some(segment) = Segment::read(frame) else { return Answered::Nothing };
        let now = seconds / COOKIE_SECONDS;
        if segment.opens() {
            let flags = Flags { syn: true, ..Flags::default() };
            segment.reply(self.cookie(&segment, now), segment.end(), flags, &[], &mut send);
            return Answered::Opened;
        }
        // Bytes that the client has of what follows a cookie.
        let behind =
            |cookie: u32| segment.acknowledges().map(|next| next.wrapping_sub(cookie).wrapping_sub(1));
        let known = [now, now.wrapping_sub(1)].map(|when| behind(self.cookie(&segment, when)));
        // The page, and its FIN.
        let Some(has) =
            known.into_iter().flatten().map(|has| has as usize).find(|has| *has <= ANSWER_LIMIT + 1)
        else {
            return Answered::Nothing;
        };
        self.go_on(&segment, has, &mut send)
    }

    /// Answers a segment of a connection of ours, of which the client has so many bytes.
    fn go_on(&self, segment: &Segment<'_>, has: usize, send: &mut impl FnMut(&[u8])) -> Answered {
        let wish = wish(segment.payload);
        let answer = match &wish {
            Some(Wish::Page { format, head_only }) => {
                self.page().response(*format, segment.client(), *head_only)
            }
            // RFC 8446, 6: a fatal alert, access_denied.
            Some(Wish::Alert) => vec![0x15, 3, 3, 0, 2, 2, 49],
            // It closes before it asked.
            None if segment.closes() && has == 0 => Vec::new(),
            // The rest of what it asked, or its end.
            None if has > 0 && (segment.closes() || segment.length > 0) => {
                segment.reply(segment.next(), segment.end(), Flags::default(), &[], send);
                return Answered::Closed;
            }
            None => return Answered::Nothing,
        };
        if has > answer.len() {
            segment.reply(segment.next(), segment.end(), Flags::default(), &[], send);
            return Answered::Closed;
        }
        let mut rest = answer.get(has..).unwrap_or_default();
        let mut sequence = segment.next();
        while rest.len() > SEGMENT {
            let (first, others) = rest.split_at(SEGMENT);
            // Not acknowledged yet: who does not get the rest asks again.
            segment.reply(sequence, segment.sequence, Flags::default(), first, send);
            (sequence, rest) = (sequence.wrapping_add(SEGMENT as u32), others);
        }
        segment.reply(sequence, segment.end(), Flags { fin: true, ..Flags::default() }, rest, send);
        match wish {
            Some(Wish::Page { .. }) => Answered::Page,
            Some(Wish::Alert) => Answered::Alert,
            None => Answered::Closed,
        }
    }

    /// What nobody can guess who does not get our packets.
    fn cookie(&self, segment: &Segment<'_>, when: u64) -> u32 {
        let mut hash = SipHasher13::new_with_key(&self.key);
        for address in [segment.client(), segment.local()] {
            match address {
                IpAddr::V4(v4) => hash.write(&v4.octets()),
                IpAddr::V6(v6) => hash.write(&v6.octets()),
            }
        }
        let (client, local) = segment.ports();
        hash.write_u16(client);
        hash.write_u16(local);
        hash.write_u64(when);
        hash.finish() as u32
    }
}

#[cfg(test)]
mod tests;

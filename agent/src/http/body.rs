//! A body as it comes: counted, kept up to a limit.

use super::{
    chunked::{Chunked, Outcome},
    framing::Framing,
    message::Anomaly,
};

/// A rest shorter than this is not worth telling the tap to skip.
const WORTH_SKIPPING: u64 = 16 * 1024;
/// Most that one `Skip` says: half the reach of a 32-bit sequence number, so that what is compared
/// with it never wraps.
const MAX_SKIP: u64 = 1 << 30;

#[derive(Debug)]
enum Region {
    /// So many bytes left.
    Length(u64),
    Chunked(Chunked),
    /// Until the sender closes.
    UntilClose,
    /// Can't be told.
    Unknown,
    /// All of it came.
    Done,
}

/// Reads a body.
#[derive(Debug)]
pub(super) struct BodyReader {
    region: Region,
    kept: Vec<u8>,
    /// Bytes that may still be kept. 0 once content was missed: nothing is joined over a hole.
    room: usize,
    /// Content bytes that went by, seen or not.
    wire_len: u64,
    /// Content went by that is not in `kept`.
    missed: bool,
    /// Trailer section of a chunked body.
    trailer: Vec<u8>,
    anomalies: Vec<Anomaly>,
    /// Bytes of it came, or were missed.
    touched: bool,
    /// Bytes the tap was already told to skip.
    told: u64,
}

/// What was read of a body, still coded.
#[derive(Debug)]
pub(super) struct Raw {
    pub data: Vec<u8>,
    pub wire_len: u64,
    pub cut: bool,
    pub trailer: Vec<u8>,
    pub anomalies: Vec<Anomaly>,
}

impl BodyReader {
    pub fn new(framing: Framing, limit: usize) -> Self {
        let region = match framing {
            Framing::None | Framing::Length(0) => Region::Done,
            Framing::Length(n) => Region::Length(n),
            Framing::Chunked => Region::Chunked(Chunked::new()),
            Framing::UntilClose => Region::UntilClose,
            Framing::Unknown => Region::Unknown,
        };
        Self {
            region,
            kept: Vec::new(),
            room: limit,
            wire_len: 0,
            missed: false,
            trailer: Vec::new(),
            anomalies: Vec::new(),
            touched: false,
            told: 0,
        }
    }

    /// All of it came.
    pub fn is_done(&self) -> bool {
        matches!(self.region, Region::Done)
    }

    /// Where it ends can't be told.
    pub fn is_unknown(&self) -> bool {
        matches!(self.region, Region::Unknown)
    }

    /// Nothing of it came yet.
    pub fn is_untouched(&self) -> bool {
        !self.touched
    }

    /// There is more of it than will be kept: it need not be waited for.
    pub fn is_over(&self) -> bool {
        self.missed || (self.room == 0 && matches!(self.region, Region::Length(_)))
    }

    /// Memory held.
    pub fn capacity(&self) -> usize {
        let chunked = if let Region::Chunked(c) = &self.region { c.capacity() } else { 0 };
        self.kept.capacity() + self.trailer.capacity() + chunked
    }

    /// Reads on. Returns the bytes used; fewer than all only when the body is done.
    pub fn feed(&mut self, data: &[u8]) -> usize {
        self.touched = true;
        match &mut self.region {
            Region::Done => 0,
            Region::Length(left) => {
                let n = data.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= n as u64;
                if *left == 0 {
                    self.region = Region::Done;
                }
                self.content(data.get(..n).unwrap_or(data));
                n
            }
            Region::Chunked(_) => self.feed_chunked(data),
            Region::UntilClose | Region::Unknown => {
                self.content(data);
                data.len()
            }
        }
    }

    fn feed_chunked(&mut self, data: &[u8]) -> usize {
        let Region::Chunked(mut chunked) = std::mem::replace(&mut self.region, Region::Done) else {
            return 0;
        };
        let mut anomalies = std::mem::take(&mut self.anomalies);
        let (used, outcome) = chunked.feed(data, &mut anomalies, |content| self.content(content));
        self.anomalies = anomalies;
        match outcome {
            Outcome::More => {
                self.region = Region::Chunked(chunked);
                used
            }
            Outcome::Done => {
                self.trailer = chunked.into_trailer();
                used
            }
            Outcome::Bad => {
                self.region = Region::Unknown;
                used + self.feed(data.get(used..).unwrap_or_default())
            }
        }
    }

    fn content(&mut self, bytes: &[u8]) {
        let n = bytes.len().min(self.room);
        self.kept.extend_from_slice(bytes.get(..n).unwrap_or(bytes));
        self.room -= n;
        self.missed |= n < bytes.len();
        self.pass(bytes.len() as u64);
    }

    fn pass(&mut self, n: u64) {
        self.wire_len = self.wire_len.saturating_add(n);
        self.told = self.told.saturating_sub(n);
    }

    /// Its end is told by the chunked coding.
    pub fn is_chunked(&self) -> bool {
        matches!(self.region, Region::Chunked(_))
    }

    /// Bytes are missing. True: they are content, and where the body ends is still known.
    pub fn gap(&mut self, len: u32, skipped: bool) -> bool {
        let mut len = u64::from(len);
        let passed = match &mut self.region {
            Region::Length(left) => {
                // Sequence numbers tell a length modulo 2^32. A tap that skips, skips to the end.
                if skipped && *left > u64::from(u32::MAX) && *left & u64::from(u32::MAX) == len {
                    len = *left;
                }
                let fits = len > 0 && len <= *left;
                if fits {
                    *left -= len;
                    if *left == 0 {
                        self.region = Region::Done;
                    }
                }
                fits
            }
            Region::Chunked(chunked) => chunked.pass(len),
            Region::UntilClose | Region::Unknown | Region::Done => false,
        };
        self.touched = true;
        self.missed = true;
        self.room = 0;
        if passed {
            self.pass(len);
        }
        passed
    }

    /// How many of the next bytes are content that will not be kept.
    pub fn unneeded(&self) -> u64 {
        match &self.region {
            _ if !self.is_over() => 0,
            Region::Length(left) => *left,
            Region::Chunked(chunked) => chunked.data_left(),
            _ => 0,
        }
    }

    /// A skip worth telling, once for the same bytes.
    pub fn skip(&mut self) -> Option<u64> {
        let bytes = self.unneeded().min(MAX_SKIP);
        if bytes <= WORTH_SKIPPING || self.told > 0 {
            return None;
        }
        self.told = bytes;
        Some(bytes)
    }

    /// Takes what was kept. The reader goes on counting what is still to come.
    pub fn take(&mut self) -> Raw {
        // A close ends it properly when it ends in no other way.
        let complete = matches!(self.region, Region::Done | Region::UntilClose | Region::Unknown);
        let rest = if let Region::Length(left) = self.region { left } else { 0 };
        let raw = Raw {
            data: std::mem::take(&mut self.kept),
            wire_len: self.wire_len.saturating_add(if self.is_over() { rest } else { 0 }),
            cut: self.missed || !complete,
            trailer: std::mem::take(&mut self.trailer),
            anomalies: std::mem::take(&mut self.anomalies),
        };
        self.room = 0;
        self.missed = true;
        raw
    }
}

//! What is known of a connection because it speaks TLS.

use std::{mem, sync::Arc};

use picket_common::conn::Direction;

use crate::{
    capture::Segment,
    limits,
    stream::{self, Piece, Reassembler, StreamStats},
    time::Ktime,
    tls::hello::{Answer, ClientHello, Progress, ServerHello, TlsFacts},
};

/// The TLS of a connection.
#[derive(Default)]
pub struct Tls {
    /// The process whose library gives out its plaintext; `None`: nothing was seen of it.
    pub pid: Option<u32>,
    /// What the two hellos say, as far as they were seen.
    pub facts: Option<Arc<TlsFacts>>,
    handshake: Option<Box<Handshake>>,
    /// Both hellos are read, or can't be.
    over: bool,
}

/// A handshake that is being read.
struct Handshake {
    client: Half,
    service: Half,
}

/// The first bytes of a direction.
struct Half {
    stream: Reassembler,
    bytes: Vec<u8>,
    over: bool,
}

impl Tls {
    /// Reads a part of the handshake.
    pub fn handshake(&mut self, segment: &Segment<'_>, now: Ktime, stats: &mut StreamStats) {
        if self.over {
            return;
        }
        let handshake = self
            .handshake
            .get_or_insert_with(|| Box::new(Handshake { client: Half::new(), service: Half::new() }));
        match segment.direction {
            Direction::Ingress => {
                let read = handshake.client.take(segment, now, stats, ClientHello::read);
                if let Some(hello) = read {
                    self.facts = Some(Arc::new(TlsFacts::offered(&hello)));
                }
            }
            Direction::Egress => {
                let read = handshake.service.take(segment, now, stats, ServerHello::read);
                if let Some(Answer::Hello(hello)) = read {
                    Arc::make_mut(self.facts.get_or_insert_default()).answered(&hello);
                }
                // The service has heard enough of the client.
                handshake.client.over = true;
            }
        }
        if handshake.client.over && handshake.service.over {
            self.handshake = None;
            self.over = true;
        }
    }

    /// Says which library gives out its plaintext.
    pub fn set_library(&mut self, library: &str) {
        let known = self.facts.as_deref().and_then(|facts| facts.library.as_deref());
        if known != Some(library) {
            Arc::make_mut(self.facts.get_or_insert_default()).library = Some(library.into());
        }
    }

    /// Memory it holds, bytes.
    pub fn memory(&self) -> usize {
        let handshake = self.handshake.as_deref().map_or(0, |handshake| {
            mem::size_of::<Handshake>() + handshake.client.held() + handshake.service.held()
        });
        mem::size_of::<Self>() + handshake + self.facts.as_deref().map_or(0, TlsFacts::memory)
    }
}

impl Half {
    fn new() -> Self {
        Self { stream: Reassembler::new(stream::Limits::default()), bytes: Vec::new(), over: false }
    }

    fn take<T>(
        &mut self,
        segment: &Segment<'_>,
        now: Ktime,
        stats: &mut StreamStats,
        read: impl Fn(&[u8]) -> Progress<T>,
    ) -> Option<T> {
        if self.over {
            return None;
        }
        let (bytes, over) = (&mut self.bytes, &mut self.over);
        self.stream.push(segment, now, stats, |piece| match piece {
            Piece::Data(data) => {
                let room = limits::TLS_HELLO.saturating_sub(bytes.len());
                bytes.extend_from_slice(data.get(..room).unwrap_or(data));
            }
            // What follows does not belong to what is there.
            Piece::Gap { .. } => *over = true,
        });
        let progress = read(&self.bytes);
        self.over |= !matches!(progress, Progress::NeedMore);
        if self.over {
            self.bytes = Vec::new();
        }
        match progress {
            Progress::Done(done) => Some(done),
            Progress::NeedMore | Progress::NotTls(_) => None,
        }
    }

    fn held(&self) -> usize {
        self.bytes.capacity() + self.stream.held()
    }
}

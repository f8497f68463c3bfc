//! TLS over a TCP socket: rustls, and a hand on what becomes a record and what a segment.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};

use crate::client::request::HOST;

/// How records are handed to the kernel. Each write of the application is a record of its own (or several, if it is
/// long), and each write to the socket a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A record in one write.
    No,
    /// Writes of so many bytes, whatever the records are.
    Segments(usize),
    /// Records wait for a flush: many in one write.
    Held,
    /// The hello in records of so many bytes, all in one write; then as [`Cut::No`].
    Hello(usize),
}

/// One side of a TLS connection.
pub struct Channel {
    tls: ClientConnection,
    socket: TcpStream,
    /// How records are handed to the kernel from now on.
    pub cut: Cut,
}

impl Channel {
    /// Over a connected socket; nothing is sent yet.
    pub fn new(socket: TcpStream, config: Arc<ClientConfig>, cut: Cut) -> Result<Self> {
        let tls = ClientConnection::new(config, ServerName::try_from(HOST)?)?;
        Ok(Self { tls, socket, cut })
    }

    /// Shakes hands, with `early` as early data if it is not empty and a session allows; gives whether the service
    /// took that.
    pub fn shake_hands(&mut self, early: &[u8]) -> Result<bool> {
        if !early.is_empty()
            && let Some(mut writer) = self.tls.early_data()
        {
            writer.write_all(early).context("early data")?;
        }
        while self.tls.is_handshaking() {
            self.send()?;
            if self.tls.is_handshaking() {
                self.receive()?;
            }
        }
        self.send()?;
        Ok(self.tls.is_early_data_accepted())
    }

    /// How the hands were shaken.
    pub fn handshake(&self) -> Option<HandshakeKind> {
        self.tls.handshake_kind()
    }

    /// Takes new keys, and asks the service to do so with its next record (TLS 1.3).
    pub fn update_keys(&mut self) -> Result<()> {
        self.tls.refresh_traffic_keys()?;
        Ok(self.send()?)
    }

    /// Says that nothing more will be sent (`close_notify`), as by the book.
    pub fn finish(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        self.send()
    }

    /// Hands all records to the kernel.
    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.cut {
                Cut::Hello(size) => {
                    let mut first = Vec::new();
                    self.tls.write_tls(&mut first)?;
                    self.cut = Cut::No;
                    self.socket.write_all(&in_records(&first, size))?;
                    continue;
                }
                Cut::Segments(size) => {
                    self.tls.write_tls(&mut Pieces { socket: &self.socket, size: size.max(1) })?
                }
                Cut::No | Cut::Held => self.tls.write_tls(&mut self.socket)?,
            };
        }
        Ok(())
    }

    /// Takes in what has come, or the end.
    fn receive(&mut self) -> io::Result<()> {
        let ended = self.tls.read_tls(&mut self.socket)? == 0;
        let state = self.tls.process_new_packets();
        if let Err(error) = state {
            // The alert that tells the service.
            let _ = self.send();
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        if ended && self.tls.is_handshaking() {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "closed during the handshake"));
        }
        Ok(())
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            self.send()?;
            self.receive()?;
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.tls.writer().write(bytes)?;
        if written == 0 && !bytes.is_empty() {
            self.send()?;
            written = self.tls.writer().write(bytes)?;
        }
        if self.cut != Cut::Held {
            self.send()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// What begins with a record, that one's content in records of so many bytes.
fn in_records(bytes: &[u8], size: usize) -> Vec<u8> {
    let Some(([kind, major, minor, high, low], rest)) = bytes.split_first_chunk::<5>() else {
        return bytes.to_vec();
    };
    let (content, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(rest.len()));
    let mut cut = Vec::new();
    for piece in content.chunks(size.max(1)) {
        let [high, low] = u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes();
        cut.extend([*kind, *major, *minor, high, low]);
        cut.extend(piece);
    }
    cut.extend(rest);
    cut
}

/// A socket that takes no more than so many bytes a write.
struct Pieces<'s> {
    socket: &'s TcpStream,
    size: usize,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = bytes.get(..self.size).unwrap_or(bytes);
        self.socket.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

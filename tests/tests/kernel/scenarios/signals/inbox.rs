//! Who takes notifications, in each of the ways in which they come, and keeps what was said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::netns::Netns;

/// How it is spoken to.
#[derive(Clone, Copy)]
pub enum Speech {
    /// HTTP: a webhook, Slack, OTLP.
    Http,
    /// A mail server without TLS.
    Mail,
    /// Syslog over TCP: whatever comes.
    Stream,
}

/// A message: what says who may send it, and what it says.
#[derive(Clone, Default)]
pub struct Message {
    /// Request line and header fields of HTTP, the login of a mail.
    pub envelope: Vec<u8>,
    /// A body, a mail with its fields.
    pub content: Vec<u8>,
}

/// An open ear. It listens until it is dropped.
pub struct Inbox {
    /// Where it listens.
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Message>>>,
    over: Arc<AtomicBool>,
}

impl Inbox {
    /// Listens on an address of a network namespace.
    pub fn open(netns: &Netns, ip: IpAddr, speech: Speech) -> Result<Self> {
        let listener = netns.enter(|| TcpListener::bind((ip, 0)))?.context("listen for notifications")?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (taken, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let inbox = Self { address, taken: Arc::clone(&taken), over: Arc::clone(&over) };
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                let taken = Arc::clone(&taken);
                std::thread::spawn(move || converse(stream, speech, &taken));
            }
        });
        Ok(inbox)
    }

    /// What was said so far.
    pub fn messages(&self) -> Vec<Message> {
        self.taken.lock().map(|taken| taken.clone()).unwrap_or_default()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// One connection. Whoever stops in the middle has said nothing.
fn converse(stream: TcpStream, speech: Speech, taken: &Mutex<Vec<Message>>) -> Option<()> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut reader = BufReader::new(stream);
    if matches!(speech, Speech::Mail) {
        reader.get_mut().write_all(b"220 mail.example ESMTP\r\n").ok()?;
    }
    loop {
        let message = match speech {
            Speech::Http => request(&mut reader)?,
            Speech::Mail => mail(&mut reader)?,
            Speech::Stream => {
                let mut message = Message::default();
                reader.read_to_end(&mut message.content).ok()?;
                message
            }
        };
        if let Ok(mut taken) = taken.lock() {
            taken.push(message);
        }
        match speech {
            Speech::Http => {
                let answer =
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
                reader.get_mut().write_all(answer).ok()?;
            }
            Speech::Mail => reader.get_mut().write_all(b"250 taken\r\n").ok()?,
            Speech::Stream => return Some(()),
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Message> {
    let mut message = Message::default();
    let mut length = 0;
    loop {
        let line = line(reader)?;
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        message.envelope.extend_from_slice(&line);
        if text.trim().is_empty() {
            break;
        }
    }
    message.content = vec![0; length];
    reader.read_exact(&mut message.content).ok()?;
    Some(message)
}

/// Up to the end of a mail (RFC 5321), which is not yet confirmed.
fn mail(reader: &mut BufReader<TcpStream>) -> Option<Message> {
    let mut message = Message::default();
    loop {
        let line = line(reader)?;
        message.envelope.extend_from_slice(&line);
        let word = String::from_utf8_lossy(&line).trim_end().to_ascii_uppercase();
        let answer: &[u8] = match word.split(' ').next().unwrap_or_default() {
            "EHLO" => b"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH" => b"235 welcome\r\n",
            "QUIT" => b"221 bye\r\n",
            "DATA" => b"354 go on\r\n",
            _ => b"250 fine\r\n",
        };
        reader.get_mut().write_all(answer).ok()?;
        if word == "DATA" {
            break;
        }
    }
    loop {
        let line = line(reader)?;
        if line == b".\r\n" {
            return Some(message);
        }
        // Quoted-printable (RFC 2045 section 6.7): a line that goes on.
        match line.strip_suffix(b"=\r\n") {
            Some(part) => message.content.extend_from_slice(part),
            None => message.content.extend_from_slice(&line),
        }
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    (reader.read_until(b'\n', &mut line).ok()? > 0).then_some(line)
}

//! Syslog: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octet counting) and TLS (RFC 5425).

use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::UdpSocket,
};

use super::{
    cef,
    error::Failure,
    letter::{Letter, cut, one_line},
    message::Notification,
    route::Parcel,
    tls::{Trust, tcp},
    url::HostPort,
};
use crate::{
    config::{Format, Transport},
    detect::Severity,
    limits,
};

/// How long a receiver is given to close the connection after us. One that takes what it gets closes, or says nothing;
/// one that does not sends a reset.
const CLOSING: Duration = Duration::from_secs(1);
/// How long to wait for word that nobody listens (ICMP).
const UNREACHABLE: Duration = Duration::from_millis(100);
/// The number that RFC 5612 reserves for examples: Picket has none of its own.
const ENTERPRISE: &str = "picket@32473";

/// A syslog receiver.
pub(super) struct Syslog {
    pub address: HostPort,
    pub transport: Transport,
    pub format: Format,
    pub facility: u8,
    /// For TLS.
    pub trust: Option<Trust>,
}

/// What stands before a message.
#[derive(Clone, Copy, Debug)]
pub struct Header<'h> {
    /// 0 to 23.
    pub facility: u8,
    /// Of this machine.
    pub host: &'h str,
    /// Of the agent.
    pub process: u32,
    /// What the message is.
    pub format: Format,
    /// Bytes of the whole line.
    pub most: usize,
}

impl Syslog {
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<String, Failure> {
        let header = Header {
            facility: self.facility,
            host: parcel.host,
            process: std::process::id(),
            format: self.format,
            most: match self.transport {
                Transport::Udp => limits::SYSLOG_UDP,
                Transport::Tcp | Transport::Tls => limits::SYSLOG_STREAM,
            },
        };
        let line = line(&header, parcel.notification, parcel.letter);
        let to = &self.address;
        match (self.transport, &self.trust) {
            (Transport::Udp, _) => self.datagram(line.as_bytes()).await?,
            (Transport::Tls, Some(trust)) => {
                counted(trust.connect(to, tcp(to).await?).await?, &line, to).await?
            }
            (Transport::Tcp | Transport::Tls, _) => counted(tcp(to).await?, &line, to).await?,
        }
        Ok(format!("sent to {to}; syslog has no receipts"))
    }

    async fn datagram(&self, line: &[u8]) -> Result<(), Failure> {
        let to = &self.address;
        let failed = |error: std::io::Error| Failure::again(format!("can't send to {to}: {error}"));
        let mut addresses = tokio::net::lookup_host((to.host.as_str(), to.port())).await.map_err(failed)?;
        let address = addresses.next().ok_or_else(|| Failure::again(format!("{to} has no address")))?;
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
            SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
        };
        let socket = UdpSocket::bind(any).await.map_err(failed)?;
        socket.connect(address).await.map_err(failed)?;
        socket.send(line).await.map_err(failed)?;
        // The only word there is: on a connected socket, that the port is closed.
        let mut nothing = [0; 1];
        match tokio::time::timeout(UNREACHABLE, socket.recv(&mut nothing)).await {
            Ok(Err(error)) => Err(failed(error)),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

/// Sends one message with its length before it, and waits for the other end to close.
async fn counted<S>(mut stream: S, line: &str, to: &HostPort) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |error: std::io::Error| Failure::again(format!("can't send to {to}: {error}"));
    let frame = format!("{} {line}", line.len());
    stream.write_all(frame.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    stream.shutdown().await.map_err(failed)?;
    let closed = async {
        let mut said = [0; 256];
        while stream.read(&mut said).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    match tokio::time::timeout(CLOSING, closed).await {
        // TLS ends without a close_notify are usual here, and nothing is read.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
        Ok(closed) => closed.map_err(failed),
        Err(_) => Ok(()),
    }
}

/// The line that is sent (RFC 5424 section 6).
#[must_use]
pub fn line(header: &Header<'_>, notification: &Notification, letter: &Letter) -> String {
    let priority = u16::from(header.facility) * 8 + severity(letter.severity);
    let mut line = format!(
        "<{priority}>1 {} {} picket {} {} ",
        timestamp(notification.time),
        name(header.host, 255),
        header.process,
        name(notification.event(), 32),
    );
    match header.format {
        Format::Cef => {
            // CEF stands right behind the header; a byte order mark before it would hide it from its readers.
            line.push_str("- ");
            let room = header.most.saturating_sub(line.len());
            line.push_str(&cef::line(notification, letter, header.host, room));
        }
        Format::Rfc5424 => {
            line.push_str(&structured(notification));
            line.push(' ');
            let text = format!("{}: {}", letter.title, one_line(&letter.text));
            let text = text.trim_end_matches([' ', ':']);
            // Text that is not ASCII says so (section 6.4).
            if !text.is_ascii() {
                line.push('\u{feff}');
            }
            let room = header.most.saturating_sub(line.len());
            line.push_str(cut(text, room));
        }
    }
    line
}

/// RFC 5424 section 6.2.1.
fn severity(severity: Severity) -> u16 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    }
}

/// At most six digits behind the point (section 6.2.3).
fn timestamp(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// Printable ASCII without spaces, of at most so many characters; nothing is `-`.
fn name(text: &str, most: usize) -> String {
    let name: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// Structured data (section 6.3).
fn structured(notification: &Notification) -> String {
    let mut data = format!("[{ENTERPRISE}");
    let mut parameter = |name: &str, value: &str| {
        let value = one_line(cut(value, 128));
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
        data.push_str(&format!(" {name}=\"{value}\""));
    };
    parameter("id", &notification.id);
    parameter("severity", notification.severity().name());
    if let Some(signal) = notification.signal() {
        parameter("signal", &signal.id.to_string());
        parameter("rule", &signal.rule);
        parameter("events", &signal.counts.events.to_string());
        for (name, values) in
            [("service", &signal.services), ("actor", &signal.actors), ("user", &signal.users)]
        {
            if let Some(value) = values.first() {
                parameter(name, value);
            }
        }
    }
    data.push(']');
    data
}

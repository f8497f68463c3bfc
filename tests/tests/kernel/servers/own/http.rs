//! HTTP/1.1 as little as a server needs, over any way of reading and writing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Serves connections, a thread each: 200 under `/t/`, else 404.
pub fn serve<S: Read + Write + 'static>(
    listener: &TcpListener,
    log: &File,
    accept: impl Fn(&TcpListener) -> io::Result<TcpStream>,
    through: fn(TcpStream) -> io::Result<S>,
) -> io::Result<()> {
    loop {
        let stream = accept(listener)?;
        let log = log.try_clone()?;
        std::thread::spawn(move || {
            let peer = stream.peer_addr()?;
            stream.set_nodelay(true)?;
            connection(&mut BufReader::new(through(stream)?), peer, &log)
        });
    }
}

/// accept(2).
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    listener.accept().map(|(stream, _)| stream)
}

fn connection<S: Read + Write>(
    stream: &mut BufReader<S>,
    peer: SocketAddr,
    mut log: &File,
) -> io::Result<()> {
    loop {
        let first = line(stream)?;
        if first.is_empty() {
            return Ok(());
        }
        let mut words = first.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let mut close = words.next() == Some("HTTP/1.0");
        let (mut length, mut chunked, mut expects) = (0, false, false);
        loop {
            let field = line(stream)?;
            let Some((name, value)) = field.split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(|_| malformed("content-length"))?,
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "expect" => expects = value.eq_ignore_ascii_case("100-continue"),
                "connection" => close |= value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        if expects {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        skip(stream, length)?;
        while chunked {
            let size = u64::from_str_radix(&line(stream)?, 16).map_err(|_| malformed("chunk size"))?;
            skip(stream, size)?;
            line(stream)?;
            chunked = size > 0;
        }
        let (status, reason) = if target.starts_with("/t/") { (200, "OK") } else { (404, "Not Found") };
        let access = format!("{} {} {method} {target} {status}\n", peer.ip().to_canonical(), peer.port());
        log.write_all(access.as_bytes())?;
        let body = if method == "HEAD" { "" } else { "ok\n" };
        let answer = format!("HTTP/1.1 {status} {reason}\r\nContent-Length: 3\r\n\r\n{body}");
        stream.get_mut().write_all(answer.as_bytes())?;
        if close {
            return Ok(());
        }
    }
}

/// The next line, without its end; empty at the end of the stream.
fn line<S: Read>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn skip<S: Read>(stream: &mut BufReader<S>, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(length), &mut io::sink())?;
    if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
}

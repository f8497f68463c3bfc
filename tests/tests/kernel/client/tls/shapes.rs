//! What a load has too little of: early data, upgrades, pipelines, hellos in many segments, new keys, HTTP/2,
//! renegotiation.

use anyhow::{Context, Result, ensure};

use super::programs::{http2, renegotiated};
use super::requests::Question;
use super::{Client, Cut, Manner, Version};
use crate::client::Split;
use crate::ledger::Ledger;
use crate::patience::in_vm;
use crate::servers::Server;
use crate::servers::tls::Gives;

/// Sends a request or a few in each shape that the service gives; names the shapes.
pub fn every_shape(
    server: &Server,
    client: &Client,
    gives: Gives,
    ledger: &mut Ledger,
) -> Result<Vec<&'static str>> {
    type Shape = fn(&Server, &Client, &mut Ledger) -> Result<()>;
    let shapes: [(&str, bool, Shape); 10] = [
        ("pipelined", gives.pipelines, pipelined),
        ("hello in pieces", true, hello_in_pieces),
        ("hello in records", true, hello_in_records),
        ("early data", gives.early, early_data),
        ("keys updated", true, keys_updated),
        ("WebSocket", gives.websocket, websocket),
        ("renegotiated", gives.renegotiates, renegotiated),
        // A machine of the kernel matrix has no curl.
        ("HTTP/2", gives.http2 && !in_vm(), http2),
        ("resumed, TLS 1.2", gives.resumes[0], |s, c, l| resumed(s, c, Version::V12, l)),
        ("resumed, TLS 1.3", gives.resumes[1], |s, c, l| resumed(s, c, Version::V13, l)),
    ];
    let mut ran = Vec::new();
    for (name, given, shape) in shapes {
        if given {
            shape(server, client, ledger).with_context(|| format!("shape {name}"))?;
            ran.push(name);
        }
    }
    Ok(ran)
}

/// Three requests in one record, and in three records of one segment.
fn pipelined(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    for version in Version::ALL {
        let manner = Manner { version, ..Manner::nth(0) };
        let mut connection = client.connect(server, manner)?;
        for cut in [Cut::No, Cut::Held] {
            let questions = [Question::small(), Question::small(), Question::small()];
            let heads = questions.each_ref().map(|q| q.request.encode());
            connection.stream_mut().cut = cut;
            if cut == Cut::No {
                connection.send(&heads.concat(), Split::Whole)?;
            } else {
                let longest = heads.iter().map(Vec::len).max().unwrap_or(1);
                connection.send(&heads.concat(), Split::Pieces(longest))?;
            }
            for question in questions {
                question.heed(server, &mut connection, ledger)?;
            }
        }
    }
    Ok(())
}

/// The ClientHello, and all else, five bytes a segment.
fn hello_in_pieces(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    for version in Version::ALL {
        let manner = Manner { version, cut: Cut::Segments(5), ..Manner::nth(0) };
        let mut connection = client.connect(server, manner)?;
        let question = Question::small();
        connection.send(&question.request.encode(), Split::Whole)?;
        question.heed(server, &mut connection, ledger)?;
    }
    Ok(())
}

/// The `ClientHello` in records of one byte and of 20: its random is in several.
fn hello_in_records(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    for version in Version::ALL {
        for size in [1, 20] {
            let manner = Manner { version, cut: Cut::Hello(size), ..Manner::nth(0) };
            let mut connection = client.connect(server, manner)?;
            let question = Question::small();
            question.ask(&mut connection)?;
            question.heed(server, &mut connection, ledger)?;
        }
    }
    Ok(())
}

/// A request in the first flight, and one after it.
fn early_data(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    // The session that allows it comes with the first answer.
    let (mut connection, _) = client.connect_early(server, b"")?;
    let question = Question::small();
    question.ask(&mut connection)?;
    question.heed(server, &mut connection, ledger)?;
    let question = Question::small();
    let (mut connection, taken) = client.connect_early(server, &question.request.encode())?;
    ensure!(taken, "the service did not take early data");
    question.heed(server, &mut connection, ledger)?;
    let after = Question::small();
    after.ask(&mut connection)?;
    after.heed(server, &mut connection, ledger)
}

/// Requests before and after both sides got new keys (RFC 8446 section 4.6.3), twice.
fn keys_updated(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    let manner = Manner { version: Version::V13, ..Manner::nth(0) };
    let mut connection = client.connect(server, manner)?;
    for last in [false, false, true] {
        for _ in 0..2 {
            let question = Question::small();
            question.ask(&mut connection)?;
            question.heed(server, &mut connection, ledger)?;
        }
        if !last {
            connection.stream_mut().update_keys()?;
        }
    }
    Ok(())
}

/// A connection that resumes the session of one before.
fn resumed(server: &Server, client: &Client, version: Version, ledger: &mut Ledger) -> Result<()> {
    let manner = Manner { version, resume: true, ..Manner::nth(0) };
    let before = client.handshakes().1[version.index()];
    for _ in 0..2 {
        let mut connection = client.connect(server, manner)?;
        let question = Question::small();
        question.ask(&mut connection)?;
        question.heed(server, &mut connection, ledger)?;
        connection.stream_mut().finish()?;
    }
    let after = client.handshakes().1[version.index()];
    ensure!(after > before, "no session of {version:?} was resumed");
    Ok(())
}

/// An upgrade, and a frame there and back (RFC 6455 section 5.2).
fn websocket(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    let mut connection = client.connect(server, Manner::nth(0))?;
    let mut question = Question::other("/ws/", 101);
    question.request = question
        .request
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    question.ask(&mut connection)?;
    let head = connection.receive_head()?;
    question.check(&head)?;
    let accept = head.header("sec-websocket-accept");
    ensure!(accept == Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the upgrade was answered with {accept:?}");
    ledger.enter(&server.service, connection.local(), &question.request, 101);
    let (text, mask) = (b"GET /not/a/request HTTP/1.1\r\n\r\n", [1, 2, 3, 4]);
    let masked = |text: &[u8]| -> Vec<u8> {
        text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
    };
    let frame = [&[0x81, 0x80 | 31][..], &mask, &masked(text)].concat();
    connection.send(&frame, Split::Whole)?;
    // Unmasked as by the book, or as it went.
    let [first, length] = connection.bytes()?;
    ensure!(first == 0x81 && length & 0x7f == 31, "a frame begins with {first:x} {length:x}");
    if length & 0x80 != 0 {
        let _mask: [u8; 4] = connection.bytes()?;
    }
    let echo: [u8; 31] = connection.bytes()?;
    let echo = if length & 0x80 == 0 { echo.to_vec() } else { masked(&echo) };
    ensure!(echo == text, "the frame came back as {:?}", String::from_utf8_lossy(&echo));
    Ok(())
}

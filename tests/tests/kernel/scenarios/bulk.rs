//! Much data: bodies and streams that are not worth sending to user space, and arrive unchanged.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

use crate::agent::{Installation, Stats};
use crate::client::{Connection, From, Request, Split};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{in_vm, wait_until};
use crate::random::{Crc32, Random};
use crate::servers::own::{self, Way};
use crate::servers::{Place, Server, nginx, python};
use crate::site::Site;
use crate::workload::{self, gets, mark};

/// What is not HTTP is given up after its first bytes, and costs nothing from then on.
pub fn not_http(site: &Site) -> Result<Vec<String>> {
    const LENGTH: usize = 10 << 20;
    // A request's budget for each: what was on its way before the agent had judged the first bytes.
    const MOST: u64 = 8 * 64 * 1024;
    let echo = own::start(&Place::host(site)?, Way::Echo)?;
    let banner = own::start(&Place::host(site)?, Way::BannerEcho)?;
    let web = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    // The first bytes of a few protocols: Redis, SSH, TLS (RFC 8446 section 5.1), HTTP/2 (RFC 9113 section 3.4).
    let firsts: [(&Server, &[u8]); 4] = [
        (&echo, b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"),
        (&banner, b"SSH-2.0-OpenSSH_9.2\r\n"),
        (&echo, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        (&echo, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ];
    let before = installation.stats()?;
    for v6 in [false, true] {
        for (server, first) in &firsts {
            let skip =
                if std::ptr::eq(*server, &raw const banner) { b"SSH-2.0-Picket_1\r\n".len() } else { 0 };
            echo_back(&server.connect(v6)?, first, LENGTH, skip)
                .with_context(|| String::from_utf8_lossy(first).into_owned())?;
        }
    }
    let mut ledger = Ledger::default();
    gets(&web, &mut web.connect(false)?, "beside", 3, &mut ledger)?;
    // Of TLS only the handshake is read.
    let given_up = |stats: &Stats| -> Option<u64> {
        Some(stats.kernel("connections_ignored").ok()? + stats.kernel("tls_handshakes").ok()?)
    };
    let after =
        wait_until("eight connections to be given up (connections_ignored, tls_handshakes)", 5, || {
            let now = installation.stats().ok()?;
            (given_up(&now)? >= given_up(&before)? + 8).then_some(now)
        })
        .with_context(|| installation.stats().map_or_else(|e| e.to_string(), |s| s.to_string()))?;
    let bytes = after.kernel("bytes")? - before.kernel("bytes")?;
    ensure!(bytes < MOST, "{bytes} bytes left the kernel for 8 connections that are not HTTP: {after}");
    agent.check(&ledger)?;
    Ok(vec![format!("8 connections of 2 × {LENGTH} bytes given up; {bytes} bytes left the kernel")])
}

/// Bulk transfers through the tap arrive as they were sent.
pub fn intact(site: &Site) -> Result<Vec<String>> {
    let length = if in_vm() { 8 << 20 } else { 64 << 20 };
    let server = own::start(&Place::host(site)?, Way::Echo)?;
    let netns = Arc::new(Netns::new()?);
    let other = Netns::new()?;
    netns.cable(
        "cable0",
        &["10.77.1.1/24", "fd77:1::1/64"],
        &other,
        "cable1",
        &["10.77.1.2/24", "fd77:1::2/64"],
    )?;
    let inside = own::start(&Place::inside(site, &netns)?, Way::Echo)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut ways = vec![server.connect(false)?, server.connect(true)?];
    for address in ["10.77.1.1", "fd77:1::1"] {
        let to = SocketAddr::new(address.parse()?, inside.service.port);
        ways.push(Connection::open(to, From { netns: Some(&other), source: None })?);
    }
    let count = ways.len();
    let before = installation.stats()?.kernel("packets")?;
    for connection in ways {
        // It begins like HTTP, so that the tap looks at it for as long as it ever would.
        echo_back(
            &connection,
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
            length,
            0,
        )?;
    }
    let tapped = installation.stats()?.kernel("packets")? - before;
    // The first packet each way of each, until the echoed request shows that no service of HTTP answers: it
    // is given up then, and the programs still run on each of the thousands that follow.
    ensure!(
        tapped >= 2 * count as u64,
        "only {tapped} packets went through the tap: the scenario shows nothing"
    );
    agent.stop()?;
    Ok(vec![format!("{count} transfers of 2 × {length} bytes intact (loopback and a cable, IPv4 and IPv6)")])
}

/// Sends `first` and then random bytes; checks that all of it comes back, after `skip` other bytes.
fn echo_back(connection: &Connection, first: &[u8], length: usize, skip: usize) -> Result<()> {
    let (mut write, mut read) = (connection.stream(), connection.stream());
    thread::scope(|scope| {
        let sender = scope.spawn(move || -> Result<()> {
            let mut random = Random::new(7);
            write.write_all(first)?;
            let mut left = length;
            while left > 0 {
                let size = 1 + random.below(100_000);
                let piece = random.bytes(size.min(left));
                write.write_all(&piece)?;
                left -= piece.len();
            }
            connection.finish()
        });
        let mut banner = vec![0; skip];
        read.read_exact(&mut banner)?;
        let mut begun = vec![0; first.len()];
        read.read_exact(&mut begun)?;
        ensure!(begun == first, "the first bytes came back changed");
        let mut random = Random::new(7);
        let mut at = 0;
        while at < length {
            let size = 1 + random.below(100_000);
            let expected = random.bytes(size.min(length - at));
            let mut got = vec![0; expected.len()];
            read.read_exact(&mut got).with_context(|| format!("after {at} of {length} bytes"))?;
            ensure!(got == expected, "bytes changed between {at} and {}", at + got.len());
            at += got.len();
        }
        ensure!(read.read(&mut [0])? == 0, "more came back than was sent");
        sender.join().map_err(|_| anyhow!("the sending thread panicked"))?
    })
}

/// Big bodies: reported like small ones, but next to nothing of them leaves the kernel.
pub fn big_bodies(site: &Site) -> Result<Vec<String>> {
    const MOST: u64 = 1 << 20;
    let length: usize = if in_vm() { 32 << 20 } else { 256 << 20 };
    let place = Place::host(site)?;
    let root = place.dir.display().to_string();
    let files =
        nginx::start_with(&place, &format!("location /big/ {{ root {root}; try_files /big.bin =404; }}"))?;
    Random::new(11).write_file(&place.file("big.bin"), length)?;
    let sums = python::start_http_server(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    let mut notes = Vec::new();
    let mut measure =
        |what: &str, ledger: &mut Ledger, transfer: &mut dyn FnMut(&mut Ledger) -> Result<()>| {
            let before = installation.stats()?;
            transfer(ledger).with_context(|| what.to_owned())?;
            // What was sent last has been read when it is reported: then the counters are complete.
            agent.wait_for(ledger.len());
            let after = installation.stats()?;
            let bytes = after.kernel("bytes")? - before.kernel("bytes")?;
            ensure!(bytes > 0, "{what}: the tap saw nothing of it: {after}");
            // Nobody knows where a chunked body ends: the ends of writes are sent, up to a sixteenth of it.
            let most = if what.starts_with("chunked") { MOST + length as u64 / 16 } else { MOST };
            ensure!(
                bytes < most,
                "{what} of {length} bytes: {bytes} bytes left the kernel, not under {most}: {after}"
            );
            notes.push(format!("{what} of {length} bytes: {bytes} bytes left the kernel"));
            Ok(())
        };
    for v6 in [false, true] {
        measure("download", &mut ledger, &mut |ledger| {
            let mut connection = files.connect(v6)?;
            download(&files, &mut connection, length, ledger)?;
            gets(&files, &mut connection, "after-download", 3, ledger)
        })?;
    }
    for (what, chunk) in [("upload", None), ("chunked upload", Some(64 * 1024))] {
        measure(what, &mut ledger, &mut |ledger| {
            let mut connection = sums.connect(false)?;
            upload(&sums, &mut connection, length, chunk, ledger)?;
            gets(&sums, &mut connection, "after-upload", 3, ledger)
        })?;
    }
    measure("upload that is answered at once", &mut ledger, &mut |ledger| {
        let mut connection = files.connect(false)?;
        let request = Request::new("POST", mark("upload")).header("Content-Length", length.to_string());
        send_upload(&mut connection, &request, length, None)?;
        let response = connection.receive("POST")?;
        workload::enter(&files, &connection, &request, &response, 200, ledger)?;
        gets(&files, &mut connection, "after-upload", 3, ledger)
    })?;
    ledger.check_access_log(&files)?;
    ledger.check_access_log(&sums)?;
    agent.check(&ledger)?;
    Ok(notes)
}

fn download(server: &Server, connection: &mut Connection, length: usize, ledger: &mut Ledger) -> Result<()> {
    let request = Request::new("GET", mark("download").replacen("/t/", "/big/", 1));
    connection.send(&request.encode(), Split::Whole)?;
    let mut random = Random::new(11);
    let mut at = 0;
    let response = connection.receive_into("GET", &mut |bytes| {
        ensure!(
            bytes == random.bytes(bytes.len()),
            "the download changed between {at} and {}",
            at + bytes.len()
        );
        at += bytes.len();
        Ok(())
    })?;
    ensure!(at == length, "{at} of {length} bytes were downloaded");
    workload::enter(server, connection, &request, &response, 200, ledger)
}

fn upload(
    server: &Server,
    connection: &mut Connection,
    length: usize,
    chunk: Option<usize>,
    ledger: &mut Ledger,
) -> Result<()> {
    let request = Request::new("POST", mark("upload").replacen("/t/", "/sum/", 1));
    let request = match chunk {
        None => request.header("Content-Length", length.to_string()),
        Some(_) => request.header("Transfer-Encoding", "chunked"),
    };
    let sum = send_upload(connection, &request, length, chunk)?;
    let response = connection.receive("POST")?;
    let theirs = String::from_utf8_lossy(&response.body).into_owned();
    ensure!(
        theirs == format!("{sum:08x}"),
        "the service read bytes with the checksum {theirs}, not {sum:08x}"
    );
    workload::enter(server, connection, &request, &response, 200, ledger)
}

/// Sends head and body, gives the CRC-32 of the body.
fn send_upload(
    connection: &mut Connection,
    request: &Request,
    length: usize,
    chunk: Option<usize>,
) -> Result<u32> {
    connection.send(&request.encode_head(), Split::Whole)?;
    let mut random = Random::new(13);
    let mut sum = Crc32::new();
    let mut left = length;
    while left > 0 {
        let piece = random.bytes(left.min(chunk.unwrap_or(64 * 1024)));
        sum.update(&piece);
        left -= piece.len();
        let bytes = match chunk {
            None => piece,
            Some(_) => [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat(),
        };
        connection.send(&bytes, Split::Whole)?;
    }
    if chunk.is_some() {
        connection.send(b"0\r\n\r\n", Split::Whole)?;
    }
    Ok(sum.value())
}

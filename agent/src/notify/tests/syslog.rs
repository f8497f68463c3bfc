//! Syslog over UDP, TCP and TLS.

use std::{
    io::Read as _,
    net::{TcpListener, UdpSocket},
    thread,
};

use super::{
    receiver::{server_config, stream},
    *,
};

fn syslog(transport: &str, address: &str, more: &str) -> Vec<NotifyTarget> {
    targets(&format!(
        "[[notify]]\nname = \"siem\"\ntype = \"syslog\"\naddress = \"{address}\"\ntransport = \"{transport}\"\n{more}\n"
    ))
}

#[test]
fn datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LONGEST)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let desk = Desk::new(syslog("udp", &address, "facility = \"local4\""));
    let courier = desk.courier();
    desk.put(&change(ChangeKind::Opened, 1));
    courier.wake();
    let mut buffer = [0; 65536];
    let length = socket.recv(&mut buffer).unwrap();
    let line = std::str::from_utf8(&buffer[..length]).unwrap();
    // local4 (20) and error (3).
    assert!(line.starts_with("<163>1 "), "{line}");
    assert!(
        line.ends_with("[HIGH] SQL injection 1: 203.0.113.7 tried SQL injection on shop 12 times."),
        "{line}"
    );
    until("ticked off", || desk.waiting() == 0);

    // Nobody listens any more: the kernel says so.
    drop(socket);
    let error = courier.test("siem").unwrap_err().to_string();
    assert!(error.contains("can't send"), "{error}");
}

/// Reads frames of RFC 6587 until the end.
fn frames(mut bytes: &[u8]) -> Vec<String> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|&byte| byte == b' ').expect("a length");
        let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().expect("a number");
        let (frame, rest) = bytes[space + 1..].split_at(length);
        frames.push(String::from_utf8(frame.to_vec()).expect("UTF-8"));
        bytes = rest;
    }
    frames
}

#[test]
fn streams() {
    let mut ran = 0;
    for tls in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("localhost:{}", listener.local_addr().unwrap().port());
        let (transport, config) = if tls { ("tls", Some(server_config())) } else { ("tcp", None) };
        let server = thread::spawn(move || {
            let mut frames = Vec::new();
            // The first connection is reset at once: nothing that was sent on it counts.
            let (refused, _) = listener.accept().unwrap();
            rustix::net::sockopt::set_socket_linger(&refused, Some(Duration::ZERO)).unwrap();
            drop(refused);
            while frames.len() < 2 {
                let (socket, _) = listener.accept().unwrap();
                let mut bytes = Vec::new();
                // TLS without close_notify is an error here, with what came before it.
                let _ = stream(socket, config.clone()).read_to_end(&mut bytes);
                frames.extend(self::frames(&bytes));
            }
            frames
        });
        let more = if tls { format!("ca_file = \"{CA}\"") } else { String::new() };
        let desk = Desk::new(syslog(transport, &address, &more));
        let courier = desk.courier();
        desk.put(&change(ChangeKind::Opened, 1));
        let second = Signal { message: "über".into(), ..signal(2, Severity::Critical) };
        desk.put(&of(ChangeKind::Opened, second));
        courier.wake();
        let mut frames = server.join().expect("served");
        // The second need not wait for the first, which failed.
        frames.sort_unstable();
        assert_eq!(frames.len(), 2, "{frames:?}");
        assert!(frames[0].starts_with("<82>1 ") && frames[0].contains("\u{feff}[CRITICAL]"), "{}", frames[0]);
        assert!(frames[1].starts_with("<83>1 ") && frames[1].contains("SQL injection 1"), "{}", frames[1]);
        until("ticked off", || desk.waiting() == 0);
        assert_eq!(only(&courier).failed, 1, "{transport}");
        ran += 1;
    }
    assert_eq!(ran, 2);
}

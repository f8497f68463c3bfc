//! Attribution of real sockets of real processes, in this network namespace and in others.

use std::{
    io::{BufRead as _, BufReader},
    net::{IpAddr, Ipv4Addr},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use picket_common::conn::Tuple;
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::{Service, Services, UNKNOWN};
use crate::capture::record::Peer;

/// Listens on 127.0.0.1, forks workers, connects to itself from a set port and says what it has.
const SERVER: &str = r#"
import json, os, socket, sys
port, client_port, workers = (int(arg) for arg in sys.argv[1:4])
SO_COOKIE = 57
cookie = lambda s: int.from_bytes(s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.0.0.1", client_port))
client.connect(listener.getsockname())
server, _ = listener.accept()
kept = cookie(listener)
if "--close" in sys.argv:
    listener.close()
for _ in range(workers):
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
print(json.dumps({"pid": os.getpid(), "listener": kept, "connection": cookie(server),
    "port": server.getsockname()[1], "client_port": client.getsockname()[1]}), flush=True)
sys.stdin.read()
"#;

#[derive(Debug, Deserialize)]
struct Said {
    pid: u32,
    listener: u64,
    connection: u64,
    port: u16,
    client_port: u16,
}

/// A server process; ends with its standard input.
struct Server {
    child: Child,
    said: Said,
    script: Rc<NamedTempFile>,
}

impl Server {
    fn start(own_namespace: bool, port: u16, client_port: u16, workers: u32, flags: &[&str]) -> Self {
        let script = tempfile::Builder::new().prefix("shop-").suffix(".py").tempfile().expect("file");
        std::fs::write(script.path(), SERVER).expect("write");
        Self::run(Rc::new(script), own_namespace, port, client_port, workers, flags)
    }

    fn run(
        script: Rc<NamedTempFile>,
        own_namespace: bool,
        port: u16,
        client_port: u16,
        workers: u32,
        flags: &[&str],
    ) -> Self {
        let python = format!(
            "exec python3 {} {port} {client_port} {workers} {}",
            script.path().display(),
            flags.join(" ")
        );
        let mut command = if own_namespace {
            let mut command = Command::new("unshare");
            command.args(["--net", "sh", "-c", &format!("ip link set lo up && {python}")]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", &python]);
            command
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh, unshare and ip are there");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let said = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, said, script }
    }

    fn script_name(&self) -> String {
        self.script.path().file_name().expect("name").to_string_lossy().into_owned()
    }

    /// What the kernel says about its connection when the agent is older (`known`) or younger.
    fn peer(&self, known: bool) -> Peer {
        let loopback = Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        Peer {
            cookie: self.said.connection,
            listener: if known { self.said.listener } else { 0 },
            cgroup: 0,
            tuple: Tuple {
                local_addr: loopback,
                remote_addr: loopback,
                local_port: self.said.port,
                remote_port: self.said.client_port,
            },
            client: 0,
        }
    }

    fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing its standard input ends it and its workers; a stopped one is waited for already.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn the_same_port_in_three_namespaces_is_three_services() {
    let here = Server::start(false, 0, 0, 0, &[]);
    let (port, client_port) = (here.said.port, here.said.client_port);
    let there = Server::start(true, port, client_port, 0, &[]);
    let elsewhere = Server::start(true, port, client_port, 0, &[]);
    // The tuples are the same: only cookies tell the connections apart.
    assert_eq!(there.peer(true).tuple, here.peer(true).tuple);
    assert_eq!(there.peer(true).tuple, elsewhere.peer(true).tuple);

    for known in [true, false] {
        let services = Services::new();
        for server in [&here, &there, &elsewhere] {
            let service = known_at_last(&services, &server.peer(known));
            assert_eq!(service.pid, Some(server.said.pid), "listener cookie known: {known}");
            assert!(service.name.starts_with(&server.script_name()), "{}", service.name);
            assert_eq!((service.listen.ip(), service.listen.port()), (IpAddr::V4(Ipv4Addr::LOCALHOST), port));
            assert_eq!(Some(service.netns), super::netns::of(server.said.pid));
        }
        assert_eq!(services.list().iter().filter(|service| service.is_known()).count(), 3);
    }
}

#[test]
fn without_inet_diag_proc_has_to_do() {
    let here = Server::start(false, 0, 0, 0, &[]);
    let there = Server::start(true, here.said.port, 0, 0, &[]);
    assert_ne!(
        here.said.client_port, there.said.client_port,
        "equal tuples cannot be told apart without cookies"
    );
    for known in [true, false] {
        let services = Services::by_proc_only();
        for server in [&here, &there] {
            assert_eq!(
                known_at_last(&services, &server.peer(known)).pid,
                Some(server.said.pid),
                "known: {known}"
            );
        }
        let scans = counter(&services, "scans");
        for _ in 0..100 {
            assert_eq!(services.resolve(&here.peer(true)).pid, Some(here.said.pid));
        }
        assert!(counter(&services, "scans") <= scans + 1, "a listener's answer is kept without cookies too");
    }
}

#[test]
fn a_worker_counts_as_its_master() {
    let server = Server::start(false, 0, 0, 3, &[]);
    for known in [true, false] {
        assert_eq!(known_at_last(&Services::new(), &server.peer(known)).pid, Some(server.said.pid));
    }
}

#[test]
fn a_connection_whose_listener_is_gone_belongs_to_its_holder() {
    let server = Server::start(false, 0, 0, 2, &["--close"]);
    for known in [true, false] {
        let service = known_at_last(&Services::new(), &server.peer(known));
        assert_eq!(service.pid, Some(server.said.pid), "listener cookie known: {known}");
        assert_eq!(service.listen.port(), server.said.port);
    }
}

#[test]
fn a_known_listener_is_answered_without_looking() {
    let server = Server::start(false, 0, 0, 0, &[]);
    let services = Services::new();
    services.prime();
    assert!(services.list().is_empty(), "nobody talked to a service yet");
    let first = services.resolve(&server.peer(true));
    for _ in 0..1000 {
        assert_eq!(services.resolve(&server.peer(true)).pid, first.pid);
    }
    assert_eq!(counter(&services, "scans"), 1, "prime looked, nothing else");
    assert_eq!(counter(&services, "lookups"), 0);
    assert_eq!(services.list().len(), 1);
}

#[test]
fn nobody_is_looked_for_again_and_again() {
    let services = Services::new();
    let mut peer =
        Peer { cookie: u64::MAX - 1, listener: u64::MAX - 2, cgroup: 0, tuple: Tuple::default(), client: 0 };
    peer.tuple.local_port = 1;
    for _ in 0..10_000 {
        let service = services.resolve(&peer);
        assert!(!service.is_known());
        assert_eq!(service.name, UNKNOWN);
    }
    assert!(counter(&services, "scans") <= 2, "one listener: negative answers are kept");
    // Ten thousand different ones: the allowance ends the looking.
    for listener in 0..10_000 {
        peer.listener = u64::MAX / 2 + listener;
        let _ = services.resolve(&peer);
    }
    assert!(counter(&services, "lookups_deferred") > 0, "{:?}", services.counters());
    assert!(counter(&services, "scans") < 5_000, "{:?}", services.counters());
    assert_eq!(services.list().len(), 1, "one entry for all that nobody was found for on a port");
}

#[test]
fn many_workers_may_ask_at_once() {
    let servers: Vec<Server> = (0..3).map(|_| Server::start(false, 0, 0, 0, &[])).collect();
    let asked: Vec<(Peer, u32)> = servers.iter().map(|server| (server.peer(true), server.said.pid)).collect();
    let services = Services::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for (peer, pid) in asked.iter().cycle().take(300) {
                    assert_eq!(services.resolve(peer).pid, Some(*pid));
                }
            });
        }
    });
    assert_eq!(counter(&services, "scans"), 1, "the first one looked, the others waited for its answer");
    assert_eq!(services.list().iter().filter(|service| service.is_known()).count(), 3);
}

#[test]
fn a_restarted_service_keeps_its_counters() {
    let before = Server::start(false, 0, 0, 0, &[]);
    let services = Services::new();
    let first = known_at_last(&services, &before.peer(true));
    first.note_request(5);
    first.note_request(7);
    first.note_event();
    let (old_pid, port, script) = (before.said.pid, before.said.port, Rc::clone(&before.script));
    before.stop();

    let after = Server::run(script, false, port, 0, 0, &[]);
    let second = known_at_last(&services, &after.peer(true));
    assert_eq!(second.pid, Some(after.said.pid));
    assert_ne!(second.pid, Some(old_pid));
    assert_eq!((second.requests(), second.events(), second.last_seen()), (2, 1, Some(7)));
    let listed = services.list();
    assert_eq!(
        listed.iter().map(|service| service.pid).collect::<Vec<_>>(),
        [second.pid],
        "once, as it is now"
    );

    // Another program on the same port is another service.
    after.stop();
    let other = Server::start(false, port, 0, 0, &[]);
    assert_eq!(known_at_last(&services, &other.peer(true)).requests(), 0);
    assert_eq!(services.list().iter().filter(|service| service.is_known()).count(), 2);
}

fn counter(services: &Services, name: &str) -> u64 {
    services.counters().into_iter().find(|(key, _)| *key == name).map(|(_, value)| value).expect("a counter")
}

/// As capture does: what was not found for lack of time is asked for again.
fn known_at_last(services: &Services, peer: &Peer) -> Arc<Service> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let service = services.resolve(peer);
        if service.is_known() || Instant::now() > deadline {
            return service;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_other_end_of_a_connection_is_found() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let client = std::net::TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
    let (accepted, remote) = listener.accept().expect("accept");
    let bytes = |address: std::net::SocketAddr| match address.ip() {
        std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        std::net::IpAddr::V6(ip) => ip.octets(),
    };
    let local = accepted.local_addr().expect("address");
    let tuple = Tuple {
        local_addr: bytes(local),
        remote_addr: bytes(remote),
        local_port: local.port(),
        remote_port: remote.port(),
    };
    let cookie = rustix::net::sockopt::socket_cookie(&accepted).expect("cookie");
    let peer = Peer { cookie, listener: 0, cgroup: 0, tuple, client: 0 };
    for services in [Services::new(), Services::by_proc_only()] {
        assert_eq!(services.client_of(&peer), Some(std::process::id()));
        assert_eq!(services.listener_of(std::process::id()), Some(std::process::id()));
    }
    drop(client);
    assert_eq!(Services::new().client_of(&Peer { cookie: u64::MAX - 7, ..peer }), None, "no such connection");
}

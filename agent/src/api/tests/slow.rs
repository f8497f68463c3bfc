//! Clients that are slow: their connections are closed, others are served.

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};

use super::{desk::Ground, remote, *};

/// How slow a client may be here. An honest request of this test has to come within it, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(2);
/// Much longer than that: the connection of a slow client is closed by then, or never.
const NEVER: Duration = Duration::from_secs(120);
/// Between two bytes of a client that is slow on purpose.
const DRIP: Duration = Duration::from_millis(100);

const WHOLE: &[u8] = b"GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n";

/// What a slow client sends: at once, then byte by byte without end; and what is answered.
const CASES: [(&str, &[u8], &[u8], &str); 5] = [
    ("says nothing", b"", b"", ""),
    ("drips its head", b"GET /v1/version HTTP/1.1\r\nx-slow: ", b"a", ""),
    ("drips its head's lines", b"GET /v1/version HTTP/1.1\r\n", b"x: y\r\n", ""),
    ("stays after a request", WHOLE, b"", "HTTP/1.1 200 "),
    (
        "drips its body",
        b"POST /v1/denylist HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{\"net\": \"",
        b"1",
        "HTTP/1.1 400 ",
    ),
];

/// Sends as slowly as it says until the other side closes; gives what it answered.
async fn slowly(stream: impl AsyncRead + AsyncWrite + Unpin, first: &[u8], drip: &[u8]) -> String {
    let (mut from, mut to) = tokio::io::split(stream);
    to.write_all(first).await.expect("written");
    let dripping = async {
        for byte in drip.iter().cycle() {
            // Closed: what it said before is still to be read.
            if to.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(DRIP).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let reading = async {
        // A reset is an end, too.
        let _ = from.read_to_end(&mut answer).await;
    };
    tokio::select! {
        () = dripping => {}
        ended = tokio::time::timeout(NEVER, reading) => ended.expect("the connection is never closed"),
    }
    String::from_utf8(answer).expect("text")
}

#[test]
fn slow_clients_are_closed_and_others_are_served() {
    let ground = Ground::new();
    let before = ground.state();
    let control = Arc::clone(&ground.control) as Arc<dyn Control>;
    let directory = tempfile::tempdir().expect("a directory");
    let api = Arc::new(Api::new(control, Tokens::of(directory.path())).patience(PATIENCE));
    let ran = runtime().block_on(async {
        let socket = directory.path().join("s");
        let tcp = Tcp::bind(&remote::config(directory.path(), true), directory.path());
        let tcp = tcp.expect("bound").expect("configured");
        let address = tcp.address().expect("an address");
        let server = Server::bind(&socket).expect("bound").with_tcp(Some(tcp));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(server.serve_api(api, async {
            let _ = stopped.await;
        }));
        let mut clients = tokio::task::JoinSet::new();
        for (name, first, drip, expected) in CASES {
            let socket = socket.clone();
            clients.spawn(async move {
                let stream = UnixStream::connect(&socket).await.expect("connected");
                let answer = slowly(stream, first, drip).await;
                assert!(
                    answer.starts_with(expected) && answer.is_empty() == expected.is_empty(),
                    "{name}: {answer}"
                );
                if name == "drips its body" {
                    assert!(answer.contains("the body did not come within 2s"), "{answer}");
                }
            });
        }
        // A handshake of TLS that does not begin, and one that does not go on: a record of 512 bytes, byte by byte.
        for first in [&b""[..], &[22, 3, 1, 2, 0]] {
            clients.spawn(async move {
                let stream = TcpStream::connect(address).await.expect("connected");
                let drip: &[u8] = if first.is_empty() { b"" } else { b"\0" };
                slowly(stream, first, drip).await;
            });
        }
        // Meanwhile, who is not slow.
        let client = Client::new(&socket).timeout(NEVER);
        assert_eq!(client.version().await.expect("served").pid, std::process::id());
        let mut ran = 0;
        while let Some(ended) = clients.join_next().await {
            ended.expect("it was closed");
            ran += 1;
        }
        client.version().await.expect("served");
        stop.send(()).expect("served");
        served.await.expect("no panic").expect("served");
        ran
    });
    assert_eq!(ran, 7);
    assert_eq!(ground.state(), before, "something changed");
}

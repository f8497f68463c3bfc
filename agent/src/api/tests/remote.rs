//! Over TCP, in the clear on this host and with TLS.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::{api::client::Remote, config::ApiConfig, limits};

const CERT: &str = include_str!("tls/cert.pem");
const KEY: &str = include_str!("tls/key.pem");

/// A free port: nothing else on this machine asks for the same one in the moment between.
pub(super) fn config(directory: &std::path::Path, tls: bool) -> ApiConfig {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = Some(probe.local_addr().expect("an address"));
    if !tls {
        return ApiConfig { listen, ..ApiConfig::default() };
    }
    let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    fs::write(&cert, CERT).expect("written");
    fs::write(&key, KEY).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("protected");
    ApiConfig { listen, tls_cert: Some(cert), tls_key: Some(key) }
}

async fn with_server<F: Future<Output = ()>>(tls: bool, test: impl FnOnce(SocketAddr, PathBuf) -> F) {
    let directory = tempfile::tempdir().expect("directory");
    let state = directory.path().to_owned();
    let tcp = Tcp::bind(&config(&state, tls), &state).expect("bound").expect("configured");
    let address = tcp.address().expect("an address");
    let server = Server::bind(&state.join("s")).expect("bound").with_tcp(Some(tcp));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server.serve(Arc::new(InMemory::default()), async {
        let _ = stopped.await;
    }));
    test(address, state).await;
    stop.send(()).expect("served");
    served.await.expect("no panic").expect("served");
}

fn token(state: &std::path::Path, role: Role) -> PathBuf {
    let secret = Tokens::of(state).add(role.name(), role, None).expect("a token");
    let file = state.join(format!("{role}.token"));
    fs::write(&file, format!("{}\n", secret.show())).expect("written");
    file
}

#[test]
fn a_token_says_what_one_may() {
    for tls in [false, true] {
        runtime().block_on(with_server(tls, |address, state| async move {
            let url = format!("{}://localhost:{}", if tls { "https" } else { "http" }, address.port());
            let authorities = tls.then(|| state.join("cert.pem"));
            let client = |file: &std::path::Path| {
                Client::remote(Remote::new(&url, file, authorities.as_deref()).expect("a remote"))
            };
            let viewer = client(&token(&state, Role::Viewer));
            assert_eq!(viewer.version().await.expect("version").pid, std::process::id());
            let Err(ClientError::Api(error)) = viewer.unblock_all().await else {
                panic!("a viewer unblocks")
            };
            assert_eq!(error.code, Code::Forbidden);
            let responder = client(&token(&state, Role::Responder));
            assert_eq!(responder.unblock_all().await.expect("unblocked").removed, 0);
            let Err(ClientError::Api(error)) = responder.reload().await else {
                panic!("a responder reloads")
            };
            assert_eq!(error.code, Code::Forbidden);
            client(&token(&state, Role::Admin)).reload().await.expect("reloaded");
            fs::write(state.join("wrong"), "pkt_wrong").expect("written");
            let wrong = client(&state.join("wrong"));
            for _ in 0..limits::API_ATTEMPTS {
                let Err(ClientError::Api(error)) = wrong.version().await else { panic!("let in") };
                assert_eq!(error.code, Code::Unauthorized);
            }
            let Err(ClientError::Api(error)) = viewer.version().await else { panic!("let in") };
            assert_eq!(error.code, Code::TooMany);
        }));
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    runtime().block_on(with_server(true, |address, state| async move {
        let file = token(&state, Role::Viewer);
        // Another certificate of the same name.
        let url = format!("https://127.0.0.2:{}", address.port());
        let remote = Remote::new(&url, &file, Some(&state.join("cert.pem"))).expect("a remote");
        let error = Client::remote(remote).version().await.expect_err("another name");
        assert!(!matches!(error, ClientError::Api(_)), "{error}");
        // In the clear where TLS is spoken.
        let remote =
            Remote::new(&format!("http://127.0.0.1:{}", address.port()), &file, None).expect("a remote");
        assert!(Client::remote(remote).version().await.is_err());
    }));
}

#[test]
fn what_would_show_the_token_is_refused_beforehand() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("token");
    fs::write(&file, "pkt_x\n").expect("written");
    fs::write(directory.path().join("empty"), "\n").expect("written");
    let cases = [
        ("http://picket.example:7181", "token", "expected https"),
        ("ftp://127.0.0.1:1", "token", "expected https"),
        ("https://picket.example", "token", "expected a port"),
        ("https://picket.example:7181/v1", "token", "nothing behind the port"),
        ("", "token", "expected something like"),
        ("http://127.0.0.1:7181", "empty", "expected a token"),
        ("http://127.0.0.1:7181", "none", "No such file"),
    ];
    for (url, token, expected) in cases {
        let error = Remote::new(url, &directory.path().join(token), None).expect_err(url).to_string();
        assert!(error.contains(expected), "{url}: {error}");
    }
    let remote = Remote::new("http://127.0.0.1:7181", &file, None).expect("a remote");
    assert!(!format!("{remote:?}").contains("pkt_x"));
}

#[test]
fn certificates_that_can_not_be_used_are_said() {
    let directory = tempfile::tempdir().expect("directory");
    let runtime = runtime();
    let _inside = runtime.enter();
    let good = config(directory.path(), true);
    let path = |name: &str| Some(directory.path().join(name));
    fs::write(directory.path().join("empty"), "").expect("written");
    fs::write(directory.path().join("open.pem"), KEY).expect("written");
    fs::set_permissions(directory.path().join("open.pem"), fs::Permissions::from_mode(0o644))
        .expect("opened");
    for (config, expected) in [
        (ApiConfig { tls_cert: path("none"), ..good.clone() }, "tls_cert"),
        (ApiConfig { tls_cert: path("empty"), ..good.clone() }, "BEGIN CERTIFICATE"),
        (ApiConfig { tls_key: path("empty"), ..good.clone() }, "tls_key"),
        (ApiConfig { tls_key: path("open.pem"), ..good.clone() }, "chmod 0600"),
    ] {
        let error = Tcp::bind(&config, directory.path()).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(Tcp::bind(&ApiConfig::default(), directory.path()).expect("nothing to do").is_none());
    let bound = Tcp::bind(&good, directory.path()).expect("bound").expect("configured");
    let error = Tcp::bind(&good, directory.path()).expect_err("taken").to_string();
    assert!(error.contains("cannot listen on"), "{error}");
    drop(bound);
}

#[test]
fn one_address_does_not_take_all_connections() {
    runtime().block_on(with_server(false, |address, _| async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut open = Vec::new();
        for _ in 0..limits::API_CONNECTIONS_OF_ONE {
            let mut stream = tokio::net::TcpStream::connect(address).await.expect("connected");
            // It is served: a head that is not complete is waited for.
            stream.write_all(b"GET /v1/version HTTP/1.1\r\n").await.expect("written");
            open.push(stream);
        }
        let mut more = tokio::net::TcpStream::connect(address).await.expect("connected");
        let end =
            tokio::time::timeout(Duration::from_secs(20), more.read(&mut [0; 16])).await.expect("in time");
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        // From the next address there is room.
        drop(open);
    }));
}

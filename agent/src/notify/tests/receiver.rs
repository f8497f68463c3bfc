//! Receivers: HTTP servers that do as they are told, with and without TLS.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// What a receiver does.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers.
    Status(u16, &'static str),
    /// Answers with a header field.
    With(u16, String),
    /// Answers with so many bytes of body.
    Long(u16, usize),
    /// Says nothing until the other end is gone.
    Hang,
    /// Closes without an answer.
    Close,
    /// Closes in the middle of the head.
    CutHead,
    /// Closes in the middle of the body, with status 200.
    CutBody,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The notification's id.
    pub fn id(&self) -> String {
        self.headers.get("picket-id").cloned().expect("an id")
    }
}

/// An HTTP server.
pub struct Receiver {
    pub port: u16,
    got: Arc<Mutex<Vec<Got>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Both ends of a connection in one.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Receiver {
    /// Answers each request, the first is number 0.
    pub fn start(reply: impl Fn(usize, &Got) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(0, None, reply)
    }

    /// The same over TLS.
    pub fn tls(reply: impl Fn(usize, &Got) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(0, Some(server_config()), reply)
    }

    /// On a certain port.
    pub fn at(
        port: u16,
        tls: Option<Arc<ServerConfig>>,
        reply: impl Fn(usize, &Got) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("binds");
        let port = listener.local_addr().expect("bound").port();
        let (got, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stopping, reply) = (got.clone(), stop.clone(), Arc::new(reply));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (seen, reply, tls) = (Arc::clone(&seen), Arc::clone(&reply), tls.clone());
                thread::spawn(move || serve(stream, tls, &seen, &*reply));
            }
        });
        Self { port, got, stop, thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All that came.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("whole").clone()
    }

    pub fn count(&self) -> usize {
        self.got.lock().expect("whole").len()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the thread.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// TLS of a receiver, with the certificate of `tls/`.
pub fn server_config() -> Arc<ServerConfig> {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("fits");
    Arc::new(config)
}

/// The stream of a connection, perhaps over TLS.
pub fn stream(socket: TcpStream, tls: Option<Arc<ServerConfig>>) -> Box<dyn Stream> {
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    match tls {
        Some(config) => {
            Box::new(StreamOwned::new(ServerConnection::new(config).expect("a connection"), socket))
        }
        None => Box::new(socket),
    }
}

fn serve(
    socket: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    seen: &Mutex<Vec<Got>>,
    reply: &dyn Fn(usize, &Got) -> Reply,
) {
    let mut reader = BufReader::new(stream(socket, tls));
    let Some(got) = read(&mut reader) else { return };
    let number = {
        let mut seen = seen.lock().expect("whole");
        seen.push(got.clone());
        seen.len() - 1
    };
    let mut answer = |text: String| {
        let _ = reader.get_mut().write_all(text.as_bytes());
        let _ = reader.get_mut().flush();
    };
    match reply(number, &got) {
        Reply::Status(status, body) => {
            answer(format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        }
        Reply::With(status, field) => {
            answer(format!("HTTP/1.1 {status} X\r\n{field}\r\ncontent-length: 0\r\n\r\n"));
        }
        Reply::Long(status, length) => {
            answer(format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length)));
        }
        Reply::Hang => {
            let _ = reader.read_to_end(&mut Vec::new());
        }
        Reply::Close => {}
        Reply::CutHead => answer("HTTP/1.1 200 O".to_owned()),
        Reply::CutBody => answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned()),
    }
}

/// One request; none: the other end said nothing.
fn read(reader: &mut BufReader<Box<dyn Stream>>) -> Option<Got> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    assert!(line.starts_with("POST "), "{line}");
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Got { path, headers, body: String::from_utf8(body).ok()? })
}

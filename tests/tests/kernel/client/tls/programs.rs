//! Clients that are programs, for what rustls does not do: renegotiation by openssl, HTTP/2 by curl.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

use super::Client;
use super::requests::Question;
use crate::client::request::HOST;
use crate::ledger::Ledger;
use crate::patience::{patient, wait_until};
use crate::program;
use crate::servers::Server;

/// The port of openssl's connection: below those that the kernel chooses (32768, ip-sysctl), one connection a service.
const PORT: u16 = 20_443;

/// A request, a renegotiation of TLS 1.2, a request.
pub fn renegotiated(server: &Server, client: &Client, ledger: &mut Ledger) -> Result<()> {
    let local = SocketAddr::new(server.address(false).ip(), PORT);
    let mut command = Command::new(program::find("openssl")?);
    command.args(["s_client", "-tls1_2", "-verify_return_error", "-servername", HOST, "-CAfile"]);
    command.arg(&client.chain);
    command.args(["-bind", &local.to_string(), "-connect", &server.address(false).to_string()]);
    let mut openssl = Conversation::start(command, server)?;
    let first = Question::small();
    openssl.say(&first.request.encode())?;
    openssl.hear(first.text())?;
    ledger.enter(&server.service, local, &first.request, first.status());
    // A line that begins with an R, when it is all that s_client reads at once.
    openssl.say(b"R\n")?;
    openssl.hear("RENEGOTIATING")?;
    let second = Question::small();
    openssl.say(&second.request.encode())?;
    // Had the service refused, openssl would have given up.
    openssl.hear(second.text())?;
    ledger.enter(&server.service, local, &second.request, second.status());
    Ok(())
}

/// Three requests over HTTP/2, which are not entered: they are no transactions yet.
pub fn http2(server: &Server, client: &Client, _: &mut Ledger) -> Result<()> {
    let questions = [Question::small(), Question::small(), Question::small()];
    let address = server.address(false);
    let mut command = Command::new(program::find("curl")?);
    command
        .args(["--silent", "--show-error", "--http2", "--max-time"])
        .arg(patient(20).as_secs().to_string());
    command.args(["--resolve", &format!("{HOST}:{}:{}", address.port(), address.ip()), "--cacert"]);
    command.arg(&client.chain).args(["--write-out", "%{http_version} %{http_code}\n"]);
    command.args(questions.iter().map(|q| format!("https://{HOST}:{}{}", address.port(), q.request.path)));
    let output = within(server, || command.output())?.context("run curl")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let wanted: String = questions.iter().map(|q| format!("{}2 {}\n", q.text(), q.status())).collect();
    ensure!(
        said == wanted,
        "over HTTP/2 {said:?} was answered, not {wanted:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Runs `work` where the service's clients are.
fn within<T: Send>(server: &Server, work: impl FnOnce() -> T + Send) -> Result<T> {
    match server.near().netns {
        Some(netns) => netns.enter(work),
        None => Ok(work()),
    }
}

/// A program that is spoken to, and what it has said. Ended when dropped.
struct Conversation {
    child: Child,
    heard: Arc<Mutex<String>>,
}

impl Conversation {
    fn start(mut command: Command, server: &Server) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = within(server, || command.spawn())?.context("start a client")?;
        let heard = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take(), &heard);
        listen(child.stderr.take(), &heard);
        Ok(Self { child, heard })
    }

    fn say(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("its input is a pipe")?;
        stdin.write_all(bytes).and_then(|()| stdin.flush()).context("speak to a client")
    }

    /// Waits until it has said `what`.
    fn hear(&self, what: &str) -> Result<()> {
        let has = || self.heard.lock().is_ok_and(|heard| heard.contains(what)).then_some(());
        wait_until(&format!("{what:?}"), 20, has).map_err(|error| {
            let heard = self.heard.lock().map(|heard| heard.clone()).unwrap_or_default();
            anyhow!("{error:#}; the client said {heard:?}")
        })
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects what a pipe gives until it ends, with its program.
fn listen(pipe: Option<impl Read + Send + 'static>, heard: &Arc<Mutex<String>>) {
    let heard = heard.clone();
    let Some(mut pipe) = pipe else { return };
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut bytes) {
            let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default());
            if let Ok(mut heard) = heard.lock() {
                heard.push_str(&text);
            }
        }
    });
}

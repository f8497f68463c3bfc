//! Who calls the service: curl, from a namespace; and waiting, which a signal ends.

use std::{
    process::Stdio,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::network::{HOST, Namespace};

/// Set by a signal: the demo ends, in good order.
static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Between two looks at something awaited.
const LOOK: Duration = Duration::from_millis(50);
/// curl's exit code for "no answer in time".
const CURL_TIMED_OUT: i32 = 28;

/// From now on Ctrl-C and SIGTERM end what is awaited instead of us.
pub fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&STOP))?;
    }
    Ok(Arc::clone(&STOP))
}

/// How long something may take.
pub struct Patience(Instant);

impl Patience {
    /// So long from now.
    pub fn seconds(seconds: u64) -> Self {
        Self(Instant::now() + Duration::from_secs(seconds))
    }

    /// Waits until `look` finds something.
    ///
    /// # Errors
    /// The time is over, or a signal came.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
        loop {
            if STOP.load(Ordering::Relaxed) {
                bail!("interrupted");
            }
            if let Some(found) = look() {
                return Ok(found);
            }
            if Instant::now() > self.0 {
                bail!("{what}");
            }
            thread::sleep(LOOK);
        }
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// Nothing: packets went and none came back.
    Silence,
    /// Something else: curl's exit code.
    Failed(i32),
}

/// Sends one request to the host.
///
/// # Errors
/// curl could not be started, or a signal came.
pub fn request(from: &Namespace, what: &[&str], wait: Duration) -> Result<Answer> {
    let (path, options) = what.split_first().context("a request has a path")?;
    let mut curl = from.command("curl");
    curl.args([
        "--silent",
        "--globoff",
        "--path-as-is",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
    ])
    .args(["--max-time", &format!("{:.1}", wait.as_secs_f64())])
    .args(options)
    .arg(format!("http://{HOST}{path}"))
    .stdin(Stdio::null())
    .stderr(Stdio::null());
    let output = curl.output().context("cannot start curl")?;
    if STOP.load(Ordering::Relaxed) {
        bail!("interrupted");
    }
    Ok(match output.status.code() {
        Some(0) => Answer::Status(String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)),
        Some(CURL_TIMED_OUT) => Answer::Silence,
        code => Answer::Failed(code.unwrap_or(-1)),
    })
}

/// The honest client: asks for something five times a second, and counts.
pub struct Honest {
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
}

impl Honest {
    /// Begins, from the namespace.
    pub fn begin(from: Arc<super::network::Network>) -> Self {
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        let thread = thread::spawn(move || {
            let paths = ["/", "/search?q=tea", "/items?page=2", "/search?q=coffee+and+cake"];
            for path in paths.iter().cycle() {
                if shared.stop.load(Ordering::Relaxed) || STOP.load(Ordering::Relaxed) {
                    return;
                }
                let began = Instant::now();
                let count = match request(&from.honest, &[path], Duration::from_secs(3)) {
                    Ok(Answer::Status(200)) => &shared.answered,
                    Err(_) if STOP.load(Ordering::Relaxed) => return,
                    _ => &shared.failed,
                };
                count.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(200).saturating_sub(began.elapsed()));
            }
        });
        Self { counts, thread: Some(thread) }
    }

    /// Requests answered with 200, so far.
    pub fn answered(&self) -> u64 {
        self.counts.answered.load(Ordering::Relaxed)
    }

    /// Requests that were not.
    pub fn failed(&self) -> u64 {
        self.counts.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Honest {
    fn drop(&mut self) {
        self.counts.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

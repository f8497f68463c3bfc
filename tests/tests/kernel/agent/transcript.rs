//! What an agent writes: a thread collects each pipe line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};

use super::report::Report;

/// Lines written so far.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.lock().map_or(0, |l| l.len())
    }

    /// The lines from the given one on.
    pub fn from(&self, first: usize) -> Vec<String> {
        self.0.lock().map(|l| l.get(first..).unwrap_or_default().to_vec()).unwrap_or_default()
    }

    /// Whether a line fits.
    pub fn any(&self, fits: impl FnMut(&String) -> bool) -> bool {
        self.0.lock().is_ok_and(|l| l.iter().any(fits))
    }

    /// The last lines.
    pub fn tail(&self) -> String {
        let lines = self.from(self.len().saturating_sub(15));
        lines.join("\n")
    }

    fn push(&self, line: String) {
        if let Ok(mut lines) = self.0.lock() {
            lines.push(line);
        }
    }
}

/// Both pipes of an agent.
pub struct Transcript {
    /// stdout: an event or transaction a line.
    pub output: Lines,
    /// stdout: a signal that is new or worse a line.
    pub signals: Lines,
    /// stderr: the log.
    pub errors: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl Transcript {
    /// Starts to read the pipes of a child.
    pub fn of(child: &mut Child) -> Result<Self> {
        let (output, signals, errors) = (Lines::default(), Lines::default(), Lines::default());
        let (to_output, to_signals, to_errors) = (output.clone(), signals.clone(), errors.clone());
        let readers = vec![
            read(child.stdout.take().context("stdout is a pipe")?, move |line| {
                if line.starts_with(SIGNAL) { to_signals.push(line) } else { to_output.push(line) }
            }),
            read(child.stderr.take().context("stderr is a pipe")?, move |line| to_errors.push(line)),
        ];
        Ok(Self { output, signals, errors, readers })
    }

    /// After the child's end: waits until all it wrote has been read.
    pub fn finish(&mut self) -> Result<()> {
        for reader in self.readers.drain(..) {
            reader.join().map_err(|_| anyhow!("a reader of the agent's output panicked"))?;
        }
        Ok(())
    }

    /// The reports on stdout; every line that is no signal must be one.
    pub fn reports(&self) -> Result<Vec<Report>> {
        self.output.from(0).iter().map(|line| Report::parse(line)).collect()
    }
}

/// How the line of a signal begins.
const SIGNAL: &str = "{\"kind\":\"signal\",";

fn read(pipe: impl Read + Send + 'static, take: impl Fn(String) + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // A last line without its end is what a killed agent was about to write.
        while pipe.read_until(b'\n', &mut line).is_ok_and(|_| line.ends_with(b"\n")) {
            take(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    })
}

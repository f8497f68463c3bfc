//! Chromium, driven by `tests/ui/bench.mjs`: a line of JSON asks, a line answers.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{bench::ground::find, cache};

/// A browser in which somebody is logged in.
pub struct Browser {
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// How a page came. Times are milliseconds from the moment it was asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Visit {
    /// First byte of the page.
    pub first_byte: f64,
    /// All is loaded and painted.
    pub drawn: f64,
    /// Bytes of all that was loaded, as they cross the network.
    pub bytes: f64,
}

/// How live rows came.
#[derive(Clone, Debug, Deserialize)]
pub struct Live {
    /// Milliseconds from one frame to the next.
    pub gaps: Vec<f64>,
    /// Rows that were in the list at most.
    pub rows: u64,
    /// Rows that came.
    pub came: u64,
    /// MiB of the page's objects, after a collection: before, and at the end.
    pub heap: (f64, f64),
    /// What the page says beside its button.
    pub said: String,
}

impl Browser {
    /// Starts one and logs in.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(url: &str, link: &str) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/bench.mjs");
        let mut child = Command::new(find("node")?)
            .arg(script)
            .env("PICKET_UI_URL", url)
            .env("PICKET_UI_LINKS", json!({ "admin": link }).to_string())
            .env("PICKET_UI_PACKAGES", cache::directory().join("npm/ui"))
            .env("PICKET_CHROMIUM", find("chromium")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start node")?;
        let ask = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("node's output")?);
        let mut browser = Self { child, ask, answers };
        browser.ask::<Value>(&json!({ "do": "hello" }))?;
        Ok(browser)
    }

    /// Looks at a page with empty caches, as somebody who comes for the first time.
    ///
    /// # Errors
    /// When the page is not to be had.
    pub fn visit(&mut self, path: &str) -> Result<Visit> {
        self.ask(&json!({ "do": "visit", "path": path }))
    }

    /// Paths that a page links to, of the rows of its list.
    ///
    /// # Errors
    /// When the page is not to be had.
    pub fn rows(&mut self, path: &str) -> Result<Vec<String>> {
        self.ask(&json!({ "do": "rows", "path": path }))
    }

    /// Watches live rows for so long.
    ///
    /// # Errors
    /// When the page is not to be had.
    pub fn live(&mut self, path: &str, seconds: u32) -> Result<Live> {
        self.ask(&json!({ "do": "live", "path": path, "seconds": seconds }))
    }

    /// Shows these pages side by side, live where they can be, in place of those it showed.
    ///
    /// # Errors
    /// When one is not to be had.
    pub fn show(&mut self, paths: &[&str]) -> Result<()> {
        self.ask::<Value>(&json!({ "do": "show", "paths": paths })).map(drop)
    }

    /// Asks what these pages ask while they are open, in place of those it showed, and draws nothing.
    ///
    /// # Errors
    /// When one is not to be had.
    pub fn begin_asking(&mut self, paths: &[&str]) -> Result<()> {
        self.ask::<Value>(&json!({ "do": "ask", "paths": paths })).map(drop)
    }

    /// Stops asking; whole answers that came, and bytes.
    ///
    /// # Errors
    /// When one did not come.
    pub fn end_asking(&mut self) -> Result<(u64, u64)> {
        self.ask(&json!({ "do": "asked" }))
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &Value) -> Result<T> {
        writeln!(self.ask.as_mut().context("the browser is closed")?, "{question}")
            .context("ask the browser")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("the browser's answer")?;
        let answer: Value =
            serde_json::from_str(&line).with_context(|| format!("the browser said {line:?}"))?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{question}: {error}");
        }
        serde_json::from_value(answer["answer"].clone()).with_context(|| format!("the browser said {line:?}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The end of its input ends it; whether it went well is of no interest any more.
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

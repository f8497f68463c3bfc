//! The agent's API over its socket, as any program would use it.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Installation;
use crate::client::{Connection, Request};
use crate::patience::patient;

/// Rows a page, at most.
const PAGE: usize = 500;

impl Installation<'_> {
    /// Asks, and gives status and body. An answer that never comes is an error: the agent may have been killed.
    pub fn ask(&self, request: &Request) -> Result<(u16, Vec<u8>)> {
        let socket = self.state.join("picket.sock");
        let stream =
            UnixStream::connect(&socket).with_context(|| format!("connect to {}", socket.display()))?;
        stream.set_read_timeout(Some(patient(15)))?;
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let answer = Connection::over(stream, nowhere).exchange(request)?;
        Ok((answer.status, answer.body))
    }

    /// What stands at a path.
    pub fn get(&self, path: &str) -> Result<Value> {
        let (status, body) = self.ask(&Request::new("GET", path))?;
        let text = String::from_utf8_lossy(&body);
        ensure!(status == 200, "GET {path}: {status} {text}");
        serde_json::from_str(&text).with_context(|| format!("GET {path} gave {text:?}"))
    }

    /// The newest rows of a list.
    pub fn newest(&self, path: &str) -> Result<Vec<Value>> {
        Ok(items(self.get(&at(path, &format!("limit={PAGE}")))?)?.0)
    }

    /// All rows of a list, page by page.
    pub fn all(&self, path: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut query = format!("limit={PAGE}");
        loop {
            let (page, next) = items(self.get(&at(path, &query))?)?;
            rows.extend(page);
            match next {
                Some(cursor) => query = format!("limit={PAGE}&cursor={cursor}"),
                None => return Ok(rows),
            }
        }
    }
}

fn at(path: &str, query: &str) -> String {
    format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
}

fn items(mut list: Value) -> Result<(Vec<Value>, Option<String>)> {
    let next = list["next"].as_str().map(str::to_owned);
    match list["items"].take() {
        Value::Array(items) => Ok((items, next)),
        _ => anyhow::bail!("a list without items: {list}"),
    }
}

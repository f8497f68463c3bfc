//! What a script in the browser's process asks us to do meanwhile: over HTTP, one question a connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::patience::patient;

/// Runs errands until `over`: `run` is given the path that is asked for, without its slash.
pub fn answer(
    listener: &TcpListener,
    over: &AtomicBool,
    mut run: impl FnMut(&str) -> Result<Value>,
) -> Result<()> {
    listener.set_nonblocking(true)?;
    while !over.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(patient(10)))?;
        let (status, body) = match run(&read(&stream)?) {
            Ok(value) => ("200 OK", value),
            Err(error) => ("500 Failed", json!({ "error": format!("{error:#}") })),
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        (&stream).write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

/// What is asked for; all of the request is read.
fn read(stream: &TcpStream) -> Result<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = first.clone();
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    Ok(first.split(' ').nth(1).context("a request line")?.trim_start_matches('/').to_owned())
}

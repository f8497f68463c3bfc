//! The blocking page: blocked clients are told so, by real TCP, and nothing of theirs gets to the service.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;

use crate::agent::{Agent, Installation};
use crate::client::{Connection, Request, Split};
use crate::ground::{ATTACKER, Ground, HONEST, INTERFACE};
use crate::patience::wait_until;
use crate::site::Site;
use crate::workload::mark;

/// Whom the page says to turn to.
const CONTACT: &str = "security@shop.example";
/// A port that nothing is said on.
const OTHER: u16 = 9999;

/// Blocked clients of both families get HTML, JSON, alerts; a long page of one's own; and nothing on other ports, on
/// connections that were open, when it is switched off, and when the agent is dead.
pub fn page(site: &Site) -> Result<Vec<String>> {
    let ground = Ground::new(site)?;
    let answers = format!("answer = \"page\"\npage_contact = \"{CONTACT}\"\n");
    let installation = ground.installation(site, &answers)?;
    let agent = installation.start()?;
    // The agent learns which ports speak HTTP from whoever asks.
    ground.connect(HONEST[0])?.exchange(&Request::new("GET", mark("page")))?;
    let port = ground.server.service.port;
    wait_until("the port to get a page", 10, || {
        let page = protection(&installation).ok()?;
        page["ports"].as_array()?.contains(&port.into()).then_some(())
    })?;
    let mut open = ATTACKER.map(|from| ground.connect(from)).into_iter().collect::<Result<Vec<_>>>()?;
    for connection in &mut open {
        connection.exchange(&Request::new("GET", mark("page")))?;
    }
    let asked = ground.server.access_log()?.len();
    for attacker in ATTACKER {
        installation.block(attacker, Some("1h"))?;
        told(&ground, attacker)?;
    }
    for (mut connection, attacker) in open.into_iter().zip(ATTACKER) {
        connection.stream_mut().set_read_timeout(Some(crate::ground::tried()))?;
        connection.send(&Request::new("GET", mark("page")).encode(), Split::Whole)?;
        let error = connection.receive("GET").err().context("a connection that was open is answered")?;
        ensure!(crate::ground::is_silence(&error), "{attacker}, on a connection that was open: {error:#}");
    }
    ensure!(!on_port(&ground, ATTACKER[0], OTHER)?, "a port without HTTP answers {}", ATTACKER[0]);
    for honest in HONEST {
        let response = ground.connect(honest)?.exchange(&Request::new("GET", mark("page")))?;
        ensure!(response.status != 403, "{honest} is told that it is blocked");
    }
    let entry = installation.denied(ATTACKER[0])?.context("the block is listed")?;
    ensure!(entry.drops > 5, "what is answered is dropped, too: {}", entry.raw);
    let counted = protection(&installation)?;
    let count = |name: &str| counted[name].as_u64().with_context(|| format!("{name}: {counted}"));
    ensure!(count("sent")? >= 8 && count("alerts")? >= 2 && count("opened")? >= 10, "{counted}");
    ensure!(count("unsent")? + count("full")? == 0, "{counted}");

    let longest = long_page(&installation, &agent, &ground)?;
    // Switched off, and on again: no restart.
    configure(&installation, &agent, "")?;
    wait_until("nobody to be told anything", 10, || (!ground.reaches(ATTACKER[0]).ok()?).then_some(()))?;
    configure(&installation, &agent, &answers)?;
    ground.wait_until_reached(ATTACKER[0], 10)?;

    agent.kill()?;
    for attacker in ATTACKER {
        ensure!(!ground.reaches(attacker)?, "{attacker} gets through as soon as the agent is dead");
    }
    let agent = installation.start()?;
    ensure!(!ground.reaches(ATTACKER[0])?, "no HTTP was seen yet, and {} is answered", ATTACKER[0]);
    ground.connect(HONEST[0])?.exchange(&Request::new("GET", mark("page")))?;
    ground.wait_until_reached(ATTACKER[0], 10)?;
    told(&ground, ATTACKER[0])?;
    let mine = ground.server.access_log()?;
    ensure!(
        mine.iter().skip(asked).all(|line| !line.target.contains("/secret")),
        "a request of a blocked client got to the service"
    );
    agent.stop()?;
    Ok(vec![format!(
        "{} pages, {} alerts, {} connections of blocked clients; a page of {longest} bytes; nothing got to the service",
        count("sent")?,
        count("alerts")?,
        count("opened")?
    )])
}

/// A blocked client is told so, whatever it asks for.
fn told(ground: &Ground, from: &str) -> Result<()> {
    let ask = |request: Request| -> Result<_> {
        let mut connection = ground.connect(from).context("the connection of a blocked client")?;
        let response =
            connection.exchange(&request).with_context(|| format!("{from}: {}", request.method))?;
        ensure!(response.status == 403, "{from} is answered {}", response.status);
        ensure!(connection.closed()?, "the connection goes on after the page");
        Ok(response)
    };
    let html = ask(Request::new("GET", "/secret").header("Accept", "text/html,*/*;q=0.8"))?;
    let body = String::from_utf8_lossy(&html.body);
    ensure!(
        html.header("content-type") == Some("text/html; charset=utf-8"),
        "{:?}",
        html.header("content-type")
    );
    ensure!(body.contains(from) && body.contains(CONTACT), "{body}");
    let json = ask(Request::new("POST", "/secret").header("Accept", "*/*"))?;
    let body: Value = serde_json::from_slice(&json.body).context("the page for programs")?;
    ensure!(body["address"] == from && body["contact"] == CONTACT, "{body}");
    let head = ask(Request::new("HEAD", "/secret"))?;
    ensure!(head.body.is_empty(), "a body after HEAD");
    // A long request: its first segment is answered.
    let long = ask(Request::new("GET", "/secret").header("X-Long", "x".repeat(6000)))?;
    ensure!(long.body == json.body, "a long request is answered otherwise");
    // TLS: a handshake's record, its beginning.
    let mut connection = ground.connect(from)?;
    connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Split::Whole)?;
    let alert: [u8; 7] = connection.bytes()?;
    ensure!(alert == [0x15, 3, 3, 0, 2, 2, 49], "a TLS client gets {alert:?}");
    ensure!(connection.closed()?, "the connection goes on after the alert");
    Ok(())
}

/// A page of one's own, as long as it may be, comes whole; gives its length.
fn long_page(installation: &Installation<'_>, agent: &Agent<'_>, ground: &Ground) -> Result<usize> {
    let filler = "x".repeat(11_000);
    let text = format!("<title>Own</title><p>{{{{address}}}}</p><!--{filler}-->");
    let file = installation.state().with_extension("html");
    fs::write(&file, &text)?;
    let answers = format!("answer = \"page\"\npage_html = \"{}\"\n", file.display());
    configure(installation, agent, &answers)?;
    let ask = |from: &str| -> Result<Vec<u8>> {
        let request = Request::new("GET", "/secret").header("Accept", "text/html");
        Ok(ground.connect(from)?.exchange(&request)?.body)
    };
    wait_until("the page of one's own", 10, || {
        ask(ATTACKER[0]).ok()?.starts_with(b"<title>Own</title>").then_some(())
    })?;
    for from in ATTACKER {
        let body = ask(from)?;
        let wanted = text.replace("{{address}}", from);
        ensure!(body == wanted.as_bytes(), "{from} got {} bytes of {}", body.len(), wanted.len());
    }
    Ok(text.len())
}

fn configure(installation: &Installation<'_>, agent: &Agent<'_>, answers: &str) -> Result<()> {
    installation.configure(&format!("[deny]\ninterfaces = [\"{INTERFACE}\"]\n{answers}"))?;
    agent.signal(Signal::HUP)
}

fn protection(installation: &Installation<'_>) -> Result<Value> {
    Ok(installation.get("/v1/protection")?["page"].clone())
}

/// Whether anything answers on another port.
fn on_port(ground: &Ground, from: &str, port: u16) -> Result<bool> {
    let mut to = ground.service(from)?;
    to.set_port(port);
    match Connection::open_within(to, ground.from(from)?, crate::ground::tried()) {
        Ok(_) => Ok(true),
        Err(error) => {
            ensure!(crate::ground::is_silence(&error), "not by silence: {error:#}");
            Ok(false)
        }
    }
}

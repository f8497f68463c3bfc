//! What `picket services`, `picket stats` and `picket doctor` say of services that speak TLS: of seen ones with which
//! library, of the others that they are not seen, why, and what to do.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::named;
use crate::agent::Installation;
use crate::client::tls::patterns::Load;
use crate::client::tls::{Client, Manner, Pace};
use crate::netns::Netns;
use crate::patience::{in_vm, wait_until};
use crate::report::CannotRun;
use crate::servers::tls::Certificate;
use crate::servers::{Place, Server};
use crate::site::Site;

/// What is to be said of a row's service.
struct Expected {
    row: &'static str,
    /// What the library is called.
    runtime: &'static str,
    /// How its version begins.
    version: Option<&'static str>,
    /// `seen`, `partly` or `unseen`.
    sight: &'static str,
    /// A part of why it is not seen.
    why: &'static str,
}

const EXPECTED: [Expected; 5] = [
    Expected { row: "nginx", runtime: "OpenSSL", version: Some("3."), sight: "seen", why: "" },
    Expected { row: "go", runtime: "Go", version: Some("1.19"), sight: "seen", why: "" },
    Expected {
        row: "gnutls",
        runtime: "GnuTLS",
        version: Some("3."),
        sight: "partly",
        why: "gnutls_record_recv_packet",
    },
    Expected { row: "java", runtime: "Java", version: None, sight: "unseen", why: "compiled anew" },
    Expected {
        row: "rustls-stripped",
        runtime: "rustls",
        version: Some("0.23"),
        sight: "unseen",
        why: "symbols were removed",
    },
];

/// The row whose service starts after the agent.
const LATE: &str = "go";
/// Connections with a request to each of them.
const CONNECTIONS: u64 = 6;

/// Counts, libraries, reasons.
pub fn told(site: &Site) -> Result<Vec<String>> {
    if in_vm() {
        return Err(CannotRun("the machines of the kernel matrix come without these services".into()).into());
    }
    let certificate = Certificate::make(site.dir())?;
    let client = Client::new(&certificate)?;
    let netns = Arc::new(Netns::new()?);
    let start = |expected: &'static Expected| -> Result<(&Expected, Server)> {
        Ok((expected, (named(expected.row)?.start)(&Place::inside(site, &netns)?, &certificate)?))
    };
    let mut servers = EXPECTED.iter().filter(|e| e.row != LATE).map(start).collect::<Result<Vec<_>>>()?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    for expected in EXPECTED.iter().filter(|expected| expected.row == LATE) {
        servers.push(start(expected)?);
    }
    let attended = || installation.stats().ok()?.0["tls"]["latency"]["count"].as_u64().filter(|n| *n > 0);
    wait_until("probes in the service that came last", 20, attended)?;

    for (expected, server) in &servers {
        for n in 0..CONNECTIONS {
            let load = Load { server, client: &client, requests: 1, pace: Pace::new(None) };
            let mut connection = client.connect(server, Manner::nth(usize::try_from(n)?))?;
            load.with(std::slice::from_mut(&mut connection))
                .with_context(|| format!("{}: {}", expected.row, server.printed()))?;
            connection.stream_mut().finish()?;
        }
        // No handshake: no TLS.
        drop(server.connect(false)?);
    }
    let [(_, nginx), ..] = &servers[..] else { unreachable!("there are five") };
    // A handshake and no request.
    drop(client.connect(nginx, Manner::nth(0))?);
    // The preface of HTTP/2 (RFC 9113 section 3.4), at a service that has not begun to speak.
    let mut http2 = client.connect(nginx, Manner::nth(0))?;
    http2.stream_mut().write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
    http2.stream_mut().finish()?;
    drop(http2);

    let mut notes = Vec::new();
    for (expected, server) in &servers {
        let is_nginx = expected.row == "nginx";
        let counts = match expected.sight {
            "unseen" => [0, CONNECTIONS],
            _ if is_nginx => [CONNECTIONS + 1, 1],
            _ => [CONNECTIONS, 0],
        };
        let service = counted(&installation, server, counts)?;
        notes.push(service_is_as_expected(expected, &service)?);
        let http2 = if is_nginx { serde_json::json!({"clear": 0, "tls": 1}) } else { Value::Null };
        ensure!(service["http2"] == http2, "{}: HTTP/2: {service}", expected.row);
    }
    let table = installation.cli_ok(&["services"])?.stdout;
    for wanted in ["unseen 6 (Java)", "unseen 6 (rustls)", "7, unseen 1, HTTP/2 1", "JSSE", "do:"] {
        ensure!(table.contains(wanted), "{wanted:?} is not in\n{table}");
    }
    notes.extend(table.lines().map(str::to_owned));

    let stats = installation.stats()?.0;
    let counter = |name: &str| {
        let counters = stats["agent"].as_array().into_iter().flatten();
        counters.filter(|c| c["name"] == name).find_map(|c| c["total"].as_u64())
    };
    let wanted = [("tls_seen", 3 * CONNECTIONS + 1), ("tls_unseen", 2 * CONNECTIONS + 1), ("http2_tls", 1)];
    for (name, wanted) in wanted {
        ensure!(counter(name) == Some(wanted), "{name}: {:?}, not {wanted}", counter(name));
    }
    ensure!(
        counter("attached") >= Some(3) && stats["tls"]["attached"].as_u64() >= Some(3),
        "{}",
        stats["tls"]
    );
    ensure!(stats["tls"]["why_not"].is_null(), "{}", stats["tls"]);
    notes.push(format!("latency of discovery: {}", stats["tls"]["latency"]));
    agent.stop()?;

    // Without an agent.
    let report = installation.json(&["doctor"])?;
    ensure!(report["watch"] == true, "{report}");
    for (expected, server) in &servers {
        let processes = report["tls"]["processes"].as_array().into_iter().flatten();
        let process = processes.clone().find(|process| process["pid"] == server.service.pid);
        let process =
            process.with_context(|| format!("doctor does not name {}: {}", expected.row, report["tls"]))?;
        runtime_is_as_expected(expected, &process["runtimes"])?;
        ensure!(process["sight"] == expected.sight, "{process}");
        ensure!(process["ports"] == serde_json::json!([server.service.port]), "{process}");
    }
    let level = |id: &str| {
        let checks = report["checks"].as_array().into_iter().flatten();
        checks.filter(|check| check["id"] == id).find_map(|check| check["level"].as_str())
    };
    for (id, wanted) in [("uprobes", "ok"), ("mappings", "ok"), ("tls_services", "degraded")] {
        ensure!(level(id) == Some(wanted), "doctor's {id}: {:?}, not {wanted}", level(id));
    }
    let shown = installation.cli_ok(&["doctor"])?.stdout;
    for wanted in ["Java is not seen: ", "rustls is not seen: ", "GnuTLS is partly seen: "] {
        ensure!(shown.contains(wanted), "{wanted:?} is not in\n{shown}");
    }
    notes.extend(shown.lines().skip_while(|line| !line.contains("TLS CODE")).map(str::to_owned));
    Ok(notes)
}

/// The service as `picket services` has it, once its connections were counted.
fn counted(installation: &Installation<'_>, server: &Server, [seen, unseen]: [u64; 2]) -> Result<Value> {
    let mut last = Value::Null;
    let found = wait_until("the connections to be counted", 20, || {
        let services = installation.json(&["services"]).ok()?;
        let service = services.as_array()?.iter().find(|service| service["pid"] == server.service.pid)?;
        last = service.clone();
        (service["tls"]["seen"] == seen && service["tls"]["unseen"] == unseen).then(|| service.clone())
    });
    found
        .with_context(|| format!("{}: {seen} seen and {unseen} unseen expected: {last}", server.service.name))
}

fn service_is_as_expected(expected: &Expected, service: &Value) -> Result<String> {
    let tls = &service["tls"];
    let line = runtime_is_as_expected(expected, &tls["runtimes"])?;
    match expected.sight {
        "unseen" => {
            let why = tls["why"].as_str().unwrap_or_default();
            ensure!(why.contains(expected.why) && tls["short"] == expected.runtime, "{tls}");
            ensure!(tls["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{tls}");
            ensure!(service["requests"] == 0, "{service}");
        }
        _ => ensure!(service["requests"] == CONNECTIONS, "{service}"),
    }
    Ok(format!("{:16}{line}: {} seen, {} unseen", expected.row, tls["seen"], tls["unseen"]))
}

/// There is one library, and it is this one; gives its name and version.
fn runtime_is_as_expected(expected: &Expected, runtimes: &Value) -> Result<String> {
    let Some([runtime]) = runtimes.as_array().map(Vec::as_slice) else {
        anyhow::bail!("{}: one library expected: {runtimes}", expected.row);
    };
    ensure!(runtime["name"] == expected.runtime && runtime["sight"] == expected.sight, "{runtime}");
    let version = runtime["version"].as_str();
    ensure!(
        version.is_some() == expected.version.is_some()
            && version.unwrap_or_default().starts_with(expected.version.unwrap_or_default()),
        "{runtime}"
    );
    // In full, not what the library's file is called.
    ensure!(version.is_none_or(|version| version.split('.').count() == 3), "{runtime}");
    ensure!(runtime["why"].as_str().unwrap_or_default().contains(expected.why), "{runtime}");
    Ok(format!("{} {}, {}", expected.runtime, version.unwrap_or("(no version)"), expected.sight))
}

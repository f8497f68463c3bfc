//! Connections as they come: older than the agent, many at once.

use std::thread;

use anyhow::{Result, anyhow, ensure};

use crate::agent::Installation;
use crate::client::{Body, Connection, Request, Split};
use crate::ledger::Ledger;
use crate::servers::{Place, nginx, node, python};
use crate::site::Site;
use crate::workload::{exchange, gets, mark};

/// Connections that were open before the agent started: all is reported from the next request on.
pub fn older_than_agent(site: &Site) -> Result<Vec<String>> {
    let servers = [
        nginx::start(&Place::host(site)?)?,
        node::start(&Place::host(site)?)?,
        python::start_http_server(&Place::host(site)?)?,
    ];
    let mut before = Ledger::default();
    let mut open = Vec::new();
    let mut amid = Vec::new();
    for server in &servers {
        for v6 in [false, true] {
            let mut used = server.connect(v6)?;
            gets(server, &mut used, "before", 5, &mut before)?;
            // One connection has not been used yet, one stands in the middle of a request's body.
            let unused = server.connect(v6)?;
            let mut halfway = server.connect(v6)?;
            gets(server, &mut halfway, "before", 1, &mut before)?;
            let request = Request::new("POST", mark("halfway").replacen("/t/", "/missing/", 1))
                .body(Body::Length(b"name=value&".repeat(200)));
            halfway.send(&request.encode_head(), Split::Whole)?;
            halfway.send(&request.encode_body()[..1000], Split::Whole)?;
            open.push((server, used));
            open.push((server, unused));
            amid.push((server, halfway, request));
        }
    }
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    for (server, connection) in &mut open {
        gets(server, connection, "after", 5, &mut ledger)?;
        let post = Request::new("POST", mark("after")).body(Body::Length(b"name=value&".repeat(5000)));
        exchange(server, connection, &post, 200, &mut ledger)?;
        gets(server, connection, "after", 2, &mut ledger)?;
    }
    for (server, mut connection, request) in amid {
        // Its beginning was before the agent's time: it is not reported, what follows it is.
        connection.send(&request.encode_body()[1000..], Split::Whole)?;
        let response = connection.receive(request.method)?;
        ensure!(
            matches!(response.status, 404 | 405),
            "the request begun before was answered {}",
            response.status
        );
        gets(server, &mut connection, "after-halfway", 5, &mut ledger)?;
    }
    let sent = ledger.len();
    agent.check(&ledger)?;
    Ok(vec![format!("{sent} requests on connections older than the agent, each reported once")])
}

/// 10,000 requests over 100 connections.
pub fn ten_thousand(site: &Site) -> Result<Vec<String>> {
    const THREADS: usize = 4;
    const CONNECTIONS: usize = 100;
    const REQUESTS: usize = 10_000;
    let server = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let part = || -> Result<Ledger> {
        let mut ledger = Ledger::default();
        let open: Result<Vec<Connection>> =
            (0..CONNECTIONS / THREADS).map(|n| server.connect(n % 2 == 1)).collect();
        let mut open = open?;
        for _ in 0..REQUESTS / CONNECTIONS {
            for connection in &mut open {
                gets(&server, connection, "ten-thousand", 1, &mut ledger)?;
            }
        }
        Ok(ledger)
    };
    let mut ledger = Ledger::default();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(part)).collect();
        for thread in threads {
            ledger.append(thread.join().map_err(|_| anyhow!("a client thread panicked"))??);
        }
        Ok(())
    })?;
    ensure!(ledger.len() == REQUESTS, "{} requests were sent, not {REQUESTS}", ledger.len());
    ledger.check_access_log(&server)?;
    agent.check(&ledger)?;
    Ok(vec![format!("{REQUESTS} requests over {CONNECTIONS} connections, each reported once")])
}

//! Requests are attributed to the service that got them, and to the client that sent them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use crate::agent::Installation;
use crate::client::{Connection, From, Request};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::wait_until;
use crate::servers::{Place, nginx, node, python};
use crate::site::Site;
use crate::workload::{exchange, gets, mark};

/// Two services on the same port of two network namespaces, with clients of the same addresses and
/// ports: nothing but the namespace tells their connections apart.
pub fn same_port(site: &Site) -> Result<Vec<String>> {
    const PORT: u16 = 8080;
    let spaces = [Arc::new(Netns::new()?), Arc::new(Netns::new()?)];
    let servers = [
        nginx::start(&Place::inside(site, &spaces[0])?.on_port(PORT))?,
        python::start_http_server(&Place::inside(site, &spaces[1])?.on_port(PORT))?,
    ];
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    for v6 in [false, true] {
        for source in 40_000..40_005 {
            let mut open = Vec::new();
            for server in &servers {
                let source = Some(SocketAddr::new(crate::client::loopback(v6), source));
                open.push((server, Connection::open(server.address(v6), From { source, ..server.near() })?));
            }
            for _ in 0..5 {
                for (server, connection) in &mut open {
                    gets(server, connection, "same-port", 1, &mut ledger)?;
                }
            }
        }
    }
    let sent = ledger.len();
    agent.check(&ledger)?;
    Ok(vec![format!("{sent} requests on equal tuples in two namespaces, each attributed rightly")])
}

/// nginx before Python: both hops are reported, each as its own service; the forwarded header counts
/// only from the trusted proxy.
pub fn proxy_chain(site: &Site) -> Result<Vec<String>> {
    let behind = python::start_http_server(&Place::host(site)?)?;
    let proxy = format!(
        "location /t/front/ {{ proxy_pass http://127.0.0.1:{}/t/behind/; proxy_set_header Host $http_host;
           proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}",
        behind.service.port
    );
    let front = nginx::start_with(&Place::host(site)?, &proxy)?;
    let installation = Installation::new(site, "picket")?;
    installation.configure("[proxies]\ntrusted = [\"127.0.0.1/32\"]\n")?;
    let agent = installation.start()?;
    let client: IpAddr = Ipv4Addr::new(127, 0, 0, 2).into();
    let from = From { netns: None, source: Some(SocketAddr::new(client, 0)) };
    let mut ledger = Ledger::default();
    for forged in [None, Some("198.51.100.7"), Some("198.51.100.7, 127.0.0.1")] {
        let mut connection = Connection::open(front.address(false), from)?;
        for _ in 0..5 {
            let mut request = Request::new("GET", mark("front"));
            if let Some(forged) = forged {
                request = request.header("X-Forwarded-For", forged);
            }
            exchange(&front, &mut connection, &request, 200, &mut ledger)?;
            let mut inner = request.clone();
            inner.path = request.path.replacen("/front/", "/behind/", 1);
            let seen = wait_until("the request behind the proxy", 5, || {
                behind.access_log().ok()?.into_iter().find(|a| a.target == inner.path)
            })?;
            ledger.enter_forwarded(&behind.service, seen.peer, client, &inner, 200);
        }
    }
    // Straight to the service behind, past the proxy: what the header claims does not count.
    let mut connection = Connection::open(behind.address(false), from)?;
    for claim in ["198.51.100.7", "127.0.0.1", "not an address"] {
        let request = Request::new("GET", mark("past-proxy")).header("X-Forwarded-For", claim);
        exchange(&behind, &mut connection, &request, 200, &mut ledger)?;
    }
    let sent = ledger.len();
    agent.check(&ledger)?;
    Ok(vec![format!(
        "{sent} requests on two hops, each reported once, client right behind the trusted proxy"
    )])
}

/// Two agents at once, each with its own state directory and control group.
pub fn two_agents(site: &Site) -> Result<Vec<String>> {
    let groups = [site.cgroup.child("one")?, site.cgroup.child("two")?];
    let servers = [
        nginx::start(&Place::host(site)?.in_cgroup(&groups[0]))?,
        node::start(&Place::host(site)?.in_cgroup(&groups[1]))?,
    ];
    let installations = [
        Installation::new(site, "picket-one")?.on_cgroup(groups[0].path()),
        Installation::new(site, "picket-two")?.on_cgroup(groups[1].path()),
    ];
    let agents = [installations[0].start()?, installations[1].start()?];
    let mut ledgers = [Ledger::default(), Ledger::default()];
    for v6 in [false, true] {
        for (server, ledger) in servers.iter().zip(&mut ledgers) {
            gets(server, &mut server.connect(v6)?, "two-agents", 10, ledger)?;
        }
    }
    // A block in one is none in the other.
    installations[0].cli_ok(&["block", "192.0.2.9"])?;
    let listed: Vec<String> =
        installations.iter().map(|i| i.json(&["denylist"]).map(|v| v.to_string())).collect::<Result<_>>()?;
    ensure!(listed[0].contains("192.0.2.9"), "the block is not in its agent's denylist: {}", listed[0]);
    ensure!(!listed[1].contains("192.0.2.9"), "the block is in the other agent's denylist: {}", listed[1]);
    for (agent, ledger) in agents.into_iter().zip(&ledgers) {
        agent.check(ledger).context("of two agents")?;
    }
    Ok(vec![format!(
        "{} and {} requests, each reported by its own agent only",
        ledgers[0].len(),
        ledgers[1].len()
    )])
}

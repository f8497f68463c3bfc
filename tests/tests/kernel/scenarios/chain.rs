//! A proxy on the host in front of a service: two transactions, one chain, and the client's address on both.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Barrier};

use anyhow::{Context, Result, anyhow, ensure};

use crate::agent::{Installation, Report};
use crate::client::tls::{Client, Version};
use crate::client::{Body, Connection, From, Request};
use crate::netns::Netns;
use crate::servers::nginx::Extra;
use crate::servers::tls::Certificate;
use crate::servers::{Place, Server, nginx, python};
use crate::site::Site;
use crate::workload::mark;

/// Clients at the same time, each with an address of its own.
const CLIENTS: u8 = 100;
/// Requests of each.
const REQUESTS: usize = 5;

/// How clients reach the proxy.
enum Front {
    /// HTTP in the clear.
    Plain,
    /// The proxy ends TLS.
    Tls(Box<Client>, Certificate),
}

/// What carries a client's bytes.
trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// What of a path leads to which location of the proxy: nothing said of the client; the same, with another prefix; its
/// address appended to what it claims; what it claims passed on; over connections that are kept.
const WAYS: [&str; 5] = ["same", "front", "append", "pass", "kept"];

impl Front {
    fn tls(site: &Site) -> Result<Self> {
        let certificate = Certificate::make(site.dir())?;
        Ok(Self::Tls(Box::new(Client::new(&certificate)?), certificate))
    }

    /// The proxy in front of a service on this port.
    fn start(&self, place: &Place<'_>, behind: u16) -> Result<Server> {
        let to = format!("proxy_pass http://127.0.0.1:{behind}");
        let silent = "proxy_set_header X-Forwarded-For \"\"";
        let append = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for";
        let kept = "proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection \"\"";
        let mut server = format!(
            "location /t/same/ {{ {to}; {silent}; }} location /t/front/ {{ {to}/t/behind/; {silent}; }}
             location /t/append/ {{ {to}; {append}; }} location /t/pass/ {{ {to}; }}
             location /t/kept/ {{ {kept}; {silent}; }}"
        );
        let http = format!("upstream behind {{ server 127.0.0.1:{behind}; keepalive 64; }}");
        let listen = match self {
            Self::Plain => "",
            Self::Tls(_, certificate) => {
                let (chain, key) = (certificate.chain(), certificate.key());
                server.push_str(&format!(
                    " ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
                    chain.display(),
                    key.display()
                ));
                " ssl"
            }
        };
        nginx::start_extended(place, Extra { listen, server: &server, http: &http })
    }

    fn connect(
        &self,
        to: SocketAddr,
        from: From<'_>,
        version: Version,
    ) -> Result<Connection<Box<dyn Stream>>> {
        let connection = Connection::open(to, from)?;
        let local = connection.local();
        let stream: Box<dyn Stream> = match self {
            Self::Plain => Box::new(connection.into_stream()),
            Self::Tls(client, _) => Box::new(client.secure(connection.into_stream(), version)?),
        };
        Ok(Connection::over(stream, local))
    }
}

/// Who sent which request, by what its path ends with.
type Sent = BTreeMap<String, IpAddr>;

fn address(client: u8) -> IpAddr {
    Ipv4Addr::new(127, 1, 0, client + 1).into()
}

/// nginx before Python: hundred clients at once, forged addresses among what they say.
pub fn plain(site: &Site) -> Result<Vec<String>> {
    both(site, &Front::Plain)
}

/// The same with TLS up to nginx.
pub fn tls(site: &Site) -> Result<Vec<String>> {
    both(site, &Front::tls(site)?)
}

fn both(site: &Site, front: &Front) -> Result<Vec<String>> {
    let chain = |rings| Ok(format!("{rings} worker(s): {}", chain(site, front, rings)?));
    [1, 2].into_iter().map(chain).collect()
}

fn chain(site: &Site, front: &Front, rings: usize) -> Result<String> {
    let netns = Arc::new(Netns::new()?);
    let behind = python::start_http_server(&Place::inside(site, &netns)?)?;
    let proxy = front.start(&Place::inside(site, &netns)?, behind.service.port)?;
    let installation = Installation::new(site, &format!("picket-{rings}"))?;
    installation.configure(&format!("[capture]\nrings = {rings}\n"))?;
    // Leaves connections between the two that are older than the agent.
    client(front, &proxy, &netns, CLIENTS, &["kept"], 4)?;
    let agent = installation.start()?;
    let mut sent = Sent::new();
    // One after the other: what the proxy writes itself is learned from these.
    for way in WAYS {
        sent.extend(client(front, &proxy, &netns, CLIENTS, &[way], 1)?);
    }
    let begin = Barrier::new(usize::from(CLIENTS));
    let each: Vec<Result<Sent>> = std::thread::scope(|scope| {
        let (netns, proxy, begin) = (&netns, &proxy, &begin);
        let start = |number| {
            scope.spawn(move || {
                begin.wait();
                client(front, proxy, netns, number, &WAYS, REQUESTS)
            })
        };
        let running: Vec<_> = (0..CLIENTS).map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<Sent>>| {
            thread.join().unwrap_or_else(|_| Err(anyhow!("a client panicked")))
        };
        running.into_iter().map(join).collect()
    });
    for one in each {
        sent.extend(one?);
    }
    agent.wait_for(sent.len() * 2);
    let stats = installation.stats()?;
    let reports = agent.stop()?;
    judge(&sent, &reports, &proxy, &behind, matches!(front, Front::Tls(..)))
        .map_err(|error| anyhow!("{error:#}\nstats: {stats}"))
}

/// One client's requests, over one connection.
fn client(
    front: &Front,
    proxy: &Server,
    netns: &Netns,
    number: u8,
    ways: &[&str],
    count: usize,
) -> Result<Sent> {
    let from = From { netns: Some(netns), source: Some(SocketAddr::new(address(number), 0)) };
    let mut connection = front.connect(proxy.address(false), from, Version::ALL[usize::from(number) % 2])?;
    let mut sent = Sent::new();
    for turn in 0..count {
        for way in ways {
            let mut request = Request::new("GET", mark(way));
            if turn % 2 == 1 {
                request = Request::new("POST", mark(way)).body(Body::Length(b"a=1&b=2".to_vec()));
            }
            if turn % 3 == 1 {
                // Somebody else's address, who has requests of their own open.
                let other = address((number + 1) % CLIENTS).to_string();
                request = request.header("X-Forwarded-For", other);
            }
            let response = connection.exchange(&request).with_context(|| request.target())?;
            ensure!(response.status == 200, "{} was answered {}", request.target(), response.status);
            sent.insert(tail(&request.path).to_owned(), address(number));
        }
    }
    Ok(sent)
}

/// The mark's number.
fn tail(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether each request was reported on both hops, as one chain of its own, with its client.
fn judge(
    sent: &Sent,
    reports: &[Report],
    proxy: &Server,
    behind: &Server,
    proxy_is_tls: bool,
) -> Result<String> {
    let mut hops: HashMap<&str, [Option<&Report>; 2]> = HashMap::new();
    for report in reports {
        let port = report.at("/service/port");
        let hop = [proxy, behind].iter().position(|server| port == server.service.port);
        let hop = hop.with_context(|| format!("reported of neither service: {report}"))?;
        let place = &mut hops.entry(tail(report.path())).or_default()[hop];
        ensure!(place.replace(report).is_none(), "reported twice: {report}");
    }
    let mut ids = HashSet::new();
    let mut wrong = Vec::new();
    for (number, client) in sent {
        let Some([Some(outer), Some(inner)]) = hops.get(number.as_str()) else {
            wrong.push(format!("request {number} is not reported on both hops"));
            continue;
        };
        for (hop, report) in [outer, inner].into_iter().enumerate() {
            let right = report.at("/client_ip") == &client.to_string()
                && report.at("/chain/hop") == hop
                && report.at("/chain/ambiguous").is_null();
            if !right {
                wrong.push(format!("hop {hop} of {client}: {report}"));
            }
        }
        if proxy_is_tls && outer.at("/tls/ja4").is_null() || !inner.at("/tls").is_null() {
            wrong.push(format!("TLS on the wrong hop: {outer}\n{inner}"));
        }
        let id = outer.at("/chain/id").as_str().unwrap_or_default();
        if inner.at("/chain/id") != id || !ids.insert(id) {
            wrong.push(format!("not one chain of its own: {outer}\n{inner}"));
        }
    }
    ensure!(hops.len() == sent.len(), "{} requests were reported, {} sent", hops.len(), sent.len());
    ensure!(
        wrong.is_empty(),
        "{} of {} requests are wrong, the first of them:\n{}",
        wrong.len(),
        sent.len(),
        wrong[..wrong.len().min(4)].join("\n")
    );
    Ok(format!(
        "{} requests of {} clients, each led back to its own through the proxy",
        sent.len(),
        CLIENTS + 1
    ))
}

/// Two proxies before a service: three transactions, one chain, one attack.
pub fn three_hops(site: &Site) -> Result<Vec<String>> {
    const ATTACKS: usize = 7;
    let last = python::start_http_server(&Place::host(site)?)?;
    let to = |port| format!("location /t/far/ {{ proxy_pass http://127.0.0.1:{port}; }}");
    let middle = nginx::start_with(&Place::host(site)?, &to(last.service.port))?;
    let front = nginx::start_with(&Place::host(site)?, &to(middle.service.port))?;
    let installation = Installation::new(site, "picket")?;
    installation.configure("[respond]\nenabled = true\nevents = 100\n")?;
    let agent = installation.start()?;
    let client = address(7);
    let from = From { netns: None, source: Some(SocketAddr::new(client, 0)) };
    let mut connection = Connection::open(front.address(false), from)?;
    for _ in 0..ATTACKS {
        let attack =
            Request::new("GET", mark("far")).query("q=%3Cscript%3Ealert(document.cookie)%3C/script%3E");
        connection.exchange(&attack)?;
    }
    agent.wait_for(3 * ATTACKS);
    let stats = installation.stats()?;
    let reports = agent.stop()?;
    ensure!(reports.len() == 3 * ATTACKS, "{} of {} transactions", reports.len(), 3 * ATTACKS);
    let mut chains: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for report in &reports {
        ensure!(report.is_event(), "not an event: {report}");
        ensure!(report.at("/client_ip") == &client.to_string(), "not its client: {report}");
        let id = report.at("/chain/id").as_str().with_context(|| format!("in no chain: {report}"))?;
        chains.entry(id).or_default().extend(report.at("/chain/hop").as_u64());
    }
    ensure!(chains.len() == ATTACKS, "{} chains, not {ATTACKS}: {chains:?}", chains.len());
    for hops in chains.values_mut() {
        hops.sort_unstable();
        ensure!(*hops == [0, 1, 2], "hops {hops:?}");
    }
    // Addresses of loopback are on the passlist, so that is where the attacks are counted.
    let agent = stats.0["agent"].as_array().map_or(&[][..], Vec::as_slice);
    let counted = agent.iter().find(|c| c["stage"] == "respond" && c["name"] == "attacks_passlisted");
    let counted =
        counted.and_then(|c| c["total"].as_u64()).context("no counter respond.attacks_passlisted")?;
    ensure!(counted == ATTACKS as u64, "{counted} attacks were counted, not {ATTACKS}");
    Ok(vec![format!(
        "{ATTACKS} attacks seen on three hops each: {ATTACKS} chains, {counted} attacks counted"
    )])
}

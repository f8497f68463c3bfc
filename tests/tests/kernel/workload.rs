//! The shapes in which requests reach a service. Each request carries a mark of its own in its
//! path and is entered into the ledger when its response has come.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

use crate::client::{Body, Connection, Request, Response, Split};
use crate::ledger::Ledger;
use crate::servers::Server;

/// Numbers of requests are unique in a run.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A path that was never used before, under `/t/` (services answer 200) and the shape's name.
pub fn mark(shape: &str) -> String {
    format!("/t/{shape}/{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A shape: its name and what it does.
pub type Shape = (&'static str, fn(&Server, bool, &mut Ledger) -> Result<()>);

/// Every shape.
pub const SHAPES: [Shape; 14] = [
    ("keep-alive", keep_alive),
    ("one-per-connection", one_per_connection),
    ("post", post),
    ("chunked", chunked),
    ("expect", expect),
    ("head", head),
    ("not-found", not_found),
    ("pipelined", pipelined),
    ("bytewise", bytewise),
    ("head-then-body", head_then_body),
    ("query", query),
    ("http10", http10),
    ("half-closed", half_closed),
    ("many-headers", many_headers),
];

/// Sends requests of every shape over IPv4 and IPv6.
pub fn every_shape(server: &Server, ledger: &mut Ledger) -> Result<()> {
    for v6 in [false, true] {
        for (name, shape) in SHAPES {
            let family = if v6 { "IPv6" } else { "IPv4" };
            shape(server, v6, ledger)
                .with_context(|| format!("shape {name} over {family}: {}", server.process.name()))?;
        }
    }
    Ok(())
}

/// Sends one request, reads its response, checks the status and enters it.
pub fn exchange(
    server: &Server,
    connection: &mut Connection,
    request: &Request,
    expected: u16,
    ledger: &mut Ledger,
) -> Result<Response> {
    let response = connection.exchange(request).with_context(|| request.target())?;
    enter(server, connection, request, &response, expected, ledger)?;
    Ok(response)
}

/// Enters an answered request.
pub fn enter(
    server: &Server,
    connection: &Connection,
    request: &Request,
    response: &Response,
    expected: u16,
    ledger: &mut Ledger,
) -> Result<()> {
    ensure!(
        response.status == expected,
        "{} {} was answered {}, not {expected}",
        request.method,
        request.target(),
        response.status
    );
    ledger.enter(&server.service, connection.local(), request, expected);
    Ok(())
}

/// So many GETs over one connection.
pub fn gets(
    server: &Server,
    connection: &mut Connection,
    shape: &str,
    count: usize,
    ledger: &mut Ledger,
) -> Result<()> {
    for _ in 0..count {
        exchange(server, connection, &Request::new("GET", mark(shape)), 200, ledger)?;
    }
    Ok(())
}

fn keep_alive(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    gets(server, &mut server.connect(v6)?, "keep-alive", 20, ledger)
}

fn one_per_connection(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    for n in 0..20 {
        let mut connection = server.connect(v6)?;
        let mut request = Request::new("GET", mark("one-per-connection"));
        if n % 2 == 0 {
            request = request.header("Connection", "close");
        }
        exchange(server, &mut connection, &request, 200, ledger)?;
        if n % 2 == 0 {
            ensure!(connection.closed()?, "the service sent more after its answer to Connection: close");
        }
    }
    Ok(())
}

/// Bytes for bodies: a form, so that the body is something a rule engine reads.
fn form(length: usize) -> Vec<u8> {
    b"name=value&".iter().copied().cycle().take(length).collect()
}

fn post(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for length in [0, 1, 300, 64 * 1024, 1 << 20, 17] {
        let request = Request::new("POST", mark("post"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(Body::Length(form(length)));
        exchange(server, &mut connection, &request, 200, ledger)?;
    }
    gets(server, &mut connection, "post", 2, ledger)
}

fn chunked(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    let post = |length, chunk| Request::new("POST", mark("chunked")).body(Body::Chunked(form(length), chunk));
    // The last three are over the limit. nginx answers before it has read the body, so that the kernel may put
    // the next request into one packet with the body's end.
    for (length, chunk) in
        [(0, 1), (10, 1), (5000, 100), (60_000, 4096), (100_000, 4096), (300_000, 70_000), (1 << 20, 100)]
    {
        exchange(server, &mut connection, &post(length, chunk), 200, ledger)?;
    }
    gets(server, &mut connection, "chunked", 2, ledger)
}

fn expect(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for length in [5, 20_000] {
        let request = Request::new("POST", mark("expect"))
            .header("Expect", "100-continue")
            .body(Body::Length(form(length)));
        connection.send(&request.encode_head(), Split::Whole)?;
        // A service may also answer at once: then the body is sent all the same.
        let interim = connection.receive_head()?;
        connection.send(&request.encode_body(), Split::Whole)?;
        let response = if interim.status == 100 {
            connection.receive(request.method)?
        } else {
            connection.receive_body_of(interim, request.method)?
        };
        enter(server, &connection, &request, &response, 200, ledger)?;
    }
    gets(server, &mut connection, "expect", 2, ledger)
}

fn head(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for _ in 0..3 {
        exchange(server, &mut connection, &Request::new("HEAD", mark("head")), 200, ledger)?;
        gets(server, &mut connection, "head", 1, ledger)?;
    }
    Ok(())
}

fn not_found(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for _ in 0..3 {
        let path = mark("not-found").replacen("/t/", "/missing/", 1);
        exchange(server, &mut connection, &Request::new("GET", path), 404, ledger)?;
    }
    gets(server, &mut connection, "not-found", 1, ledger)
}

fn pipelined(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    for count in [2, 16] {
        let mut connection = server.connect(v6)?;
        let requests: Vec<Request> = (0..count).map(|_| Request::new("GET", mark("pipelined"))).collect();
        let bytes: Vec<u8> = requests.iter().flat_map(Request::encode).collect();
        connection.send(&bytes, Split::Whole)?;
        for request in &requests {
            let response = connection.receive(request.method)?;
            enter(server, &connection, request, &response, 200, ledger)?;
        }
        gets(server, &mut connection, "pipelined", 1, ledger)?;
    }
    Ok(())
}

fn bytewise(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    let requests = [
        Request::new("GET", mark("bytewise")),
        Request::new("POST", mark("bytewise")).body(Body::Length(form(40))),
        Request::new("POST", mark("bytewise")).body(Body::Chunked(form(30), 7)),
    ];
    for request in &requests {
        connection.send(&request.encode(), Split::Pieces(1))?;
        let response = connection.receive(request.method)?;
        enter(server, &connection, request, &response, 200, ledger)?;
    }
    Ok(())
}

fn head_then_body(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for _ in 0..3 {
        let request = Request::new("POST", mark("head-then-body")).body(Body::Length(form(100)));
        connection.send(&request.encode_head(), Split::Whole)?;
        connection.send(&request.encode_body(), Split::Pieces(33))?;
        let response = connection.receive(request.method)?;
        enter(server, &connection, &request, &response, 200, ledger)?;
    }
    Ok(())
}

fn query(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    for query in ["page=2", "q=red+shoes&sort=price", "a=1&a=2&b=%C3%A9"] {
        exchange(server, &mut connection, &Request::new("GET", mark("query")).query(query), 200, ledger)?;
    }
    Ok(())
}

fn http10(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    for _ in 0..2 {
        let mut connection = server.connect(v6)?;
        exchange(server, &mut connection, &Request::new("GET", mark("http10")).http10(), 200, ledger)?;
        ensure!(connection.closed()?, "the service kept an HTTP/1.0 connection open");
    }
    Ok(())
}

fn half_closed(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    let request = Request::new("GET", mark("half-closed"));
    connection.send(&request.encode(), Split::Whole)?;
    connection.finish()?;
    let response = connection.receive(request.method)?;
    enter(server, &connection, &request, &response, 200, ledger)
}

fn many_headers(server: &Server, v6: bool, ledger: &mut Ledger) -> Result<()> {
    let mut connection = server.connect(v6)?;
    let mut request = Request::new("GET", mark("many-headers"));
    // 5 KiB in 50 fields: more than one segment of an Ethernet, within what every service takes.
    for _ in 0..50 {
        request = request.header("X-Filler", "0123456789".repeat(9));
    }
    exchange(server, &mut connection, &request, 200, ledger)?;
    gets(server, &mut connection, "many-headers", 1, ledger)
}

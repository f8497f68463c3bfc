//! Secrets in every place where a secret can be, and none of them anywhere that Picket writes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::receivers::Receivers;
use super::town::{Town, address};
use super::visitor::{Visitor, encoded};
use crate::client::{Body, Request, Response};
use crate::patience::wait_until;
use crate::site::Site;

/// What is no secret, and stands in each request beside one: where it is not found, nothing was looked through.
const MARK: &str = "no-secret-at-all";

/// A secret: where it stands, and the text.
pub struct Secret {
    place: String,
    text: String,
}

/// The requests that carried secrets.
pub struct Planted {
    secrets: Vec<Secret>,
    requests: usize,
}

impl Planted {
    /// A new secret, of letters and digits like a token's.
    pub fn new_secret(&mut self, place: &str) -> String {
        let number = self.secrets.len();
        // A number that looks like nothing else, by a step of a linear congruence.
        let tail = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let text = format!("Hush{number:02}x{tail:016x}Zq");
        self.note(place, &text);
        text
    }

    fn note(&mut self, place: &str, text: &str) {
        self.secrets.push(Secret { place: place.to_owned(), text: text.to_owned() });
    }

    /// Sends a request; an attack goes with it, so that it becomes an event.
    fn send(&mut self, visitor: &mut Visitor<'_>, mut request: Request, status: u16) -> Result<Response> {
        let attack = format!("q={}&mark={MARK}", encoded("<script>alert(1)</script>"));
        request.path = match request.path.contains('?') {
            true => format!("{}&{attack}", request.path),
            false => format!("{}?{attack}", request.path),
        };
        self.requests += 1;
        visitor.ask(request, status)
    }
}

/// Secrets are planted, everything that is written is looked through.
pub fn none_is_found(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    let mut planted = Planted { secrets: Vec::new(), requests: 0 };
    let told = Receivers::open(&town)?;
    let configuration = told.configuration(site, &mut planted)?;
    let installation = town.installation(site, &configuration)?;
    let before = town.asked()?;
    let agent = installation.start()?;
    let mut visitor = town.visitor(address(0, 230, 1));
    in_headers(&mut planted, &mut visitor)?;
    in_targets(&mut planted, &mut visitor)?;
    in_bodies(&mut planted, &mut visitor)?;
    from_the_service(&mut planted, &town)?;
    inside_of_attacks(&mut planted, &mut visitor)?;
    let asked = town.asked()? - before;
    agent.wait_for(2 * asked);
    let planted = planted;
    wait_until("the last of them to be stored", 20, || {
        (installation.all("/v1/events").ok()?.len() >= 2 * planted.requests).then_some(())
    })?;

    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for path in ["/v1/users?limit=200", "/v1/actors?limit=200"] {
        written.push((path.to_owned(), installation.get(path)?.to_string().into_bytes()));
    }
    for path in ["/v1/events", "/v1/signals", "/v1/endpoints", "/v1/audit"] {
        let rows = installation.all(path)?;
        for signal in rows.iter().filter(|_| path == "/v1/signals") {
            let id = signal["id"].as_str().context("a signal has an id")?;
            let events = installation.get(&format!("/v1/signals/{id}/events"))?;
            written.push((format!("/v1/signals/{id}/events"), events.to_string().into_bytes()));
        }
        written.push((path.to_owned(), Value::from(rows).to_string().into_bytes()));
    }
    for path in ["/v1/export", "/metrics"] {
        let (status, body) = installation.ask(&Request::new("GET", path))?;
        ensure!(status == 200, "GET {path}: {status}");
        written.push((path.to_owned(), body));
    }
    let kinds = told.collect(&visitor.address().to_string(), &mut written)?;
    let signals = agent.signals().clone();
    let errors = agent.errors().clone();
    let reports = agent.stop()?;
    written
        .extend(reports.iter().map(|report| ("standard output".to_owned(), report.to_string().into_bytes())));
    written.extend(signals.from(0).into_iter().map(|line| ("standard output".to_owned(), line.into_bytes())));
    written.extend(errors.from(0).into_iter().map(|line| ("standard error".to_owned(), line.into_bytes())));
    let files = written.len();
    collect(installation.state(), &mut written)?;
    ensure!(written.len() > files, "there are no files in {}", installation.state().display());
    look_through(&planted, &written)?;
    Ok(vec![format!(
        "{} secrets in {} requests; none in {} pieces of output, answers, notifications of {kinds} kinds and files, {} bytes",
        planted.secrets.len(),
        planted.requests,
        written.len(),
        written.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    )])
}

fn in_headers(planted: &mut Planted, visitor: &mut Visitor<'_>) -> Result<()> {
    for scheme in [
        "Bearer",
        "Token",
        "Negotiate",
        "Digest username=\"alice\", response=",
        "ApiKey",
        "AWS4-HMAC-SHA256 Signature=",
        "",
    ] {
        let secret = planted.new_secret(&format!("Authorization: {scheme}"));
        let request = Request::new("GET", "/greet").header("Authorization", format!("{scheme} {secret}"));
        planted.send(visitor, request, 200)?;
    }
    let password = planted.new_secret("Authorization: Basic, decoded");
    let pair = base64(format!("alice:{password}").as_bytes());
    planted.note("Authorization: Basic", &pair);
    planted.send(
        visitor,
        Request::new("GET", "/greet").header("Authorization", format!("Basic {pair}")),
        200,
    )?;
    let fields = [
        "Proxy-Authorization",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Access-Token",
        "X-Amz-Security-Token",
        "X-Csrf-Token",
        "X-Vault-Token",
        "X-Session-Id",
        "Api-Key",
        "X-Goog-Api-Key",
        "Private-Token",
        "X-Client-Secret",
    ];
    for name in fields {
        let secret = planted.new_secret(name);
        planted.send(visitor, Request::new("GET", "/greet").header(name, secret), 200)?;
    }
    for cookie in ["session", "PHPSESSID", "remember_me", "theme", "cart"] {
        let secret = planted.new_secret(&format!("Cookie: {cookie}"));
        planted.send(
            visitor,
            Request::new("GET", "/greet").header("Cookie", format!("a=b; {cookie}={secret}; c=d")),
            200,
        )?;
    }
    let secret = planted.new_secret("userinfo in Referer");
    let referer = format!("https://alice:{secret}@intranet.example/page");
    planted.send(visitor, Request::new("GET", "/greet").header("Referer", referer), 200)?;
    let secret = planted.new_secret("a token in Referer");
    let referer = format!("https://shop.example/reset?token={secret}");
    planted.send(visitor, Request::new("GET", "/greet").header("Referer", referer), 200)?;
    let token = jwt(planted, "a JSON web token in a field of its own");
    planted.send(visitor, Request::new("GET", "/greet").header("X-Whatever", token), 200).map(|_| ())
}

fn in_targets(planted: &mut Planted, visitor: &mut Visitor<'_>) -> Result<()> {
    for name in [
        "password",
        "token",
        "access_token",
        "api_key",
        "apikey",
        "secret",
        "client_secret",
        "code_verifier",
        "sig",
        "otp",
        "reset_token",
        "session_id",
        "user%5Bpassword%5D",
        "PassWord",
    ] {
        let secret = planted.new_secret(&format!("{name} in the query"));
        planted.send(visitor, Request::new("GET", format!("/greet?a=1&{name}={secret}&b=2")), 200)?;
    }
    let secret = planted.new_secret("userinfo of an address in the query");
    let target = format!("/greet?next={}", encoded(&format!("https://bob:{secret}@files.example/x")));
    planted.send(visitor, Request::new("GET", target), 200)?;
    let token = jwt(planted, "a JSON web token in the query");
    planted.send(visitor, Request::new("GET", format!("/greet?state={token}")), 200)?;
    let token = jwt(planted, "a JSON web token in the path");
    planted.send(visitor, Request::new("GET", format!("/reset/{token}")), 200)?;
    for folder in [
        "reset",
        "reset-password",
        "password/reset",
        "verify",
        "confirm",
        "activate",
        "magic-link",
        "invite",
        "token",
    ] {
        let number = planted.secrets.len() as u64 + 7;
        let half = |by: u64| number.wrapping_mul(by);
        let secret = format!("{:016x}{:016x}", half(0x9e37_79b9_7f4a_7c15), half(0xbf58_476d_1ce4_e5b9));
        planted.note(&format!("a token in the path, behind {folder}"), &secret);
        let status = if folder == "reset" { 200 } else { 404 };
        planted.send(visitor, Request::new("GET", format!("/{folder}/{secret}")), status)?;
    }
    Ok(())
}

fn post(target: &str, kind: &str, body: String) -> Request {
    Request::new("POST", target).header("Content-Type", kind).body(Body::Length(body.into_bytes()))
}

fn in_bodies(planted: &mut Planted, visitor: &mut Visitor<'_>) -> Result<()> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let secret = planted.new_secret("the password of a login");
    planted.send(visitor, post("/login", FORM, format!("username=alice&password={secret}")), 401)?;
    let secret = planted.new_secret("the password of a JSON login");
    let body = json!({"username": "alice", "password": secret}).to_string();
    planted.send(visitor, post("/api/login", "application/json", body), 401)?;
    let secret = planted.new_secret("the password of a new account");
    let body = format!("username=canary-{MARK}&password={secret}&password_confirmation={secret}");
    planted.send(visitor, post("/signup", FORM, body), 303)?;
    let (token, secret) =
        (planted.new_secret("a token in a form"), planted.new_secret("a new password in a form"));
    planted.send(
        visitor,
        post("/password/reset", FORM, format!("token={token}&new_password={secret}")),
        303,
    )?;
    let secret = planted.new_secret("a password deep in JSON");
    let body =
        json!({"a": [{"credentials": {"user": "x", "pwd": secret}}], "q": "<script>alert(2)</script>"})
            .to_string();
    planted.send(visitor, post("/feedback", "application/json", body), 200)?;
    let secret = planted.new_secret("an element of XML");
    let body = format!(
        "<?xml version=\"1.0\"?><login><user>x</user><Password>{secret}</Password><q>' OR 1=1 --</q></login>"
    );
    planted.send(visitor, post("/feedback", "application/xml", body), 200)?;
    let secret = planted.new_secret("an attribute of XML");
    let body = format!("<login user=\"x\" password=\"{secret}\"><q>' OR 1=1 --</q></login>");
    planted.send(visitor, post("/feedback", "text/xml", body), 200)?;
    let secret = planted.new_secret("a part of a multipart form");
    let body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{secret}\r\n--cut\r\n\
         Content-Disposition: form-data; name=\"q\"\r\n\r\n' UNION SELECT 1,2 --\r\n--cut--\r\n"
    );
    planted.send(visitor, post("/feedback", "multipart/form-data; boundary=cut", body), 200)?;
    let secret = planted.new_secret("a variable of GraphQL");
    let body = json!({"query": "mutation { login(input: $input) { token } }", "variables": {"input": {"email": "a@b.example", "password": secret}}});
    planted.send(visitor, post("/feedback", "application/json", body.to_string()), 200)?;
    let secret = planted.new_secret("an argument in GraphQL");
    let body = json!({"query": format!("mutation {{ login(email: \"a@b.example\", password: \"{secret}\") {{ token }} }}")});
    planted.send(visitor, post("/feedback", "application/json", body.to_string()), 200)?;
    let secret = planted.new_secret("a password in XML-RPC");
    let body = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value><string>alice</string></value>\
         </param><param><value><string>{secret}</string></value></param></params></methodCall>"
    );
    planted.send(visitor, post("/xmlrpc.php", "text/xml", body), 200)?;
    let secret = planted.new_secret("a password in a GraphQL login");
    let body = json!({"query": format!("mutation {{ login(username: \"alice\", password: \"{secret}\") {{ token }} }}")});
    planted.send(visitor, post("/graphql", "application/json", body.to_string()), 200)?;
    let card = "4000001234560002";
    planted.note("the number of a card", card);
    planted.send(visitor, post("/checkout", FORM, format!("card={card}&cvv=123&amount=5")), 402).map(|_| ())
}

/// What the service hands out, and what comes back with later requests.
fn from_the_service(planted: &mut Planted, town: &Town) -> Result<()> {
    let mut user = town.visitor(address(0, 231, 1));
    user.log_in("user390")?;
    for (name, value) in user.cookies() {
        planted.note(&format!("the cookie {name} that a login sets"), value);
    }
    ensure!(
        planted.secrets.last().is_some_and(|secret| secret.place.contains("cookie")),
        "a login sets a cookie"
    );
    planted.send(&mut user, Request::new("GET", "/account"), 200)?;
    let mut program = town.visitor(address(0, 231, 2));
    program.log_in_to_api("user391")?;
    let token = program.token().context("a token")?.to_owned();
    planted.note("a token that a login hands out", &token);
    planted.note("its signature", token.rsplit('.').next().context("a signature")?);
    planted.send(&mut program, Request::new("GET", "/account"), 200)?;
    let body = json!({"email": "user392@mail.example"}).to_string();
    let answer = planted.send(&mut program, post("/api/password/forgot", "application/json", body), 200)?;
    let answer: Value = serde_json::from_slice(&answer.body)?;
    planted.note("a token in an answer", answer["reset_token"].as_str().context("a token in the answer")?);
    Ok(())
}

/// The attack is in the secret itself, so that a rule matches on it.
fn inside_of_attacks(planted: &mut Planted, visitor: &mut Visitor<'_>) -> Result<()> {
    const INJECTION: &str = "' UNION SELECT a,b FROM c-- ";
    let secret = planted.new_secret("an attack in a bearer token");
    let field = format!("Bearer {secret}{INJECTION}");
    planted.send(visitor, Request::new("GET", "/greet").header("Authorization", field), 200)?;
    let secret = planted.new_secret("an attack in a cookie");
    planted.send(
        visitor,
        Request::new("GET", "/greet").header("Cookie", format!("session={secret}{INJECTION}")),
        200,
    )?;
    let secret = planted.new_secret("an attack in a password");
    let body = format!("username=alice&password={secret}{}", encoded(INJECTION));
    planted.send(visitor, post("/login", "application/x-www-form-urlencoded", body), 401)?;
    let secret = planted.new_secret("an attack in a password of JSON");
    let body = json!({"username": "alice", "password": format!("{secret}{INJECTION}")}).to_string();
    planted.send(visitor, post("/api/login", "application/json", body), 401)?;
    let secret = planted.new_secret("an attack in a password of GraphQL");
    let document =
        format!("mutation {{ login(username: \"alice\", password: \"{secret}{INJECTION}\") {{ token }} }}");
    planted.send(
        visitor,
        post("/graphql", "application/json", json!({"query": document}).to_string()),
        200,
    )?;
    let secret = planted.new_secret("an attack in a password of XML-RPC");
    let body = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value>alice</value></param>\
         <param><value><string>{secret}{INJECTION}</string></value></param></params></methodCall>"
    );
    planted.send(visitor, post("/xmlrpc.php", "text/xml", body), 200)?;
    let secret = planted.new_secret("an attack in a token of the query");
    let target = format!("/greet?token={secret}{}", encoded(INJECTION));
    planted.send(visitor, Request::new("GET", target), 200).map(|_| ())
}

/// A JSON web token of which every part is a secret.
fn jwt(planted: &mut Planted, place: &str) -> String {
    let signature = planted.new_secret(place);
    format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjYW5hcnkiLCJuIjoxfQ.{signature}")
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn collect(dir: &Path, written: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), written)?;
        } else if kind.is_file() {
            written.push((entry.path().display().to_string(), fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// No secret is anywhere, and what is none is where it should be.
fn look_through(planted: &Planted, written: &[(String, Vec<u8>)]) -> Result<()> {
    let mut found = Vec::new();
    for secret in &planted.secrets {
        let search = memchr::memmem::Finder::new(secret.text.as_bytes());
        let mut places: Vec<&str> = Vec::new();
        let mut around = String::new();
        for (place, bytes) in written {
            if let Some(at) = search.find(bytes) {
                if !places.contains(&&**place) {
                    places.push(place);
                }
                let (from, to) = (at.saturating_sub(120), (at + secret.text.len() + 40).min(bytes.len()));
                around = String::from_utf8_lossy(&bytes[from..to]).into_owned();
            }
        }
        if !places.is_empty() {
            found.push(format!("{} ({}) is in {places:?}: …{around}…", secret.place, secret.text));
        }
    }
    ensure!(
        found.is_empty(),
        "{} of {} secrets were found:\n{}",
        found.len(),
        planted.secrets.len(),
        found.join("\n")
    );
    for place in ["standard output", "/v1/events", "picket.db"] {
        let there = written.iter().any(|(name, bytes)| {
            name.contains(place) && memchr::memmem::find(bytes, MARK.as_bytes()).is_some()
        });
        ensure!(there, "{MARK:?} is not in {place}: it was not looked where events are");
    }
    Ok(())
}

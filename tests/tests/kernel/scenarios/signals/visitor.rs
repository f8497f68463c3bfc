//! A client with an address, a browser and a cookie jar.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::town::Town;
use crate::client::{Body, Connection, Request, Response};

/// What most people use.
pub const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";

/// Somebody.
pub struct Visitor<'t> {
    town: &'t Town,
    address: Ipv4Addr,
    agent: String,
    cookies: Vec<(String, String)>,
    token: Option<String>,
    connection: Option<Connection>,
}

impl<'t> Visitor<'t> {
    /// From an address, with a browser.
    pub fn new(town: &'t Town, address: Ipv4Addr) -> Self {
        let (agent, cookies) = (BROWSER.to_owned(), Vec::new());
        Self { town, address, agent, cookies, token: None, connection: None }
    }

    /// With another program.
    #[must_use]
    pub fn using(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// The same person (cookies, token, program) somewhere else.
    #[must_use]
    pub fn moved_to(&self, address: Ipv4Addr) -> Self {
        let (agent, cookies, token) = (self.agent.clone(), self.cookies.clone(), self.token.clone());
        Self { town: self.town, address, agent, cookies, token, connection: None }
    }

    /// Where they are.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// What the shop has set.
    pub fn cookies(&self) -> &[(String, String)] {
        &self.cookies
    }

    /// What the API has handed out.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Asks for a page, and must be answered so.
    pub fn get(&mut self, target: &str, status: u16) -> Result<Response> {
        self.ask(Request::new("GET", target), status)
    }

    /// Sends a form.
    pub fn form(&mut self, target: &str, fields: &[(&str, &str)], status: u16) -> Result<Response> {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request =
            Request::new("POST", target).header("Content-Type", "application/x-www-form-urlencoded");
        self.ask(request.body(Body::Length(body.join("&").into_bytes())), status)
    }

    /// Sends JSON.
    pub fn json(&mut self, target: &str, value: &Value, status: u16) -> Result<Response> {
        let request = Request::new("POST", target).header("Content-Type", "application/json");
        self.ask(request.body(Body::Length(value.to_string().into_bytes())), status)
    }

    /// Sends a GraphQL document.
    pub fn graphql(&mut self, document: &str, variables: &Value) -> Result<Response> {
        self.json("/graphql", &serde_json::json!({"query": document, "variables": variables}), 200)
    }

    /// Calls a method over XML-RPC.
    pub fn xmlrpc(&mut self, method: &str, values: &[String]) -> Result<Response> {
        let values: String =
            values.iter().map(|value| format!("<param><value>{value}</value></param>")).collect();
        let body = format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>"
        );
        let request = Request::new("POST", "/xmlrpc.php").header("Content-Type", "text/xml");
        self.ask(request.body(Body::Length(body.into_bytes())), 200)
    }

    /// Logs in with the form.
    pub fn log_in(&mut self, user: &str) -> Result<()> {
        let password = password_of(user);
        self.form("/login", &[("username", user), ("password", &password)], 303).map(|_| ())
    }

    /// Tries to.
    pub fn fail_to_log_in(&mut self, user: &str, password: &str) -> Result<()> {
        self.form("/login", &[("username", user), ("password", password)], 401).map(|_| ())
    }

    /// Gets a token for later requests.
    pub fn log_in_to_api(&mut self, user: &str) -> Result<()> {
        let credentials = serde_json::json!({"username": user, "password": password_of(user)});
        let answer = self.json("/api/login", &credentials, 200)?;
        let answer: Value = serde_json::from_slice(&answer.body).context("the answer to a login")?;
        self.token = Some(answer["access_token"].as_str().context("a token in the answer")?.to_owned());
        Ok(())
    }

    /// Sends a request as this person, keeps the cookies of the answer, and must be answered so.
    pub fn ask(&mut self, mut request: Request, status: u16) -> Result<Response> {
        if !request.headers.iter().any(|(name, _)| *name == "User-Agent") {
            request = request.header("User-Agent", &self.agent);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("Cookie", pairs.join("; "));
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if self.connection.is_none() {
            self.connection = Some(self.town.connect(self.address)?);
        }
        let connection = self.connection.as_mut().context("it was just made")?;
        let response = connection
            .exchange(&request)
            .with_context(|| format!("{} {} from {}", request.method, request.target(), self.address))?;
        for (_, cookie) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).unwrap_or_default();
            self.cookies.retain(|(have, _)| have != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        ensure!(
            response.status == status,
            "{} {} from {} was answered {}, not {status}: {}",
            request.method,
            request.target(),
            self.address,
            response.status,
            String::from_utf8_lossy(&response.body[..response.body.len().min(2000)])
        );
        Ok(response)
    }
}

/// The right password of a user of the shop.
pub fn password_of(user: &str) -> String {
    format!("right-{user}-1")
}

/// Percent-encoded, all but letters and digits.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

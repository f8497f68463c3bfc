//! What people and programs do at a shop, as they do it.

use std::net::IpAddr;

use anyhow::Result;

use super::super::town::{Town, address};
use super::super::visitor::{Visitor, password_of};
use crate::client::Request;

/// Where they come from: not one of the networks of attackers.
const NETWORK: u8 = 1;

/// A visit.
pub struct Visit {
    /// What it is.
    pub name: &'static str,
    /// Does it.
    pub go: fn(&Person<'_>) -> Result<()>,
    /// How often in a day, when, and how fast.
    pub rhythm: Rhythm,
}

/// When visits happen.
#[derive(Clone, Copy)]
pub enum Rhythm {
    /// So many people, each with an address of their own, most by day, so many seconds at most between two requests.
    People(u64, u64),
    /// So many people of two offices, each behind one address, between eight and nine.
    Office(u64),
    /// So many people with telephones, who share so many addresses and change them.
    Mobile(u64, u64),
    /// One program at one address, again each so many seconds, so many seconds between two of its requests.
    Program(u64, u64),
    /// Never: it is no benign visit.
    Never,
}

/// Somebody whose addresses nobody else has.
pub struct Person<'t> {
    town: &'t Town,
    number: u8,
}

impl<'t> Person<'t> {
    /// With a number of their own.
    pub fn new(town: &'t Town, number: u8) -> Self {
        Self { town, number }
    }

    fn at(&self, host: u8) -> Visitor<'t> {
        self.town.visitor(address(NETWORK, self.number, host))
    }

    fn user(&self) -> String {
        user(self.number.into())
    }
}

/// The user of the shop that a person is while it is recorded.
pub fn user(number: usize) -> String {
    format!("user{}", 100 + number)
}

/// Whose address it is, and which of theirs.
pub fn who(ip: IpAddr) -> Option<(usize, u8)> {
    match ip {
        IpAddr::V4(v4) => match v4.octets() {
            [198, 19, number, host] if number < 200 => Some((number.into(), host)),
            _ => None,
        },
        IpAddr::V6(_) => None,
    }
}

/// All of them; the last is no benign one.
pub const VISITS: &[Visit] = &[
    Visit {
        name: "a shopper",
        go: |person| shop(&mut person.at(1), &person.user()),
        rhythm: Rhythm::People(700, 25),
    },
    Visit {
        name: "a colleague",
        go: |person| shop(&mut person.at(1), &person.user()),
        rhythm: Rhythm::Office(240),
    },
    Visit { name: "somebody who mistypes", go: mistyped, rhythm: Rhythm::People(260, 20) },
    Visit { name: "somebody who forgot", go: forgot, rhythm: Rhythm::People(40, 30) },
    Visit { name: "somebody new", go: new, rhythm: Rhythm::People(60, 30) },
    Visit { name: "a card that is declined", go: declined, rhythm: Rhythm::People(50, 40) },
    Visit { name: "a telephone on the way", go: on_the_way, rhythm: Rhythm::Mobile(160, 24) },
    Visit { name: "an odd search", go: odd, rhythm: Rhythm::People(60, 20) },
    Visit { name: "a word with the shop", go: feedback, rhythm: Rhythm::People(60, 40) },
    Visit { name: "a crawler", go: crawler, rhythm: Rhythm::Program(900, 9) },
    Visit { name: "a program of a partner", go: partner, rhythm: Rhythm::Program(600, 3) },
    Visit { name: "health checks", go: health, rhythm: Rhythm::Program(60, 20) },
    Visit { name: "monitoring from outside", go: monitoring, rhythm: Rhythm::Program(60, 1) },
    Visit { name: "a deployment", go: deployment, rhythm: Rhythm::Program(7200, 2) },
    Visit { name: "an application in the browser", go: application, rhythm: Rhythm::People(120, 20) },
    Visit { name: "a program that writes posts", go: posts, rhythm: Rhythm::Program(1800, 5) },
    Visit { name: "a survey of the Internet", go: survey, rhythm: Rhythm::People(40, 5) },
    Visit { name: "a list of stolen passwords", go: stuffing, rhythm: Rhythm::Never },
];

fn look_around(visitor: &mut Visitor<'_>) -> Result<()> {
    visitor.get("/", 200)?;
    visitor.get("/search?q=lamp", 200)?;
    for product in [5, 45, 105] {
        visitor.get(&format!("/product/{product}"), 200)?;
        visitor.get(&format!("/api/stock/{product}"), 200)?;
    }
    visitor.get("/favicon.ico", 404)?;
    visitor.get("/search?q=green+chair", 200).map(|_| ())
}

fn shop(visitor: &mut Visitor<'_>, user: &str) -> Result<()> {
    look_around(visitor)?;
    visitor.get("/login", 200)?;
    visitor.log_in(user)?;
    visitor.get("/account", 200)?;
    let own: u32 = user.trim_start_matches("user").parse()?;
    for order in [own, own + 400] {
        visitor.get(&format!("/orders/{order}"), 200)?;
    }
    visitor.form("/checkout", &[("card", "4111111111111111"), ("amount", "19.90")], 201)?;
    visitor.get("/logout", 303).map(|_| ())
}

fn mistyped(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1), person.user());
    visitor.get("/login", 200)?;
    visitor.fail_to_log_in(&user, "Right-1")?;
    visitor.fail_to_log_in(&format!("{user}x"), "right-1")?;
    visitor.fail_to_log_in(&user, "right-2")?;
    shop(&mut visitor, &user)
}

fn forgot(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1), person.user());
    let mail = format!("{user}@mail.example");
    for password in ["spring1", "spring2", "Spring1", "Spring1!"] {
        visitor.fail_to_log_in(&user, password)?;
    }
    // A wrong address first, and the mail is slow.
    visitor.form("/password/forgot", &[("email", "me@mail.exampel")], 200)?;
    visitor.form("/password/forgot", &[("email", &mail)], 200)?;
    visitor.form("/password/forgot", &[("email", &mail)], 200)?;
    visitor.form(
        "/password/reset",
        &[("token", "5e884898da28047151d0e56f8dc62927"), ("password", "new-1")],
        303,
    )?;
    shop(&mut visitor, &user)
}

fn new(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1), person.user());
    look_around(&mut visitor)?;
    visitor.get("/signup", 200)?;
    // The name that everybody wants is taken.
    visitor.form("/signup", &[("username", &user), ("password", "mine-12")], 409)?;
    visitor.form("/signup", &[("username", &format!("{user}-new")), ("password", "mine-12")], 303)?;
    visitor.get("/welcome", 200)?;
    shop(&mut visitor, &user)
}

fn declined(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1), person.user());
    look_around(&mut visitor)?;
    visitor.log_in(&user)?;
    for card in ["4000000000000002", "4000000000000002", "5000000000000002"] {
        visitor.form("/checkout", &[("card", card), ("amount", "19.90")], 402)?;
    }
    visitor.form("/checkout", &[("card", "4111111111111111"), ("amount", "19.90")], 201).map(|_| ())
}

fn on_the_way(person: &Person<'_>) -> Result<()> {
    let mut here = person.at(1).using("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148");
    here.log_in(&person.user())?;
    look_around(&mut here)?;
    for host in 2..=5 {
        let mut there = here.moved_to(person.at(host).address());
        there.get("/account", 200)?;
        look_around(&mut there)?;
    }
    Ok(())
}

fn odd(person: &Person<'_>) -> Result<()> {
    let mut visitor = person.at(1);
    look_around(&mut visitor)?;
    // The shop falls over an apostrophe. That is the shop's fault.
    visitor.get("/search?q=o%27brien%27s+lamp", 200).or_else(|_| visitor.get("/search?q=o%27brien", 500))?;
    visitor.get("/items?name=select+a+lamp+from+the+union+shelf", 200)?;
    visitor.get("/items?name=script+for+a+play", 200)?;
    visitor.get("/greet?name=Anne-Marie+%26+Joe", 200)?;
    visitor.get("/product/100000", 404)?;
    visitor.get("/old/winter-sale", 404).map(|_| ())
}

fn feedback(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1), person.user());
    visitor.log_in_to_api(&user)?;
    let text = "Where does it say who made it? I'd like to order 3; or 4 -- if they're cheaper. (My last order: 12-4411)";
    visitor.json(
        "/feedback",
        &serde_json::json!({"subject": "order & table", "text": text, "stars": 4}),
        200,
    )?;
    visitor.form("/feedback", &[("text", text), ("return", "/account?tab=orders")], 200)?;
    visitor.get("/account", 200).map(|_| ())
}

fn crawler(person: &Person<'_>) -> Result<()> {
    let mut visitor =
        person.at(1).using("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)");
    visitor.get("/robots.txt", 404)?;
    visitor.get("/sitemap.xml", 404)?;
    for product in 0..80 {
        visitor.get(&format!("/product/{product}"), 200)?;
        if product % 16 == 7 {
            visitor.get(&format!("/old/page-{product}"), 404)?;
        }
    }
    Ok(())
}

fn partner(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1).using("partner-sync/3.1"), person.user());
    visitor.log_in_to_api(&user)?;
    for product in 0..120 {
        // Half of what it asks for is not there any more.
        let (product, status) = if product % 2 == 0 { (product, 200) } else { (10_000 + product, 404) };
        visitor.get(&format!("/product/{product}"), status)?;
    }
    visitor.get(&format!("/orders/{}", user.trim_start_matches("user")), 200).map(|_| ())
}

fn health(person: &Person<'_>) -> Result<()> {
    let mut visitor = person.at(1).using("ELB-HealthChecker/2.0");
    (0..3).try_for_each(|_| visitor.get("/healthz", 200).map(|_| ()))
}

fn monitoring(person: &Person<'_>) -> Result<()> {
    let mut visitor = person.at(1).using("Uptime-Kuma/1.23");
    visitor.get("/", 200)?;
    visitor.get("/login", 200)?;
    visitor.ask(Request::new("HEAD", "/product/1"), 200).map(|_| ())
}

fn deployment(person: &Person<'_>) -> Result<()> {
    let mut visitor = person.at(1).using("GitHub-Hookshot/1a2b3c4");
    let push = serde_json::json!({
        "ref": "refs/heads/main", "before": "95790bf891e76fee5e1747ab589903a6a1f80f22",
        "commits": [{"message": "Fix 'select' in <Search> (closes #12); drop table of old prices"}],
    });
    visitor.json("/hooks/deploy", &push, 200)?;
    // While it starts again, pages are missing.
    (0..6).try_for_each(|number| visitor.get(&format!("/healthz/ready-{number}"), 404).map(|_| ()))?;
    (0..10).try_for_each(|_| visitor.get("/healthz", 200).map(|_| ()))
}

/// All over GraphQL, and the password is right at the second try.
fn application(person: &Person<'_>) -> Result<()> {
    const LOGIN: &str = "mutation($user: String!, $password: String!) { login(username: $user, password: $password) { token } }";
    let (mut visitor, user) = (person.at(1), person.user());
    let none = serde_json::Value::Null;
    for _ in 0..3 {
        visitor.graphql("{ products { name } }", &none)?;
        visitor.graphql("query Page { a: products { name } b: products { name } }", &none)?;
    }
    visitor.graphql(LOGIN, &serde_json::json!({"user": user, "password": "Right-1"}))?;
    visitor.graphql(LOGIN, &serde_json::json!({"user": user, "password": password_of(&user)}))?;
    (0..5).try_for_each(|_| visitor.graphql("{ products { name } }", &none).map(|_| ()))?;
    visitor.graphql("mutation { forgotPassword(email: \"me@mail.example\") }", &none).map(|_| ())
}

/// Sends the password with each call, as XML-RPC wants it.
fn posts(person: &Person<'_>) -> Result<()> {
    let (mut visitor, user) = (person.at(1).using("wp-iphone/25.4"), person.user());
    let password = password_of(&user);
    visitor.xmlrpc("system.listMethods", &[])?;
    visitor.xmlrpc("wp.getUsersBlogs", &[user.clone(), password.clone()])?;
    (0..20).try_for_each(|_| {
        visitor.xmlrpc("wp.getPosts", &["1".to_owned(), user.clone(), password.clone()]).map(|_| ())
    })
}

fn survey(person: &Person<'_>) -> Result<()> {
    let mut visitor =
        person.at(1).using("Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)");
    visitor.get("/", 200).map(|_| ())
}

fn stuffing(person: &Person<'_>) -> Result<()> {
    let mut visitor = person.at(1).using("okhttp/4.12");
    (0..30).try_for_each(|number| visitor.fail_to_log_in(&format!("leaked{number}"), "hunter2"))
}

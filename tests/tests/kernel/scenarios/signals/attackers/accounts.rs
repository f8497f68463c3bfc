//! Who wants other people's accounts.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Attacker, Street};

/// See [`super::all`].
pub const ATTACKERS: &[Attacker] = &[
    Attacker {
        rule: "credential-stuffing",
        about: "a stolen list from one address: 30 users, one of them with the right password",
        act: stuffing,
        raises: &[("credential-stuffing", "critical")],
    },
    Attacker {
        rule: "distributed-credential-stuffing",
        about: "the same from 220 addresses, a user each",
        act: distributed_stuffing,
        raises: &[("distributed-credential-stuffing", "high")],
    },
    Attacker {
        rule: "brute-force",
        about: "65 passwords for one user",
        act: |street| guess(street, 1, 65),
        raises: &[("brute-force", "high")],
    },
    Attacker {
        rule: "distributed-brute-force",
        about: "four passwords for one user from each of 12 addresses",
        act: |street| (1..=12).try_for_each(|host| guess(street, host, 4)),
        raises: &[("distributed-brute-force", "high")],
    },
    Attacker {
        rule: "brute-force-success",
        about: "the right password is the eighteenth",
        act: |street| {
            guess(street, 1, 17)?;
            street.attacker(1).log_in(&street.user(0))
        },
        raises: &[("brute-force", "medium"), ("brute-force-success", "high")],
    },
    Attacker {
        rule: "account-takeover",
        about: "a user who lives elsewhere, eight wrong passwords and the right one",
        act: |street| {
            let mut victim = street.victim(1);
            victim.log_in(&street.user(0))?;
            victim.get("/account", 200)?;
            guess(street, 1, 8)?;
            let mut attacker = street.attacker(1);
            attacker.log_in(&street.user(0))?;
            attacker.get("/account", 200).map(|_| ())
        },
        raises: &[("account-takeover", "high")],
    },
    Attacker {
        rule: "stolen-session",
        about: "a cookie that is used by three programs at three addresses",
        act: stolen_session,
        raises: &[("stolen-session", "medium")],
    },
    Attacker {
        rule: "user-enumeration",
        about: "asks a form for forgotten passwords who has an account",
        act: |street| {
            let mut attacker = street.attacker(1).using("python-requests/2.32");
            (0..18).try_for_each(|number| {
                let mail = serde_json::json!({"email": format!("{}@mail.example", street.nobody(number))});
                attacker.json("/api/password/forgot", &mail, 404).map(|_| ())
            })
        },
        raises: &[("user-enumeration", "low")],
    },
    Attacker {
        rule: "brute-force",
        about: "seven GraphQL documents, each with ten passwords for one user under ten aliases",
        act: |street| (0..7).try_for_each(|round| guess_by_aliases(street, round)),
        raises: &[("brute-force", "high")],
    },
    Attacker {
        rule: "credential-stuffing",
        about: "a list of 30 users, ten GraphQL requests in one",
        act: |street| (0..3).try_for_each(|round| stuffing_by_batch(street, round)),
        raises: &[("credential-stuffing", "high")],
    },
    Attacker {
        rule: "brute-force",
        about: "XML-RPC: twenty passwords for one user in each of four calls",
        act: |street| (0..4).try_for_each(|round| guess_by_multicall(street, round)),
        // `system.multicall` is an exploit of its own, too.
        raises: &[("brute-force", "high"), ("known-exploit", "low")],
    },
];

fn guess_by_aliases(street: &Street<'_>, round: usize) -> Result<()> {
    let user = street.user(0);
    let guesses: String = (0..10)
        .map(|n| format!("a{n}: login(username: \"{user}\", password: \"summer{round}{n}\") {{ token }} "))
        .collect();
    let document = format!("mutation {{ {guesses} }}");
    street.attacker(1).graphql(&document, &Value::Null).map(|_| ())
}

fn stuffing_by_batch(street: &Street<'_>, round: usize) -> Result<()> {
    const DOCUMENT: &str = "mutation Login($user: String!, $password: String!) { login(username: $user, password: $password) { token } }";
    let one = |n: usize| json!({"query": DOCUMENT, "variables": {"user": street.nobody(round * 10 + n), "password": "hunter2"}});
    let all: Vec<Value> = (0..10).map(one).collect();
    street.attacker(1).json("/graphql", &all.into(), 200).map(|_| ())
}

fn guess_by_multicall(street: &Street<'_>, round: usize) -> Result<()> {
    let user = street.user(0);
    let guesses: String = (0..20)
        .map(|n| {
            format!(
                "<value><struct><member><name>methodName</name><value>wp.getUsersBlogs</value></member><member><name>params</name>\
                 <value><array><data><value>{user}</value><value>winter{round}{n}</value></data></array></value></member></struct></value>"
            )
        })
        .collect();
    let list = format!("<array><data>{guesses}</data></array>");
    street.attacker(1).xmlrpc("system.multicall", &[list]).map(|_| ())
}

fn stuffing(street: &Street<'_>) -> Result<()> {
    let mut attacker = street.attacker(1).using("okhttp/4.12");
    for number in 0..30 {
        if number == 24 {
            attacker.log_in(&street.user(0))?;
        }
        attacker.fail_to_log_in(&street.nobody(number), "hunter2")?;
    }
    Ok(())
}

fn distributed_stuffing(street: &Street<'_>) -> Result<()> {
    (1..=220).try_for_each(|host| {
        street.attacker(host).fail_to_log_in(&street.nobody(usize::from(host)), "hunter2")
    })
}

fn guess(street: &Street<'_>, host: u8, times: usize) -> Result<()> {
    let mut attacker = street.attacker(host);
    (0..times).try_for_each(|number| attacker.fail_to_log_in(&street.user(0), &format!("summer{number}")))
}

fn stolen_session(street: &Street<'_>) -> Result<()> {
    let mut victim = street.victim(1);
    victim.log_in(&street.user(0))?;
    victim.get("/account", 200)?;
    for (host, program) in [(1, "curl/8.9"), (2, "python-requests/2.32"), (3, "Go-http-client/1.1")] {
        let mut thief = victim.moved_to(street.attackers(host)).using(program);
        thief.get("/account", 200)?;
        thief.get("/", 200)?;
    }
    Ok(())
}

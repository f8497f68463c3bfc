//! Who uses what the shop does, more than it is meant to be used.

use anyhow::Result;

use super::{Attacker, Street};

/// See [`super::all`].
pub const ATTACKERS: &[Attacker] = &[
    Attacker {
        rule: "excessive-signups",
        about: "35 accounts from one address",
        act: |street| {
            let mut attacker = street.attacker(1);
            (0..35).try_for_each(|number| {
                let fields = [("username", &*street.nobody(number)), ("password", "puppet-1")];
                attacker.form("/signup", &fields, 303)?;
                attacker.get("/welcome", 200).map(|_| ())
            })
        },
        raises: &[("excessive-signups", "medium")],
    },
    Attacker {
        rule: "excessive-password-resets",
        about: "25 mails to people who asked for none",
        act: |street| {
            let mut attacker = street.attacker(1);
            (0..25).try_for_each(|number| {
                let mail = format!("{}@mail.example", street.user(number));
                attacker.form("/password/forgot", &[("email", &mail)], 200).map(|_| ())
            })
        },
        raises: &[("excessive-password-resets", "medium")],
    },
    Attacker {
        rule: "card-testing",
        about: "45 stolen cards, none of which works",
        act: |street| {
            let mut attacker = street.attacker(1);
            (0..45).try_for_each(|number| {
                let card = format!("4000{number:08}0002");
                attacker.form("/checkout", &[("card", &card), ("amount", "1.00")], 402).map(|_| ())
            })
        },
        raises: &[("card-testing", "high")],
    },
    Attacker {
        rule: "rate-abuse-endpoint",
        about: "asks one API 1,600 times",
        act: |street| {
            let mut attacker = street.attacker(1).using("python-requests/2.32");
            (0..1600)
                .try_for_each(|number| attacker.get(&format!("/api/stock/{}", number % 200), 200).map(|_| ()))
        },
        raises: &[("rate-abuse-endpoint", "low")],
    },
    Attacker {
        rule: "rate-abuse-user",
        about: "one user asks 1,600 times, of two pages and from two addresses",
        act: rate_of_user,
        raises: &[("rate-abuse-user", "low")],
    },
    Attacker {
        rule: "idor-walk",
        about: "a user walks over the numbers of all orders, half of which are handed out",
        act: |street| {
            let mut attacker = street.attacker(1);
            let user = street.user(0);
            attacker.log_in(&user)?;
            // Odd numbers are other people's, and refused; even ones are other people's, and handed out.
            (4001..4061).try_for_each(|number| {
                let mine = user == format!("user{}", number % 400);
                let status = if mine || number % 2 == 0 { 200 } else { 403 };
                attacker.get(&format!("/orders/{number}"), status).map(|_| ())
            })
        },
        raises: &[("idor-walk", "high")],
    },
];

fn rate_of_user(street: &Street<'_>) -> Result<()> {
    let mut here = street.attacker(1).using("python-requests/2.32");
    here.log_in(&street.user(0))?;
    let mut there = here.moved_to(street.attackers(2));
    (0..400).try_for_each(|_| {
        here.get("/account", 200)?;
        there.get("/healthz", 200)?;
        there.get("/account", 200)?;
        here.get("/healthz", 200).map(|_| ())
    })
}

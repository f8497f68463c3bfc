//! A night at the shop, for those who look in the morning: customers, an editor, and three who mean harm.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::agent::Installation;
use crate::patience::wait_until;
use crate::scenarios::signals::town::{Town, address};
use crate::scenarios::signals::visitor::{Visitor, encoded, password_of};

/// Who takes the customers' hashes out of the database.
pub const THIEF: [u8; 3] = [0, 66, 7];
/// Who walks through a list of paths, with a scanner that says its name.
const SCANNER: [u8; 3] = [0, 12, 9];
/// Who has a list of passwords that were stolen elsewhere.
const STUFFER: [u8; 3] = [0, 80, 4];
/// Who writes articles about databases.
pub const EDITOR: [u8; 3] = [1, 3, 21];
/// Customers; the last one has the same password everywhere.
const CUSTOMERS: [&str; 5] = ["alice", "bob", "dave", "erin", "carol"];
/// What the editor writes.
pub const ARTICLE: &str =
    "Two lists become one with SELECT name, price FROM products UNION SELECT name, price FROM archive.";
/// How often an article is saved before somebody asks what is going on.
const DRAFTS: usize = 4;
/// What has to be in the store before somebody looks: a signal's rule and how bad it is.
const SIGNALS: [(&str, &str); 4] = [
    ("sql-injection-success", "critical"),
    ("credential-stuffing", "critical"),
    ("security-scanner", "medium"),
    ("sql-injection", "low"),
];

/// An address of the above.
pub fn at([network, number, host]: [u8; 3]) -> Ipv4Addr {
    address(network, number, host)
}

/// The night. `pace` is between two requests of one person: none for a test, some for pictures of it.
pub struct Night<'t> {
    pub town: &'t Town,
    pub pace: Duration,
}

impl<'t> Night<'t> {
    /// All at the same time; the editor is given back, still logged in.
    pub fn pass(&self) -> Result<Visitor<'t>> {
        for name in CUSTOMERS {
            self.sign_up(name)?;
        }
        self.sign_up("edith")?;
        std::thread::scope(|scope| {
            let others = [
                scope.spawn(|| self.buy()),
                scope.spawn(|| self.scan()),
                scope.spawn(|| self.steal()),
                scope.spawn(|| self.stuff()),
            ];
            let editor = self.write();
            for other in others {
                other.join().map_err(|_| anyhow::anyhow!("somebody panicked in the night"))??;
            }
            editor
        })
    }

    fn sign_up(&self, name: &str) -> Result<()> {
        let mut visitor = self.town.visitor(at([1, 20, 1]));
        visitor.form("/signup", &[("username", name), ("password", &password_of(name))], 303).map(|_| ())
    }

    /// Customers come, look, and some buy.
    fn buy(&self) -> Result<()> {
        for (number, name) in CUSTOMERS.into_iter().enumerate() {
            let mut customer = self.town.visitor(at([1, 20, u8::try_from(number + 2)?]));
            customer.get("/", 200)?;
            customer.get("/search?q=lamp", 200)?;
            self.wait(number);
            customer.log_in(name)?;
            customer.get("/product/5", 200)?;
            self.wait(number);
            customer.form("/checkout", &[("product", "5"), ("card", "4242424242424242")], 201)?;
            self.wait(number);
        }
        Ok(())
    }

    fn scan(&self) -> Result<()> {
        let name = "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:map_codes)";
        let mut scanner = self.town.visitor(at(SCANNER)).using(name);
        for number in 0..110 {
            let folder = ["old", "backup", "intranet", "test", "stage"][number % 5];
            scanner.get(&format!("/{folder}/{}.bak", number % 95), 404)?;
            if number % 3 == 0 {
                self.wait(number / 3);
            }
        }
        Ok(())
    }

    /// The search has a hole: errors first, then somebody else's columns.
    fn steal(&self) -> Result<()> {
        let mut thief = self.town.visitor(at(THIEF)).using("python-requests/2.32.3");
        (0..8).for_each(|number| self.wait(number));
        let tries = [
            ("lamp' OR '1'='1", 200),
            ("lamp' AND 1=1 UNION SELECT 1-- ", 500),
            ("lamp' UNION SELECT NULL,NULL-- ", 200),
            ("zz' UNION SELECT name,sql FROM sqlite_master-- ", 200),
            ("zz' UNION SELECT name,hash FROM customers-- ", 200),
            ("zz' UNION SELECT email,hash FROM customers-- ", 200),
        ];
        for (number, (text, status)) in tries.into_iter().enumerate() {
            thief.get(&format!("/search?q={}", encoded(text)), status)?;
            self.wait(number);
        }
        thief.get("/", 200).map(|_| ())
    }

    fn stuff(&self) -> Result<()> {
        let mut stuffer = self.town.visitor(at(STUFFER)).using("okhttp/4.12.0");
        (0..12).for_each(|number| self.wait(number));
        for number in 0..30 {
            if number == 24 {
                stuffer.log_in("carol")?;
                stuffer.get("/account", 200)?;
            }
            stuffer.fail_to_log_in(&format!("customer{number}"), "hunter2")?;
            self.wait(number);
        }
        Ok(())
    }

    /// Nobody's fault: an article about SQL looks like SQL.
    fn write(&self) -> Result<Visitor<'t>> {
        let mut editor = self.town.visitor(at(EDITOR));
        editor.log_in("edith")?;
        for number in 0..DRAFTS {
            save(&mut editor, "draft")?;
            self.wait(2 * number);
        }
        Ok(editor)
    }

    /// Between two requests of one person, `nth` of theirs: nobody is a clock.
    fn wait(&self, nth: usize) {
        std::thread::sleep(self.pace * [2, 5, 1, 4, 3][nth % 5] / 5);
    }
}

/// The editor saves the article.
pub fn save(editor: &mut Visitor<'_>, under: &str) -> Result<()> {
    let fields = [("title", "Joining lists"), ("text", ARTICLE)];
    editor.form(&format!("/editor/{under}"), &fields, 200).map(|_| ())
}

/// Waits until all that the night raises is stored; gives the ids of the signals that people act on: the thief's and the editor's.
pub fn told(installation: &Installation<'_>) -> Result<(String, String)> {
    let known = || -> Result<Vec<Value>> {
        let list = installation.json(&["signals"])?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    };
    let signals = wait_until("the signals of the night in the store", 30, || {
        let items = known().ok()?;
        let has = |rule: &str, severity: &str| {
            items.iter().any(|signal| signal["rule"] == rule && signal["severity"] == severity)
        };
        SIGNALS.iter().all(|(rule, severity)| has(rule, severity)).then_some(items)
    });
    let signals = signals.with_context(|| {
        let found = known().unwrap_or_default();
        let found: Vec<_> = found.iter().map(|s| format!("{} {}", s["rule"], s["severity"])).collect();
        format!("expected {SIGNALS:?}, found {found:?}")
    })?;
    let about = |rule: &str, who: [u8; 3]| -> Result<String> {
        let who = Value::from(at(who).to_string());
        let is = |signal: &&Value| {
            signal["rule"] == rule && signal["actors"].as_array().is_some_and(|all| all.contains(&who))
        };
        let found = signals.iter().find(is).with_context(|| format!("no signal {rule} about {who}"))?;
        found["id"].as_str().map(str::to_owned).context("a signal has an id")
    };
    let editors = about("sql-injection", EDITOR)?;
    ensure!(signals.len() <= 8, "a night with {} signals is a bad example", signals.len());
    Ok((about("sql-injection-success", THIEF)?, editors))
}

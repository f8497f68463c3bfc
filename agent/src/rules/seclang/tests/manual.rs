//! `docs/seclang.md` says of everything in the reference manuals what is done with it; each row is true.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    http::{self, Limits},
    rules::{
        model::Transform,
        program::{
            compile,
            model::Program,
            run::{Facts, Scratch},
        },
        seclang::{action, ctl, directives::DIRECTIVES, lower, operator, operators::SecOperator, targets},
        variable::{Kind, Variable},
    },
};

const PAGE: &str = include_str!("../../../../../docs/seclang.md");

/// The rows of a section's table: their cells, without the marks around code.
fn rows(section: &str) -> Vec<Vec<String>> {
    let from =
        PAGE.split(&format!("\n## {section}\n")).nth(1).unwrap_or_else(|| panic!("no section {section}"));
    let text = from.split("\n## ").next().unwrap_or_default();
    let table = text.lines().filter(|line| line.starts_with("| `"));
    let cell = |cell: &str| cell.trim().trim_matches('`').replace('\u{1}', "|");
    table
        .map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let inner = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")).expect("a row");
            // White space at the ends of code counts.
            inner
                .split(" | ")
                .map(|text| match text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
                    Some(code) => code.replace('\u{1}', "|"),
                    None => cell(text),
                })
                .collect()
        })
        .collect()
}

/// What a file of rules means, or why it can't be read.
fn meaning(text: &str) -> Result<Program, String> {
    let all = files(&[("main.conf", text), ("x.conf", "SecMarker included")]);
    let script = read(Path::new("main.conf"), &all).map_err(|error| error.to_string())?;
    lower::lower(&script.directives).map_err(|error| error.to_string())
}

/// A program without the places of its rules.
fn shown(program: &Program) -> String {
    let text = format!("{program:?}");
    let mut parts = text.split("Place {");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    shown
}

fn first_word(text: &str) -> &str {
    text.split([' ', ':', '=']).next().unwrap_or_default()
}

#[test]
fn directives() {
    const BEFORE: &str = "SecRule ARGS|FILES \"@rx x\" \"id:7,phase:1,tag:seven,msg:seven,block\"\n";
    // What a default says shows in a rule behind it, a code page in a map that names none.
    const BEHIND: &str = "\nSecRule ARGS \"@rx x\" \"id:8,phase:2,block\"\nSecMarker M";
    let without = shown(&meaning(&format!("{BEFORE}{BEHIND}")).unwrap());
    let mut names = BTreeSet::new();
    for row in rows("Directives") {
        let [example, state, ..] = &row[..] else { panic!("{row:?}") };
        names.insert(first_word(example).to_owned());
        let map = if example.starts_with("SecUnicodeCodePage") {
            "\nSecUnicodeMapFile unicode.mapping"
        } else {
            ""
        };
        let program = meaning(&format!("{BEFORE}{example}{map}{BEHIND}"));
        match (state.as_str(), program) {
            // It includes nothing, which is what it is to do.
            ("works", Ok(_)) if example.starts_with("IncludeOptional") => {}
            // What it clears has to be said first.
            ("works", Ok(cleared)) if example == "SecResponseBodyMimeTypesClear" => {
                let set = meaning("SecResponseBodyMimeType text/html").unwrap().settings;
                let both =
                    meaning(&format!("SecResponseBodyMimeType text/html\n{example}")).unwrap().settings;
                assert_eq!((set.response_types.len(), both.response_types.len()), (1, 0));
                assert_eq!(cleared.settings.response_types.len(), 0);
            }
            ("works", Ok(program)) => assert_ne!(shown(&program), without, "{example} changes nothing"),
            ("no effect", Ok(program)) => assert_eq!(shown(&program), without, "{example} changes something"),
            ("refused", Err(error)) => assert!(error.contains("can't be had here"), "{example}: {error}"),
            (_, result) => panic!("{example}: {state}, and {:?}", result.map(|program| shown(&program))),
        }
    }
    assert_eq!(names, DIRECTIVES.iter().map(|(name, _)| (*name).to_owned()).collect());
    assert_eq!(names.len(), 98);
}

#[test]
fn actions() {
    let with = |action: &str| {
        let chained = if action == "chain" { "\nSecAction \"t:none\"" } else { "" };
        meaning(&format!(
            "SecRule ARGS \"@rx x\" \"phase:2,{action}\"{chained}\nSecRule ARGS \"@rx x\" \"id:9,phase:2\"\nSecMarker END"
        ))
    };
    let without = shown(&with("t:none").unwrap());
    let mut names = BTreeSet::new();
    for row in rows("Actions") {
        let [example, state, ..] = &row[..] else { panic!("{row:?}") };
        names.insert(first_word(example).to_owned());
        let default = match example.as_str() {
            // It is what a default says.
            "block" => "SecDefaultAction \"phase:2,deny\"\n",
            _ => "",
        };
        let program = match default {
            "" => with(example),
            default => meaning(&format!("{default}SecAction \"id:1,phase:2,{example}\"")),
        };
        let shown = shown(&program.unwrap_or_else(|error| panic!("{example}: {error}")));
        match state.as_str() {
            "works" => assert_ne!(shown, without, "{example} changes nothing"),
            "no effect" => assert_eq!(shown, without, "{example} changes something"),
            other => panic!("{example}: {other}"),
        }
    }
    assert_eq!(names, action::ACTIONS.iter().map(|(name, _)| (*name).to_owned()).collect());
    assert_eq!(names.len(), 52);
    let options = rows("`ctl`");
    for row in &options {
        let [example, state, ..] = &row[..] else { panic!("{row:?}") };
        let shown =
            shown(&with(&format!("ctl:'{example}'")).unwrap_or_else(|error| panic!("{example}: {error}")));
        assert_eq!(shown == without, state == "no effect", "{example}");
    }
    let names: BTreeSet<_> = options.iter().map(|row| first_word(&row[0]).to_owned()).collect();
    assert_eq!(names, ctl::OPTIONS.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(names.len(), 21);
}

/// Bytes with `\xHH` undone.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut parts = text.split("\\x");
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at(2);
        out.push(u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("\\x{digits} in {text}")));
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

#[test]
fn operators() {
    let lists = |name: &str| match name {
        "x.txt" => Ok(b"# a list\n192.0.2.0/24\n".to_vec()),
        _ => Err("no such file".to_owned()),
    };
    let mut names = BTreeSet::new();
    for row in rows("Operators") {
        let [example, state, holds, not] = &row[..] else { panic!("{row:?}") };
        let (name, argument) = example.split_once(' ').unwrap_or((example, ""));
        let name = name.strip_prefix('@').expect("an @");
        names.insert(name.to_owned());
        let rule = format!("SecRule ARGS \"{}\" \"id:1\"", example.replace('\\', "\\\\"));
        assert!(meaning(&rule).is_ok(), "{example} is no known name");
        let made = SecOperator::new(name, argument, false, &lists);
        match (state.as_str(), made) {
            ("works", Ok(operator)) => {
                let found = |text: &str| operator.find(&bytes(text), b"", &mut None).is_some();
                assert!(name == "noMatch" || found(holds), "{example} does not hold on {holds}");
                assert!(name == "unconditionalMatch" || !found(not), "{example} holds on {not}");
            }
            ("never", Ok(operator)) => {
                assert!(operator.unanswered().is_some(), "{example}");
                assert!(operator.find(&bytes(not), b"", &mut None).is_none(), "{example}");
            }
            ("refused", Err(why)) => assert!(why.contains("is not supported: "), "{example}: {why}"),
            (_, result) => panic!("{example}: {state}, and {:?}", result.err()),
        }
    }
    assert_eq!(names, operator::OPERATORS.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(names.len(), 42);
}

#[test]
fn transformations() {
    let mut names = BTreeSet::new();
    for row in rows("Transformations") {
        let [name, of, makes] = &row[..] else { panic!("{row:?}") };
        names.insert(name.clone());
        let transform = Transform::seclang(name).unwrap_or_else(|| panic!("{name}"));
        let mut out = Vec::new();
        assert!(transform.apply(&bytes(of), &mut out), "{name} leaves {of} alone");
        assert_eq!(out, bytes(makes), "{name}: {}", out.escape_ascii());
    }
    assert_eq!(names, Transform::seclang_names().map(str::to_owned).collect());
    assert_eq!(names.len(), 37);
}

/// Requests with everything that a variable may be of, and responses.
const EXCHANGES: [(&str, &str); 5] = [
    (
        "GET http://h:80/a/b?x=1 HTTP/1.1\r\nHost: h:80\r\nCookie: c=1\r\nAuthorization: Basic dTpw\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok",
    ),
    (
        "POST /?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\ny=2",
        "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 113\r\n\r\n\
         --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\nContent-Type: text/plain\r\n\r\n\
         content\r\n--b--\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nContent-Length: 14\r\n\r\n<a b='c'>d</a>",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ),
];

/// What rules write and what matches leave before a variable is looked at.
const BEFORE: &str = r#"SecWebAppId app
SecAction "id:1,phase:1,nolog,initcol:ip=a,initcol:global=g,setsid:s,setuid:u,setrsc:r,setenv:e=1,setvar:tx.t=1,severity:2"
"#;

#[test]
fn variables() {
    let exchanges = EXCHANGES.map(|(request, response)| {
        http::exchange(request.as_bytes(), Some(response.as_bytes()), Limits::default())
    });
    let holds = |variable: &str| {
        // MATCHED_VARS are those of the chain's rule before.
        let member = if variable == "RULE" { "RULE:id" } else { variable };
        let script = format!(
            "{BEFORE}SecRule REQUEST_METHOD \"@rx .\" \"id:2,phase:5,nolog,chain\"\nSecRule {member} \"@rx .\" \"log\"\n\
             SecRule RESPONSE_STATUS \"@noMatch\" \"id:3,phase:3\"\n\
             SecRule {member} \"@rx .\" \"id:4,phase:5\""
        );
        let program = meaning(&script).unwrap_or_else(|error| panic!("{variable}: {error}"));
        let engine = compile::compile(&program, &|_, _| Err(String::new())).unwrap();
        let mut scratch = Scratch::default();
        exchanges.iter().any(|exchange| {
            let facts = Facts::of_client([192, 0, 2, 1].into(), 1_700_000_000);
            let verdict = engine.judge(&exchange.request, exchange.response.as_ref(), &facts, &mut scratch);
            verdict.hits.iter().any(|hit| hit.rule.id == 4) || {
                // In a chain behind another rule.
                let first = meaning(&script.replace("nolog,chain", "log,chain")).unwrap();
                let engine = compile::compile(&first, &|_, _| Err(String::new())).unwrap();
                let verdict =
                    engine.judge(&exchange.request, exchange.response.as_ref(), &facts, &mut scratch);
                verdict.hits.iter().any(|hit| hit.rule.id == 2)
            }
        })
    };
    let mut states: BTreeMap<String, String> = BTreeMap::new();
    for row in rows("Variables") {
        let [name, state, phase, ..] = &row[..] else { panic!("{row:?}") };
        states.insert(name.clone(), state.clone());
        match state.as_str() {
            "works" => assert!(holds(name), "{name} has no value"),
            "empty" => assert!(!holds(name), "{name} has a value"),
            "refused" => {
                let error = meaning(&format!("SecRule {name} x \"id:1\"")).unwrap_err();
                assert!(error.contains("can't be had here"), "{name}: {error}");
                continue;
            }
            other => panic!("{name}: {other}"),
        }
        let variable = Variable::named(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(variable.phase().to_string(), *phase, "{name}");
    }
    let of = |wanted: &str| states.values().filter(|state| *state == wanted).count();
    let own = Variable::ALL.into_iter().filter(|variable| variable.kind() != Kind::Address).count();
    assert_eq!(of("works") + of("empty"), own);
    assert_eq!((of("empty"), of("refused")), (3, targets::REFUSED.len()));
}

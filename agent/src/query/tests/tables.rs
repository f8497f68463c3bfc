//! Facets, completion, times.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use crate::query::{ALL, Completions, EVENTS, Facets, Moment, NotAMoment, Query, SIGNALS};

#[test]
fn each_name_is_one_facet() {
    for facets in ALL {
        let names = facets.rows.iter().flat_map(|row| row.names).map(|name| name.trim_start_matches('@'));
        let all: Vec<&str> = names.collect();
        let different: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), different.len(), "a name of {} stands twice", facets.things);
        assert!(facets.rows.iter().all(|row| !row.names.is_empty() && !row.about.is_empty()));
        for name in facets.free {
            assert!(facets.row(name).is_some(), "free text looks at {name}");
        }
    }
}

const DOCS: &str = include_str!("../../../../docs/query.md");

/// The lines between `<!-- name -->` and the end of that section.
fn section(name: &str) -> Vec<&'static str> {
    let (_, behind) = DOCS.split_once(&format!("<!-- {name} -->\n")).unwrap_or_else(|| {
        panic!("docs/query.md has no table of {name}: a line <!-- {name} -->, rows, a line <!-- end -->")
    });
    behind.split("<!-- end -->").next().unwrap().lines().filter(|line| line.starts_with("| `")).collect()
}

/// `docs/query.md` has a table for each kind, and in it a row for each facet, in their order: its names, what its values are,
/// where they lie.
#[test]
fn the_documented_facets_are_the_facets() {
    let mut tables = 0;
    for facets in ALL {
        let line = |row: &crate::query::Facet| {
            let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
            let place = &row.found().fields[0].path;
            let kind = format!("{:?}", row.kind).to_lowercase();
            format!("| {} | {kind} | `{place}` | {} |", names.join(", "), row.about)
        };
        let rows: Vec<String> = facets.rows.iter().map(line).collect();
        assert_eq!(section(facets.things), rows, "the table of {} in docs/query.md", facets.things);
        let free: Vec<String> =
            facets.free.iter().map(|name| format!("`{}`", facets.row(name).unwrap().name())).collect();
        let line = format!("- {}: {}", facets.things, free.join(", "));
        assert!(DOCS.lines().any(|other| other == line), "docs/query.md lacks:\n{line}");
        for (open, _) in facets.open {
            assert!(
                DOCS.contains(&format!("`@{open}NAME`")),
                "docs/query.md does not say what @{open}NAME is"
            );
        }
        tables += 1;
    }
    let there = include_str!("../tables.rs").matches(": Facets = Facets {").count();
    assert_eq!((tables, there), (4, 4), "each kind of facets is in ALL");
}

/// Queries stand in the documentation as `code` in the column of a table, or in blocks behind `picket`.
#[test]
fn the_documented_queries_are_right() {
    let examples = DOCS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | takes "));
    let mut ran = 0;
    for (query, _) in examples {
        let query = Query::parse(&query.replace("\\|", "|")).unwrap_or_else(|error| panic!("{error}"));
        query.check(&EVENTS).unwrap_or_else(|error| panic!("{error}"));
        ran += 1;
    }
    assert!(ran >= 20, "{ran}");
    let mut commands = 0;
    for line in DOCS.lines().filter_map(|line| line.strip_prefix("    picket ")) {
        let (things, query) = line.split_once(" '").unwrap();
        let facets = ALL.into_iter().find(|facets| facets.things == things).unwrap();
        let query = Query::parse(query.split('\'').next().unwrap()).unwrap_or_else(|error| panic!("{error}"));
        query.check(facets).unwrap_or_else(|error| panic!("{error}"));
        commands += 1;
    }
    assert_eq!(commands, 3);
    for (query, facets) in [("@attacks.xss:>10", ALL[2]), ("@statuses.5xx:>0", ALL[2])] {
        assert!(DOCS.contains(query));
        Query::parse(query).unwrap().check(facets).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn texts(completions: &Completions) -> Vec<&str> {
    completions.items.iter().map(|item| item.text.as_str()).collect()
}

#[test]
fn what_could_stand_there() {
    let at_end =
        |text: &str, facets: &'static Facets| Query::complete(text, text.chars().count() + 1, facets);
    let vectors: &[(&str, usize, usize, &[&str])] = &[
        (
            "serv",
            1,
            4,
            &[
                "service:",
                "@service.port:",
                "@service.pid:",
                "@service.exe:",
                "@service.cmdline:",
                "@service.container_id:",
                "@service.pod_uid:",
                "@service.cgroup:",
            ],
        ),
        ("@meth", 1, 5, &["@method:"]),
        ("a -meth", 4, 4, &["@method:"]),
        ("(meth", 2, 4, &["@method:"]),
        ("a A", 3, 1, &["AND "]),
        ("N", 1, 1, &["NOT "]),
        ("O", 1, 1, &[]),
        ("ä O", 3, 1, &["OR "]),
        ("blocked:", 9, 0, &["true", "false", "*"]),
        ("blocked:t", 9, 1, &["true"]),
        ("@status:>", 9, 1, &[">="]),
        ("client_ip:", 11, 0, &["*"]),
        ("@tls:", 6, 0, &["*"]),
        ("nothing:", 9, 0, &[]),
        ("\"serv", 2, 4, &[]),
        ("zzz", 1, 3, &[]),
    ];
    let mut ran = 0;
    for (text, column, length, expected) in vectors {
        let completions = at_end(text, &EVENTS);
        assert_eq!(texts(&completions), *expected, "{text}");
        if !expected.is_empty() {
            assert_eq!((completions.column, completions.length), (*column, *length), "{text}");
        }
        ran += 1;
    }
    assert_eq!(ran, 16);
    assert_eq!(texts(&at_end("sev", &SIGNALS)), ["severity:"]);
    // In the middle: what stands behind does not count.
    assert_eq!(texts(&Query::complete("meth service:x", 5, &EVENTS)), ["@method:"]);
    // Anything that is shown first is a query with a value behind.
    for item in at_end("", &EVENTS).items.iter().filter(|item| item.text.ends_with(':')) {
        Query::parse(&format!("{}*", item.text)).unwrap().check(&EVENTS).unwrap();
    }
    for column in [0, 1, 7, usize::MAX] {
        assert!(Query::complete("a\u{1F600}(", column, &EVENTS).column >= 1);
    }
}

#[test]
fn times_are_read() {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let vectors = [
        ("now", "2026-11-22T12:00:00Z"),
        ("-15m", "2026-11-22T11:45:00Z"),
        ("-1h", "2026-11-22T11:00:00Z"),
        ("-1h30m", "2026-11-22T10:30:00Z"),
        ("-7d", "2026-11-15T12:00:00Z"),
        ("-2w", "2026-11-08T12:00:00Z"),
        ("-0s", "2026-11-22T12:00:00Z"),
        (" -90s ", "2026-11-22T11:58:30Z"),
        ("2026-11-22T04:40:00Z", "2026-11-22T04:40:00Z"),
        ("2026-11-22T04:40:00.000000789Z", "2026-11-22T04:40:00.000000789Z"),
        ("2026-11-22T05:40:00+01:00", "2026-11-22T04:40:00Z"),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        let moment: Moment = text.parse().unwrap();
        assert_eq!(moment.at(now), expected.parse::<Timestamp>().unwrap(), "{text}");
        assert_eq!(moment.to_string().parse::<Moment>().unwrap().at(now), moment.at(now), "{moment}");
        ran += 1;
    }
    assert_eq!(ran, 11);
    assert_eq!("-100000w".parse::<Moment>().unwrap().at(Timestamp::MIN), Timestamp::MIN);
    assert_eq!(Moment::Ago(Duration::MAX).at(now), Timestamp::MIN);
}

#[test]
fn what_is_no_time_is_refused() {
    let mut ran = 0;
    for text in [
        "",
        "-",
        "1h",
        "-5",
        "--1h",
        "- 1h",
        "-ten minutes",
        "yesterday",
        "2026-11-22",
        "2026-11-22T04:40:00",
        "1764000000",
    ] {
        assert_eq!(text.parse::<Moment>(), Err(NotAMoment::Malformed(text.to_owned())), "{text}");
        ran += 1;
    }
    assert_eq!(ran, 11);
    for text in ["-1mo", "-1y"] {
        assert_eq!(text.parse::<Moment>(), Err(NotAMoment::Calendar), "{text}");
    }
}

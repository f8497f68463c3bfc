//! What a UI asks: the boxes beside a list of events, its timeline, its first page, who is behind them.

use std::{fmt::Write as _, time::Instant};

use anyhow::{Context, Result};
use picket::{
    query::{EVENTS, Query},
    store::{
        Reader,
        read::Between,
        sql::{FacetExpression, Sql},
    },
};

use super::made::{DAY, END};

/// The boxes of a UI.
const FACETS: [&str; 8] =
    ["service", "@rule.type", "client_ip", "@status", "user.id", "@rule.id", "@path", "@business.name"];
/// What a person types.
const QUERIES: [&str; 9] = [
    "",
    "service:shop",
    "@rule.type:ssrf",
    "service:shop @rule.type:sql_injection",
    "service:api @status:[500 TO 599]",
    "@rule.id:picket-ssrf-019",
    "client_ip:203.0.12.7",
    "user.id:user1234",
    "@tls.ja4:nobodys",
];
/// How far back, and what that is called.
const STRETCHES: [(&str, i64); 3] = [("hour", DAY / 24), ("day", DAY), ("everything", i64::MAX)];
/// Aim: milliseconds that 95 of 100 facets take at most.
const AIM: f64 = 200.0;

/// Milliseconds of questions, and how many of them were answered in full.
#[derive(Default)]
struct Times {
    took: Vec<f64>,
    whole: usize,
}

impl Times {
    fn add<T>(&mut self, question: impl FnOnce() -> Result<(T, bool)>) -> Result<()> {
        let start = Instant::now();
        let (answer, whole) = question()?;
        self.took.push(start.elapsed().as_secs_f64() * 1000.0);
        drop(answer);
        self.whole += usize::from(whole);
        Ok(())
    }

    fn extend(&mut self, other: &Self) {
        self.took.extend(&other.took);
        self.whole += other.whole;
    }

    fn quantile(&self, of_hundred: usize) -> f64 {
        let mut times = self.took.clone();
        times.sort_by(f64::total_cmp);
        let at = (times.len() * of_hundred).div_ceil(100).saturating_sub(1);
        times.get(at).copied().unwrap_or_default()
    }

    fn row(&self) -> String {
        let most = self.took.iter().copied().fold(0.0, f64::max);
        let share = self.whole as f64 * 100.0 / self.took.len().max(1) as f64;
        let [half, p95, p99] = [50, 95, 99].map(|of_hundred| self.quantile(of_hundred));
        format!("{half:.1} | {p95:.1} | {p99:.1} | {most:.1} | {share:.0} %")
    }
}

/// Times every question; gives tables.
///
/// # Errors
/// When one is not answered.
pub fn ask(reader: &Reader, rounds: usize) -> Result<String> {
    let conditions: Vec<(&str, Sql)> = QUERIES
        .iter()
        .map(|text| Ok((*text, Query::parse(text)?.to_sql(&EVENTS)?)))
        .collect::<Result<_>>()?;
    let heads = "p50 ms | p95 ms | p99 ms | most ms | in full |\n|---|---:|---:|---:|---:|---:|";
    let mut of_facet: Vec<(String, Times)> = Vec::new();
    let mut of_query: Vec<(String, Times)> = Vec::new();
    let (mut all, mut of_columns) = (Times::default(), Times::default());
    for (text, condition) in &conditions {
        let mut query = Times::default();
        for facet in FACETS {
            let found = EVENTS.find(facet).ok().with_context(|| format!("no facet {facet}"))?;
            let expression = FacetExpression::found(&found);
            for (name, length) in STRETCHES {
                let mut times = Times::default();
                for _ in 0..rounds {
                    times.add(|| {
                        let answer = reader.facet(condition, &expression, back(length), 10)?;
                        let whole = answer.reach.complete;
                        Ok((answer, whole))
                    })?;
                }
                all.extend(&times);
                query.extend(&times);
                if !text.contains("tls") {
                    of_columns.extend(&times);
                    let row = format!("`{facet}`, {name}");
                    match of_facet.iter_mut().find(|(known, _)| *known == row) {
                        Some((_, known)) => known.extend(&times),
                        None => of_facet.push((row, times)),
                    }
                }
            }
        }
        eprintln!("    {text:?}: facets {}", query.row());
        of_query.push((format!("`{}`", if text.is_empty() { "*" } else { text }), query));
    }
    let mut text = String::from(
        "Each question over the last hour, the last day and everything. Facets give the ten most frequent values. \
         “In full”: how many of the answers count everything that was asked for; the others count the newest events, \
         and say since when.\n",
    );
    write!(text, "\nFacets, under all queries but the last\n\n| facet | {heads}\n")?;
    for (name, times) in &of_facet {
        writeln!(text, "| {name} | {} |", times.row())?;
    }
    write!(
        text,
        "\nFacets, by query; the last one looks for text in the JSON, which no column has\n\n| query | {heads}\n"
    )?;
    for (name, times) in &of_query {
        writeln!(text, "| {name} | {} |", times.row())?;
    }
    writeln!(text, "| all of them | {} |\n| all but the last | {} |", all.row(), of_columns.row())?;
    write!(text, "\nOther questions, under all queries but the last\n\n| question | {heads}\n")?;
    for (name, times) in others(reader, conditions.split_last().map_or(&[], |(_, most)| most), rounds)? {
        writeln!(text, "| {name} | {} |", times.row())?;
    }
    for (name, times) in [("all of them", &all), ("all but those of text in the JSON", &of_columns)] {
        let p95 = times.quantile(95);
        let word = if p95 < AIM { "met" } else { "missed" };
        writeln!(text, "\n- Aim: p95 under {AIM:.0} ms for facets, {name}: {word} ({p95:.1} ms)")?;
    }
    Ok(text)
}

/// A stretch up to the end of all events.
fn back(length: i64) -> Between {
    match length {
        i64::MAX => Between::any(),
        length => Between::new(END - length, END),
    }
}

fn others(reader: &Reader, conditions: &[(&str, Sql)], rounds: usize) -> Result<Vec<(String, Times)>> {
    type Ask = fn(&Reader, &Sql, Between) -> Result<bool>;
    let questions: [(&str, Ask); 5] = [
        ("a page of 50 events", |reader, condition, between| {
            reader.events(condition, between, 50, None)?;
            Ok(true)
        }),
        ("count", |reader, condition, between| Ok(reader.count(condition, between)?.reach.complete)),
        ("timeline of 60 points", |reader, condition, between| {
            Ok(reader.timeline(condition, between, 60, None)?.reach.complete)
        }),
        ("20 clients with what is known of each", |reader, condition, between| {
            Ok(reader.actors(condition, between, 20, None)?.reach.complete)
        }),
        ("20 users with what is known of each", |reader, condition, between| {
            Ok(reader.users(condition, between, 20, None)?.reach.complete)
        }),
    ];
    let mut rows = Vec::new();
    for (name, ask) in questions {
        for (stretch, length) in STRETCHES {
            let mut times = Times::default();
            for (_, condition) in conditions {
                for _ in 0..rounds {
                    times.add(|| Ok(((), ask(reader, condition, back(length))?)))?;
                }
            }
            rows.push((format!("{name}, {stretch}"), times));
        }
    }
    Ok(rows)
}

//! The operators of OWASP CRS 3.3.4: each compiles, and what the prefilter learns of them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::rules::seclang::pcre::Pattern;

/// An operator as a rule has it.
struct Line {
    id: &'static str,
    negated: bool,
    name: &'static str,
    argument: &'static str,
}

fn lines() -> Vec<Line> {
    let text = include_str!("crs-3.3.4.tsv");
    let lines = text.lines().filter(|line| !line.starts_with("# ")).map(|line| {
        let fields: Vec<_> = line.splitn(4, '\t').collect();
        let [id, negated, name, argument] = fields[..] else { panic!("not four fields: {line}") };
        Line { id, negated: negated == "!", name, argument }
    });
    lines.collect()
}

fn compiled() -> Vec<(Line, SecOperator)> {
    let files = |_: &str| Ok(b"phrases of a file".to_vec());
    let usable = lines().into_iter().filter(|line| !["geoLookup", "rbl"].contains(&line.name));
    let compile = |line: Line| {
        let operator = SecOperator::new(line.name, line.argument, line.negated, &files)
            .unwrap_or_else(|why| panic!("{}: @{} {}: {why}", line.id, line.name, line.argument));
        (line, operator)
    };
    usable.map(compile).collect()
}

#[test]
fn all_compile_and_few_need_backtracking() {
    assert_eq!(lines().len(), 790);
    let all = compiled();
    assert_eq!(all.len(), 788, "@rbl and @geoLookup are refused");
    let count = |name: &str| all.iter().filter(|(line, _)| line.name == name).count();
    assert_eq!((count("rx"), count("pm"), count("pmFromFile")), (265, 6, 19));
    let backtracking: Vec<_> =
        all.iter().filter_map(|(line, operator)| Some((line.id, operator.beyond_regular()?))).collect();
    assert_eq!(
        backtracking,
        [
            ("920120", "look-around"),
            ("920600", "an atomic group or possessive quantifier that matters"),
            ("942130", "look-around"),
            ("953120", "look-around"),
        ]
    );
    let macros: Vec<_> = all.iter().filter(|(line, o)| line.name == "rx" && o.has_macros()).collect();
    assert_eq!(macros.len(), 1);
}

/// The one pattern of PL1 that is not regular and looks at every request: what browsers send is decided
/// without backtracking.
#[test]
fn an_accept_header_is_judged_by_the_linear_engine() {
    let line = lines().into_iter().find(|line| line.id == "920600").unwrap();
    let operator = SecOperator::new(line.name, line.argument, line.negated, &no_files).unwrap();
    let pattern = Pattern::new(line.argument).unwrap();
    let vectors: [(&[u8], bool, bool); 6] = [
        (b"*/*", true, true),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true, true),
        (b"text/plain; charset=utf-8, */*", true, true),
        (b"text/plain; charset=utf-7", false, false),
        (b"text", false, false),
        // Behind the semicolon, white space alone: the possessive quantifier decides.
        (b"text/plain;\nx(", false, false),
    ];
    let (mut cache, mut ran) = (None, 0);
    for (header, matches, at_once) in vectors {
        let shown = header.escape_ascii();
        assert_eq!(operator.find(header, b"", &mut cache).is_none(), matches, "{shown}");
        assert_eq!(pattern.narrower_matches(header), at_once, "{shown}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

/// How many operators can be passed over for a text, and by what. More literals are better; a change for
/// the worse has to be looked at.
#[test]
fn what_the_prefilter_learns() {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (line, operator) in compiled() {
        let kind = match line.name {
            "pmFromFile" => continue,
            "rx" => "rx",
            "eq" | "ge" | "gt" | "le" | "lt" => "number",
            _ => "other",
        };
        let need = operator.need();
        let shortest = need.literals.iter().flatten().map(Vec::len).min();
        let class = match shortest {
            _ if line.negated || operator.has_macros() => "negated or with macros",
            Some(3..) => "literals of 3",
            Some(2) => "literals of 2",
            Some(_) => "literals of 1",
            None if need.bytes.iter().any(|set| *set != ByteSet::ALL) => "bytes",
            None => "nothing",
        };
        *counts.entry((kind, class)).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|((kind, class), count)| (kind, class, count)).collect();
    // The numbers among them compare with 0, or with what is at most 0. Patterns of which nothing is known
    // match the empty text: `^$`, `^.*$`.
    assert_eq!(
        counts,
        [
            ("number", "bytes", 89),
            ("number", "negated or with macros", 21),
            ("number", "nothing", 239),
            ("other", "bytes", 18),
            ("other", "literals of 2", 3),
            ("other", "literals of 3", 112),
            ("other", "negated or with macros", 20),
            ("other", "nothing", 2),
            ("rx", "bytes", 51),
            ("rx", "literals of 1", 16),
            ("rx", "literals of 2", 21),
            ("rx", "literals of 3", 148),
            ("rx", "negated or with macros", 18),
            ("rx", "nothing", 11),
        ]
    );
}

/// Texts that a pattern matches, made from the pattern itself.
mod sample {
    use regex_syntax::hir::{Class, Hir, HirKind};

    pub fn write(hir: &Hir, random: &mut impl FnMut(u32) -> u32, out: &mut Vec<u8>) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
            HirKind::Class(Class::Bytes(class)) => {
                let all: Vec<u8> = class.ranges().iter().flat_map(|r| r.start()..=r.end()).collect();
                // A class of nothing (`[^\s\S]`): no text matches.
                if all.is_empty() {
                    return;
                }
                // Mostly what can be read.
                let plain: Vec<u8> = all.iter().copied().filter(u8::is_ascii_graphic).collect();
                let from = if plain.is_empty() || random(8) == 0 { &all } else { &plain };
                out.push(from[random(from.len() as u32) as usize]);
            }
            // regex-syntax makes `a|b` one, of ASCII.
            HirKind::Class(Class::Unicode(class)) => {
                let all: Vec<char> = class.ranges().iter().flat_map(|r| r.start()..=r.end()).collect();
                let one = all[random(all.len() as u32) as usize];
                out.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
            }
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(repetition.min + 2).min(repetition.min + 2);
                for _ in 0..repetition.min + random(most - repetition.min + 1) {
                    write(&repetition.sub, random, out);
                }
            }
            HirKind::Capture(capture) => write(&capture.sub, random, out),
            HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, random, out)),
            HirKind::Alternation(branches) => {
                write(&branches[random(branches.len() as u32) as usize], random, out);
            }
        }
    }
}

fn random(mut state: u64) -> impl FnMut(u32) -> u32 {
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 16) % u64::from(below.max(1))) as u32
    }
}

/// Texts made from CRS's patterns match them and meet what they need: hundreds of each.
#[test]
fn what_crs_matches_meets_the_need() {
    let (mut matched, mut tried) = (0, 0);
    for line in lines().into_iter().filter(|line| line.name == "rx" && !line.argument.contains("%{tx.")) {
        let pattern = Pattern::new(line.argument).unwrap();
        let need = pattern.need();
        let mut cache = pattern.cache();
        let mut random = random(0x9e37_79b9_7f4a_7c15 ^ line.argument.len() as u64);
        for round in 0..40 {
            let mut text = Vec::new();
            sample::write(pattern.hir(), &mut random, &mut text);
            // With something around it, and something changed.
            if round % 4 == 1 {
                text.splice(0..0, *b"a ");
                text.extend_from_slice(b" z");
            }
            if round % 4 == 2 && !text.is_empty() {
                let at = random(text.len() as u32) as usize;
                text[at] = random(256) as u8;
            }
            if round % 4 == 3 {
                text.make_ascii_uppercase();
            }
            tried += 1;
            if pattern.find(&text, 0, &mut cache).is_some() {
                matched += 1;
                assert!(need.is_met_by(&text), "{}: {} {need:?}", line.id, text.escape_ascii());
            }
        }
    }
    assert_eq!(tried, 264 * 40);
    assert!(matched > 6000, "{matched}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Parts of CRS's patterns, put together anew: what matches meets the need.
    #[test]
    fn parts_of_crs_put_together_meet_the_need(
        cuts in prop::collection::vec((0..265usize, 0.0..1.0f64, 1..40usize), 1..4),
        seed in 1..u64::MAX,
    ) {
        let arguments: Vec<_> =
            lines().into_iter().filter(|line| line.name == "rx").map(|line| line.argument).collect();
        let mut source = String::new();
        for (number, at, len) in cuts {
            let chars: Vec<char> = arguments[number].chars().collect();
            let at = (at * chars.len() as f64) as usize;
            source.extend(&chars[at.min(chars.len())..(at + len).min(chars.len())]);
        }
        let Ok(pattern) = Pattern::new(&source) else { return Ok(()) };
        let (need, mut cache, mut random) = (pattern.need(), pattern.cache(), random(seed));
        for _ in 0..20 {
            let mut text = Vec::new();
            sample::write(pattern.hir(), &mut random, &mut text);
            text.truncate(4096);
            if pattern.find(&text, 0, &mut cache).is_some() {
                prop_assert!(need.is_met_by(&text), "{}: {} {:?}", source, text.escape_ascii(), need);
            }
        }
    }
}

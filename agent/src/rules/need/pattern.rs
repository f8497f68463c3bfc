//! The need of a regular expression, part by part.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::{Need, rarity, texts::Texts};
use crate::rules::bytes::ByteSet;

/// Members of a class that are taken for texts.
const FEW: usize = 8;
/// Rounds of a repetition that are written out.
const ROUNDS: u32 = 4;

/// What is known of the texts that a part of an expression matches.
#[derive(Clone)]
pub(super) struct Part {
    /// All of them, when they are few; lower-case.
    exact: Option<Texts>,
    /// Each begins with one of these.
    beginnings: Texts,
    /// Each ends with one of these.
    ends: Texts,
    /// Each holds one of these.
    best: Option<Texts>,
    /// Each holds a byte of each of these.
    pub bytes: Vec<ByteSet>,
}

impl Part {
    fn unknown() -> Self {
        Self::inexact(Texts::empty(), Texts::empty(), None, Vec::new())
    }

    fn exactly(texts: Texts, bytes: Vec<ByteSet>) -> Self {
        let (beginnings, ends) = (texts.beginnings(), texts.ends());
        Self { exact: Some(texts), beginnings, ends, best: None, bytes }
    }

    fn inexact(beginnings: Texts, ends: Texts, best: Option<Texts>, bytes: Vec<ByteSet>) -> Self {
        Self { exact: None, beginnings, ends, best, bytes }
    }

    /// The best list of texts one of which is in each match.
    pub fn any(&self) -> Option<Texts> {
        let ends = better(Some(self.beginnings.clone()), Some(self.ends.clone()));
        better(better(self.exact.clone(), self.best.clone()), ends)
    }
}

pub(super) fn part(hir: &Hir) -> Part {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Part::exactly(Texts::empty(), Vec::new()),
        HirKind::Literal(literal) => {
            let mut bytes = Vec::new();
            literal.0.iter().for_each(|&byte| add(&mut bytes, ByteSet::of_bytes([byte])));
            Part::exactly(Texts::of([literal.0.to_vec()]), bytes)
        }
        HirKind::Class(class) => of_class(class),
        HirKind::Capture(capture) => part(&capture.sub),
        HirKind::Repetition(repetition) => of_repetition(repetition),
        HirKind::Concat(parts) => sequence(parts.iter().map(part)),
        HirKind::Alternation(branches) => alternate(&branches.iter().map(part).collect::<Vec<_>>()),
    }
}

fn of_class(class: &Class) -> Part {
    let (mut set, mut texts) = (ByteSet::EMPTY, Vec::new());
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                set = set.union(ByteSet::of_bytes(range.start()..=range.end()));
            }
            texts.extend(set.iter().map(|byte| vec![byte]));
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                let ascii = (range.start()..=range.end()).take_while(char::is_ascii);
                set = set.union(ByteSet::of_bytes(ascii.map(|c| c as u8)));
                if !range.end().is_ascii() {
                    set = set.union(ByteSet::of_bytes(0x80..=0xff));
                }
                let most = 4 * FEW - texts.len().min(4 * FEW);
                let encoded = |c: char| c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
                texts.extend((range.start()..=range.end()).take(most + 1).map(encoded));
            }
        }
    }
    let whole = texts.len() <= 4 * FEW;
    let texts = Texts::of(texts);
    let bytes = vec![set.folded()];
    if whole && texts.len() <= FEW { Part::exactly(texts, bytes) } else { Part { bytes, ..Part::unknown() } }
}

fn of_repetition(repetition: &Repetition) -> Part {
    let sub = part(&repetition.sub);
    let (min, max) = (repetition.min, repetition.max);
    if max == Some(0) {
        return Part::exactly(Texts::empty(), Vec::new());
    }
    if let Some(exact) = &sub.exact
        && let Some(max) = max.filter(|&max| max <= ROUNDS)
        && let Some(texts) = rounds(exact, min, max)
    {
        let bytes = if min == 0 { Vec::new() } else { sub.bytes };
        return Part::exactly(texts, bytes);
    }
    if min == 0 {
        return Part::unknown();
    }
    // As many rounds as are written out stand at the beginning, and as many at the end.
    let mut some = sub.clone();
    for _ in 1..min.min(ROUNDS) {
        some = concat(&some, &sub);
    }
    if min == 1 && max == Some(1) {
        return some;
    }
    let best = some.any();
    Part::inexact(some.beginnings, some.ends, best, some.bytes)
}

/// All texts of `min` to `max` rounds.
fn rounds(exact: &Texts, min: u32, max: u32) -> Option<Texts> {
    let mut round = Texts::empty();
    let mut all = Vec::new();
    for number in 0..=max {
        if number > 0 {
            round = round.times(exact)?;
        }
        if number >= min {
            all.push(Some(round.clone()));
        }
    }
    Texts::all(all.into_iter())
}

/// One after the other. Neighbours of one text each are joined first, so that a word of letters in
/// either case is one text, which may be chosen without what stands beside it.
fn sequence(parts: impl Iterator<Item = Part>) -> Part {
    let nothing = || Part::exactly(Texts::empty(), Vec::new());
    let (mut all, mut word) = (nothing(), nothing());
    for part in parts {
        if part.exact.as_ref().is_some_and(|exact| exact.len() == 1) {
            word = concat(&word, &part);
        } else {
            all = concat(&all, &std::mem::replace(&mut word, nothing()));
            all = concat(&all, &part);
        }
    }
    concat(&all, &word)
}

fn concat(left: &Part, right: &Part) -> Part {
    let mut bytes = left.bytes.clone();
    right.bytes.iter().for_each(|&set| add(&mut bytes, set));
    let exact = left.exact.as_ref().zip(right.exact.as_ref()).and_then(|(left, right)| left.times(right));
    let beginnings = match &left.exact {
        Some(exact) => exact.times(&right.beginnings).as_ref().unwrap_or(exact).beginnings(),
        None => left.beginnings.clone(),
    };
    let ends = match &right.exact {
        Some(exact) => left.ends.times(exact).as_ref().unwrap_or(exact).ends(),
        None => right.ends.clone(),
    };
    let middle = left.ends.times(&right.beginnings);
    let best = better(better(left.any(), right.any()), middle);
    Part { exact, beginnings, ends, best, bytes }
}

fn alternate(branches: &[Part]) -> Part {
    let all = |of: &dyn Fn(&Part) -> Option<Texts>| Texts::all(branches.iter().map(of));
    let ends = |of: &dyn Fn(&Part) -> Option<Texts>| all(of).unwrap_or_else(Texts::empty);
    Part {
        exact: all(&|branch| branch.exact.clone()),
        beginnings: ends(&|branch| Some(branch.beginnings.clone())).beginnings(),
        ends: ends(&|branch| Some(branch.ends.clone())).ends(),
        best: all(&Part::any),
        bytes: branches
            .iter()
            .map(|branch| branch.bytes.clone())
            .reduce(|left, right| common(&left, &right))
            .unwrap_or_default(),
    }
}

/// Byte sets of two branches: what holds of either.
fn common(left: &[ByteSet], right: &[ByteSet]) -> Vec<ByteSet> {
    let mut sets = Vec::new();
    for &left in left {
        for &right in right {
            add(&mut sets, left.union(right));
        }
    }
    sets
}

/// One more set of which a byte occurs; the rarest are kept, and none that another says already.
fn add(sets: &mut Vec<ByteSet>, set: ByteSet) {
    let set = set.folded();
    if sets.iter().any(|known| known.is_subset(set)) {
        return;
    }
    sets.retain(|known| !set.is_subset(*known));
    sets.push(set);
    sets.sort_by(|a, b| rarity::of_set(*a).total_cmp(&rarity::of_set(*b)));
    sets.truncate(Need::SETS);
}

/// The set that is met less often; of two as rare the one of longer texts.
fn better(one: Option<Texts>, other: Option<Texts>) -> Option<Texts> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let order = rarity::of_texts(&one).total_cmp(&rarity::of_texts(&other));
            let order = order.then_with(|| other.shortest().cmp(&one.shortest()));
            Some(if order.is_le() { one } else { other })
        }
        (one, other) => one.or(other),
    }
}

//! A rule set made ready: all literals of all rules in one automaton, all transformer chains in one
//! tree, so that each text is read once and each transformation of a value made once.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::inputs::Lanes;
use super::model::{Input, RuleMeta, RuleSet, Transform};
use super::{literals, operators::Matcher};

/// Bytes of all literals up to which the prefilter is a full DFA: fastest, and a few MiB at most.
const DFA_BYTES: usize = 24 * 1024;
/// Transformers one after the other.
const LONGEST_CHAIN: usize = 16;

/// A rule that can't be made ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule \"{rule}\": {problem}")]
pub struct CompileError {
    /// Its id.
    pub rule: String,
    /// Why, and what to do.
    pub problem: String,
}

/// A compiled rule set; immutable, shared by all workers.
#[derive(Debug)]
pub struct Engine {
    /// Unique in the process, so that a worker's [`Scratch`](super::Scratch) notices another engine.
    pub(super) id: u64,
    pub(super) rules: Vec<CompiledRule>,
    pub(super) conditions: usize,
    pub(super) checks: Vec<Check>,
    pub(super) matchers: Vec<Matcher>,
    /// The tree of transformer chains; 0 is the value as it is; parents stand before children.
    pub(super) chains: Vec<Chain>,
    /// All literals of all checks; ASCII case ignored.
    pub(super) prefilter: Option<AhoCorasick>,
    /// By literal: the checks that it makes a candidate.
    pub(super) literal_checks: Vec<Vec<u32>>,
    /// By lane.
    pub(super) plans: Vec<Plan>,
    pub(super) wanted: Lanes,
}

#[derive(Debug)]
pub(super) struct CompiledRule {
    pub meta: Arc<RuleMeta>,
    /// Numbers of its conditions, one after the other.
    pub conditions: std::ops::Range<usize>,
}

/// One condition on one transformer chain.
#[derive(Debug)]
pub(super) struct Check {
    pub rule: usize,
    pub condition: usize,
    pub matcher: usize,
    pub chain: usize,
    /// The chain whose text the prefilter reads for it: case does not matter to the prefilter.
    pub scanned: usize,
    /// Lanes it looks at all of.
    pub open: Lanes,
    /// Lanes of which it looks at what is under a path of keys.
    pub under: Vec<(Lanes, Vec<Vec<u8>>)>,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub parent: usize,
    pub transform: Transform,
}

/// What is done with each value of a lane.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Chains whose texts the prefilter reads.
    pub scans: Vec<usize>,
    /// Checks that have no literal to wait for.
    pub always: Vec<u32>,
}

/// Compiles the enabled rules of a set.
///
/// # Errors
/// The first rule that can't be compiled.
pub fn compile(set: &RuleSet) -> Result<Engine, CompileError> {
    static NEXT_ID: AtomicU64 = AtomicU64::new(0);
    let mut build = Build::default();
    // Chain 0 has no transformer of its own; what stands there is never applied.
    build.chains.push(Chain { parent: 0, transform: Transform::Lowercase });
    for rule in set.rules.iter().filter(|rule| rule.enabled) {
        let wrong = |problem: String| CompileError { rule: rule.meta.id.clone(), problem };
        let first = build.conditions;
        for condition in &rule.conditions {
            let matcher = Matcher::new(&condition.operator).map_err(wrong)?;
            if let Some(long) = condition.inputs.iter().find(|i| i.transforms.len() > LONGEST_CHAIN) {
                let problem =
                    format!("{} transformers in a row: at most {LONGEST_CHAIN}", long.transforms.len());
                return Err(wrong(problem));
            }
            build.condition(&condition.inputs, matcher);
        }
        build.rules.push(CompiledRule { meta: Arc::clone(&rule.meta), conditions: first..build.conditions });
    }
    build.finish(NEXT_ID.fetch_add(1, Ordering::Relaxed)).map_err(|problem| CompileError {
        rule: set.rules.first().map(|rule| rule.meta.id.clone()).unwrap_or_default(),
        problem: format!("(and those after it) {problem}"),
    })
}

#[derive(Default)]
struct Build {
    rules: Vec<CompiledRule>,
    conditions: usize,
    checks: Vec<Check>,
    matchers: Vec<Matcher>,
    chains: Vec<Chain>,
}

impl Build {
    /// A condition of the rule that is pushed next: a check for each chain of its inputs.
    fn condition(&mut self, inputs: &[Input], matcher: Matcher) {
        let first = self.checks.len();
        for input in inputs {
            let chain = self.chain(&input.transforms);
            let own = self.checks.iter().skip(first).position(|check| check.chain == chain);
            let at = own.map_or(self.checks.len(), |at| first + at);
            if own.is_none() {
                self.checks.push(Check {
                    rule: self.rules.len(),
                    condition: self.conditions,
                    matcher: self.matchers.len(),
                    chain,
                    scanned: self.scanned(chain),
                    open: Lanes::default(),
                    under: Vec::new(),
                });
            }
            let Some(check) = self.checks.get_mut(at) else { continue };
            let lane = Lanes::of(input.address, input.source);
            if input.key_path.is_empty() {
                check.open.add(lane);
            } else {
                let header = input.address == super::model::Address::Headers;
                let key = |key: &String| {
                    if header { key.to_ascii_lowercase().into_bytes() } else { key.clone().into_bytes() }
                };
                check.under.push((lane, input.key_path.iter().map(key).collect()));
            }
        }
        self.matchers.push(matcher);
        self.conditions += 1;
    }

    /// The node of the tree for these transformers.
    fn chain(&mut self, transforms: &[Transform]) -> usize {
        transforms.iter().fold(0, |parent, &transform| {
            let known =
                self.chains.iter().skip(1).position(|c| c.parent == parent && c.transform == transform);
            known.map_or_else(
                || {
                    self.chains.push(Chain { parent, transform });
                    self.chains.len() - 1
                },
                |at| at + 1,
            )
        })
    }

    /// The chain without the `lowercase` at its end.
    fn scanned(&self, chain: usize) -> usize {
        let mut at = chain;
        while let Some(Chain { parent, transform: Transform::Lowercase }) = self.chains.get(at) {
            if at == 0 {
                break;
            }
            at = *parent;
        }
        at
    }

    fn finish(self, id: u64) -> Result<Engine, String> {
        let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut literal_checks: Vec<Vec<u32>> = Vec::new();
        let mut plans: Vec<Plan> = Vec::new();
        plans.resize_with(Lanes::COUNT, Plan::default);
        let mut wanted = Lanes::default();
        let needs: Vec<_> = self.matchers.iter().map(|m| m.literals().map(literals::shortened)).collect();
        for (number, check) in (0u32..).zip(&self.checks) {
            let literals = needs.get(check.matcher).and_then(Option::as_ref);
            for literal in literals.into_iter().flatten() {
                let at = *numbers.entry(literal.clone()).or_insert_with(|| {
                    literal_checks.push(Vec::new());
                    literal_checks.len() - 1
                });
                literal_checks[at].push(number);
            }
            let mut lanes = check.open;
            check.under.iter().for_each(|(lane, _)| lanes.add(*lane));
            wanted.add(lanes);
            for (index, plan) in plans.iter_mut().enumerate() {
                if !lanes.meets(Lanes::at(index)) {
                } else if literals.is_none() {
                    plan.always.push(number);
                } else if !plan.scans.contains(&check.scanned) {
                    plan.scans.push(check.scanned);
                }
            }
        }
        let mut literals = vec![Vec::new(); numbers.len()];
        numbers.into_iter().for_each(|(literal, at)| literals[at] = literal);
        Ok(Engine {
            id,
            prefilter: prefilter(&literals)?,
            rules: self.rules,
            conditions: self.conditions,
            checks: self.checks,
            matchers: self.matchers,
            chains: self.chains,
            literal_checks,
            plans,
            wanted,
        })
    }
}

fn prefilter(literals: &[Vec<u8>]) -> Result<Option<AhoCorasick>, String> {
    if literals.is_empty() {
        return Ok(None);
    }
    let bytes: usize = literals.iter().map(Vec::len).sum();
    let kind = if bytes <= DFA_BYTES { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(kind))
        .build(literals)
        .map(Some)
        .map_err(|error| error.to_string())
}

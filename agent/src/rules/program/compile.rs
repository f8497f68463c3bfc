//! A program made ready: names resolved, jumps found, literals of all rules in one automaton.

mod effects;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    doubts::{self, Doubt},
    engine::{Act, Check, Engine, Exclusion, Glance, Link, Members, Piece, Rule, Target, Text, Turn},
    filter::Filter,
    model::{self, Program, Selector, Step, Which},
    passages, processing,
    template::{Part, Template},
    texts::Chain,
    told,
    written::Names,
};
use crate::rules::{
    bytes::ByteSet,
    inapp::{ReadError, Set, processors::Processors},
    model::{Transform, UnicodeMap},
    need::Need,
    seclang::{ast::Place, operators::SecOperator, pcre::Pattern},
    values::{
        labels::{Label, Labels},
        lanes::Lanes,
    },
    variable::{Kind, Variable},
};

/// A program that can't be made ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct CompileError {
    /// Where.
    pub place: Place,
    /// What, and what to do.
    pub problem: String,
}

impl From<ReadError> for CompileError {
    fn from(error: ReadError) -> Self {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let place = Place {
            file: error.source_name.as_str().into(),
            line: number(error.line),
            column: number(error.column),
        };
        Self { place, problem: error.problem }
    }
}

/// Reads a file that an operator names (`@pmFromFile`): the file of the directive, the name.
pub type Files<'f> = dyn Fn(&Place, &str) -> Result<Vec<u8>, String> + 'f;

/// Compiles a program.
///
/// # Errors
/// The first thing that can't be compiled.
pub fn compile(program: &Program, files: &Files<'_>) -> Result<Engine, CompileError> {
    let (engine, errors) = compile_lenient(program, &Set::default(), files)?;
    errors.into_iter().next().map_or(Ok(engine), Err)
}

/// Compiles a program and rules of the In-App WAF, without the rules that can't be, which are returned.
///
/// # Errors
/// When what is left can't be compiled as a whole.
pub fn compile_lenient(
    program: &Program,
    set: &Set,
    files: &Files<'_>,
) -> Result<(Engine, Vec<CompileError>), CompileError> {
    static NEXT_ID: AtomicU64 = AtomicU64::new(0);
    let mut build = Build { names: Names::new(), ..Build::default() };
    build.chains.push(Chain::root());
    let mut errors = Vec::new();
    build.in_app(set, &mut errors);
    let processors = Processors::compile(set).unwrap_or_else(|error| {
        errors.push(error.into());
        Processors::default()
    });
    for step in &program.steps {
        match step {
            Step::Rule(rule) => errors.extend(build.rule(rule, files).err()),
            Step::Marker(name) => build.marker(name),
        }
    }
    build.doubts.extend(doubts::of_program(program));
    build.doubts.sort();
    let mut engine = build.finish(NEXT_ID.fetch_add(1, Ordering::Relaxed), program)?;
    engine.made = processing::made(&processors, engine.wanted);
    engine.processors = processors;
    match unicode_map(&program.settings, files) {
        Ok(map) => engine.unicode_map = map,
        Err(error) => errors.push(error),
    }
    Ok((engine, errors))
}

#[derive(Default)]
pub(super) struct Build {
    pub rules: Vec<Rule>,
    pub links: Vec<Link>,
    checks: Vec<Check>,
    /// By check: literals one of which is in a text it holds on.
    literals: Vec<Option<Vec<Vec<u8>>>>,
    chains: Vec<Chain>,
    phases: [Vec<u32>; 5],
    names: Names,
    selectors: Vec<(String, Pattern)>,
    labels: Labels,
    /// Jumps to be resolved: phase, position, marker.
    jumps: Vec<(usize, u32, String, Place)>,
    /// Markers: by name, for each phase the position of the rule that follows.
    markers: HashMap<String, Vec<[u32; 5]>>,
    wanted: Lanes,
    /// Those of them that rules of the response, or behind it, look at.
    late_wanted: Lanes,
    /// Of the rule that is being compiled.
    pub phase: u8,
    /// Rules of the In-App WAF: of requests, of responses.
    pub in_app: [Vec<u32>; 2],
    doubts: Vec<Doubt>,
    /// Effects on rules, which are known only at the end: link, which.
    removals: Vec<(usize, Which, Option<Exclusion>, Place)>,
}

/// Whether values of a variable are kept in the store.
fn is_stored(variable: Variable) -> bool {
    matches!(variable.kind(), Kind::Scalar | Kind::Collection | Kind::Names | Kind::Document | Kind::Address)
}

/// Values that a link looks at.
#[derive(Default)]
pub(super) struct Range {
    pub lanes: Lanes,
    /// Variables of which it looks at every member.
    pub whole: Lanes,
    /// Members by name of others.
    pub labels: Vec<(Variable, Label)>,
}

fn at(place: &Place) -> impl Fn(String) -> CompileError + '_ {
    move |problem| CompileError { place: place.clone(), problem }
}

impl Build {
    fn marker(&mut self, name: &str) {
        let positions = self.phases.each_ref().map(|rules| u32::try_from(rules.len()).unwrap_or(u32::MAX));
        self.markers.entry(name.to_owned()).or_default().push(positions);
    }

    /// Values of these variables are looked at by the rule that is being compiled.
    pub(super) fn want(&mut self, lanes: Lanes) {
        self.wanted = self.wanted.and(lanes);
        if self.phase >= 3 {
            self.late_wanted = self.late_wanted.and(lanes);
        }
    }

    fn rule(&mut self, rule: &model::Rule, files: &Files<'_>) -> Result<(), CompileError> {
        self.phase = rule.phase;
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let first = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        for link in &rule.links {
            self.link(number, rule, link, files)?;
        }
        let phase = usize::from(rule.phase.clamp(1, 5)) - 1;
        let position = self.phases.get(phase).map_or(0, Vec::len);
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        if let Some(rules) = self.phases.get_mut(phase) {
            rules.push(number);
        }
        if let Some(marker) = &rule.then.skip_after {
            self.jumps.push((phase, number, marker.clone(), rule.meta.place.clone()));
        }
        let message = rule.then.message.as_ref().map(|text| self.text(text));
        let data = rule.then.data.as_ref().map(|text| self.text(text));
        let last = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        self.rules.push(Rule {
            meta: Arc::clone(&rule.meta),
            told: Arc::new(told::meta(&rule.meta)),
            links: first..last,
            next: position.saturating_add(1).saturating_add(rule.then.skip),
            log: rule.then.log,
            message,
            data,
            verdict: rule.then.verdict,
            status: rule.then.status,
            in_app: None,
        });
        Ok(())
    }

    fn link(
        &mut self,
        rule: u32,
        of: &model::Rule,
        link: &model::Link,
        files: &Files<'_>,
    ) -> Result<(), CompileError> {
        let (wrong, phase) = (at(&link.place), of.phase);
        let argument = match link.argument.fixed() {
            Some(text) => String::from_utf8_lossy(text).into_owned(),
            None => written_out(&link.argument),
        };
        let operator =
            SecOperator::new(&link.operator, &argument, link.negated, &|name: &str| files(&link.place, name))
                .map_err(&wrong)?;
        let expanded = link.argument.has_macros().then(|| self.text(&link.argument));
        let need = if expanded.is_some() { Need::NOTHING } else { operator.need() };
        let filtered = need.literals.is_some() || !need.bytes.is_empty();
        self.doubts.extend(doubts::of_link(&of.meta, phase, link, &operator));
        let mut targets = Vec::new();
        let (mut lanes, mut whole, mut labels) = (Lanes::NONE, Lanes::NONE, Vec::new());
        let mut fixed = true;
        for target in &link.targets {
            let stored = is_stored(target.variable);
            if stored {
                self.want(Lanes::of(target.variable));
            }
            fixed &= stored && !target.count;
            let members = self.members(target.variable, &target.selector).map_err(&wrong)?;
            let label = match &members {
                Members::Name(name) if stored => self.labels.add(name),
                _ => 0,
            };
            if stored && !target.count {
                lanes = lanes.and(Lanes::of(target.variable));
                match label {
                    0 => whole = whole.and(Lanes::of(target.variable)),
                    _ => labels.push((target.variable, label)),
                }
            }
            targets.push(Target {
                variable: target.variable,
                members,
                label,
                count: target.count,
                checks: 0..0,
            });
        }
        let excluded = link
            .excluded
            .iter()
            .map(|exclusion| self.exclusion(exclusion).map_err(&wrong))
            .collect::<Result<Vec<_>, _>>()?;
        let range = Range { lanes, whole, labels };
        let checks = self.checks(phase, &link.transforms, link.multi_match, &need, &range);
        targets.iter_mut().for_each(|target| target.checks = checks.clone());
        let glance = match targets.as_slice() {
            _ if filtered && fixed => Glance::Candidates,
            targets if targets.iter().all(|target| target.label != 0 && !target.count) => Glance::Labels,
            [Target { members: Members::Slot(slot, _), count, .. }]
                if operator.is_number() && expanded.is_none() && excluded.is_empty() =>
            {
                // A count is 0 or 1, which most transformations leave alone.
                let digits = ByteSet::of_bytes(*b"01");
                let changes_count = |transform: &Transform| transform.triggers().intersects(digits);
                match count {
                    true if !link.transforms.iter().any(changes_count) => Glance::Count(*slot),
                    false if link.transforms.is_empty() => Glance::Member(*slot),
                    _ => Glance::None,
                }
            }
            _ => Glance::None,
        };
        let settled = matches!(glance, Glance::Member(_) | Glance::Count(_))
            && link.transforms.is_empty()
            && !link.capture;
        let mut effects = Vec::new();
        for effect in &link.effects {
            self.effect(effect, &mut effects, &link.place)?;
        }
        self.links.push(Link {
            rule,
            targets,
            excluded,
            checks,
            operator,
            argument: expanded,
            negated: link.negated,
            capture: link.capture,
            effects,
            filtered,
            glance,
            settled,
        });
        Ok(())
    }

    pub(super) fn checks_len(&self) -> usize {
        self.checks.len()
    }

    /// Checks for a chain of transformations: one, or one for each of its steps.
    pub(super) fn checks(
        &mut self,
        phase: u8,
        transforms: &[Transform],
        each_step: bool,
        need: &Need,
        range: &Range,
    ) -> std::ops::Range<u32> {
        let first = u32::try_from(self.checks.len()).unwrap_or(u32::MAX);
        let filtered = need.literals.is_some() || !need.bytes.is_empty();
        let from = if each_step { 0 } else { transforms.len() };
        for step in from..=transforms.len() {
            let chain = self.chain(transforms.get(..step).unwrap_or_default());
            let shortest = need.literals.iter().flatten().map(Vec::len).min().unwrap_or(0);
            self.literals.push(need.literals.clone());
            self.checks.push(Check {
                phase,
                chain,
                scanned: self.scanned(chain),
                lanes: if filtered { range.lanes } else { Lanes::NONE },
                whole: range.whole,
                labels: range.labels.clone(),
                bytes: need.bytes.clone(),
                least: self.least(chain, shortest),
            });
        }
        first..u32::try_from(self.checks.len()).unwrap_or(u32::MAX)
    }

    fn exclusion(&mut self, exclusion: &model::Exclusion) -> Result<Exclusion, String> {
        let members = self.members(exclusion.variable, &exclusion.selector)?;
        Ok(Exclusion { variable: exclusion.variable, members })
    }

    fn members(&mut self, variable: Variable, selector: &Selector) -> Result<Members, String> {
        Ok(match selector {
            Selector::All => Members::All,
            Selector::Name(name) => match name.fixed() {
                Some(text) => {
                    let name: Box<[u8]> = text.to_ascii_lowercase().into();
                    if variable.kind() == Kind::Written {
                        let slot = self.names.slot(variable, &String::from_utf8_lossy(&name));
                        Members::Slot(slot, name)
                    } else {
                        Members::Name(name)
                    }
                }
                None => Members::Expanded(self.text(name)),
            },
            Selector::Regex(pattern) => {
                let known = self.selectors.iter().position(|(text, _)| text == pattern);
                let at = match known {
                    Some(at) => at,
                    None => {
                        self.selectors.push((pattern.clone(), Pattern::with_case(pattern, true)?));
                        self.selectors.len() - 1
                    }
                };
                Members::Regex(u32::try_from(at).unwrap_or(u32::MAX))
            }
        })
    }

    fn text(&mut self, template: &Template) -> Text {
        let pieces = template.parts.iter().map(|part| match part {
            Part::Text(text) => Piece::Text(text.clone().into()),
            Part::Value(variable, member) => match (variable.kind(), member) {
                (Kind::Written, Some(member)) => Piece::Slot(self.names.slot(*variable, member)),
                (_, Some(member)) => {
                    self.want(Lanes::of(*variable));
                    Piece::Member(*variable, member.as_bytes().into())
                }
                (_, None) => {
                    self.want(Lanes::of(*variable));
                    Piece::Scalar(*variable)
                }
            },
        });
        Text(pieces.collect())
    }

    fn chain(&mut self, transforms: &[Transform]) -> u32 {
        transforms.iter().fold(0, |parent, &transform| {
            let known =
                self.chains.iter().skip(1).position(|c| c.parent == parent && c.transform == Some(transform));
            let at = known.map_or_else(
                || {
                    let above = self.chains.get(parent as usize);
                    let triggers = above.map_or(ByteSet::EMPTY, |c| c.triggers).union(transform.triggers());
                    let changes_empty = above.is_some_and(|c| c.changes_empty) || transform.changes_empty();
                    self.chains.push(Chain { parent, transform: Some(transform), triggers, changes_empty });
                    self.chains.len() - 1
                },
                |at| at + 1,
            );
            u32::try_from(at).unwrap_or(0)
        })
    }

    /// Bytes that a value has at least of which a chain makes a text of this length.
    fn least(&self, chain: u32, len: usize) -> u32 {
        let (mut at, mut least) = (chain, len);
        while let Some(Chain { parent, transform: Some(transform), .. }) = self.chains.get(at as usize) {
            least = transform.least(least);
            at = *parent;
        }
        u32::try_from(least).unwrap_or(u32::MAX)
    }

    /// The chain without the changes of case at its end.
    fn scanned(&self, chain: u32) -> u32 {
        let mut at = chain;
        while at != 0
            && let Some(Chain { parent, transform: Some(Transform::Lowercase), .. }) =
                self.chains.get(at as usize)
        {
            at = *parent;
        }
        at
    }

    fn which(&self, which: &Which, place: &Place) -> Result<Box<[u32]>, CompileError> {
        let pattern = match which {
            Which::Ids(..) => None,
            Which::Tag(pattern) | Which::Message(pattern) => Some(Pattern::new(pattern).map_err(at(place))?),
        };
        let found = |text: &str| pattern.as_ref().is_some_and(|pattern| pattern.is_in(text.as_bytes()));
        let own = (0u32..).zip(&self.rules).filter(|(_, rule)| rule.in_app.is_none());
        let meant = own.filter(|(_, rule)| match which {
            Which::Ids(first, last) => (*first..=*last).contains(&rule.meta.id),
            Which::Tag(_) => rule.meta.tags.iter().any(|tag| found(tag)),
            Which::Message(_) => found(&rule.meta.message),
        });
        Ok(meant.map(|(number, _)| number).collect())
    }

    fn finish(mut self, id: u64, program: &Program) -> Result<Engine, CompileError> {
        for (phase, rule, marker, place) in std::mem::take(&mut self.jumps) {
            let after = self.rules.get(rule as usize).map_or(0, |rule| rule.next);
            let positions = self.markers.get(&marker).into_iter().flatten().map(|at| at[phase]);
            let id = self.rules.get(rule as usize).map(|rule| rule.meta.id);
            // A rule's id is a marker too.
            let by_id = marker.parse::<u64>().ok().and_then(|id| {
                let rules = self.phases.get(phase)?;
                let at = rules
                    .iter()
                    .position(|r| self.rules.get(*r as usize).is_some_and(|r| r.meta.id == id))?;
                u32::try_from(at).ok().map(|at| at + 1)
            });
            let target = positions.chain(by_id).find(|&at| at >= after);
            let Some(target) = target else {
                let problem = format!(
                    "rule {} skips to \"{marker}\", but no SecMarker of that name follows",
                    id.unwrap_or_default()
                );
                return Err(CompileError { place, problem });
            };
            if let Some(rule) = self.rules.get_mut(rule as usize) {
                rule.next = target;
            }
        }
        for (link, which, exclusion, place) in std::mem::take(&mut self.removals) {
            let rules = self.which(&which, &place)?;
            if let Some(link) = self.links.get_mut(link) {
                link.effects.push(match exclusion {
                    Some(exclusion) => Act::RemoveTarget(rules, exclusion),
                    None => Act::Remove(rules),
                });
            }
        }
        let built_in = self.built_in();
        let filter = Filter::new(&self.checks, &self.literals);
        let scores = self
            .names
            .of(Variable::Tx)
            .filter(|(name, _)| name.contains("score"))
            .map(|(name, slot)| (name.to_owned(), slot))
            .collect();
        let response_phases =
            self.phases.iter().skip(2).take(2).chain(&self.in_app[1..]).any(|rules| !rules.is_empty());
        let of_request = |check: &Check| check.lanes.iter().any(|variable| variable.phase() < 3);
        let late = self.checks.iter().any(|check| check.phase >= 3 && of_request(check));
        let turns =
            |rules: &Vec<u32>| rules.iter().map(|&rule| turn(rule, &self.rules, &self.links)).collect();
        let phases = self.phases.each_ref().map(turns);
        let in_app = self.in_app.each_ref().map(turns);
        let selected = self.selectors.iter().map(|(_, pattern)| self.names.matching(pattern)).collect();
        let mut engine = Engine {
            id,
            rules: self.rules,
            links: self.links,
            checks: self.checks,
            chains: self.chains,
            phases,
            passages: 0,
            names: self.names,
            built_in,
            selectors: self.selectors.into_iter().map(|(_, pattern)| pattern).collect(),
            selected,
            labels: Arc::new(self.labels),
            filter,
            wanted: self.wanted,
            late_wanted: self.late_wanted,
            settings: program.settings.clone(),
            unicode_map: None,
            scores,
            in_app,
            processors: Processors::default(),
            made: Vec::new(),
            response_phases,
            doubts: self.doubts,
            late,
        };
        engine.number_passages();
        Ok(engine)
    }
}

/// The map that `SecUnicodeMapFile` names.
fn unicode_map(
    settings: &model::Settings,
    files: &Files<'_>,
) -> Result<Option<Arc<UnicodeMap>>, CompileError> {
    let Some((place, name, code_page)) = &settings.unicode_map else { return Ok(None) };
    let wrong = |problem: String| at(place)(format!("SecUnicodeMapFile {name}: {problem}"));
    let file = files(place, name).map_err(wrong)?;
    let map = UnicodeMap::read(&file, *code_page).map_err(|error| wrong(error.to_string()))?;
    Ok(Some(Arc::new(map)))
}

fn turn(rule: u32, rules: &[Rule], links: &[Link]) -> Turn {
    let first = rules.get(rule as usize).and_then(|rule| links.get(rule.links.start as usize));
    let check = first.filter(|link| link.glance == Glance::Candidates && link.checks.len() == 1);
    Turn { rule, check: check.map_or(u32::MAX, |link| link.checks.start), passage: passages::NONE }
}

/// The text of a template as it was written.
fn written_out(template: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Part::Value(variable, None) => format!("%{{{}}}", variable.name()),
        Part::Value(variable, Some(member)) => format!("%{{{}.{member}}}", variable.name()),
    };
    template.parts.iter().map(part).collect()
}

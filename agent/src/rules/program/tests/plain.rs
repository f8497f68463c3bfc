//! The meaning of a program, as plain as it can be said: rules one after the other, each value on its own, every
//! transformation made, every operator asked. It shares with the engine how a request is taken apart into values,
//! single transformations and single operators, each of which has vectors of its own; nothing else.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use crate::{
    http::{Request, Response},
    limits,
    rules::{
        model::Transform,
        program::{
            collect,
            compile::Files,
            model::{
                Change, Disruption, Effect, Exclusion, Link, Mode, Program, Rule, Selector, Step, Target,
                Which,
            },
            run::{Facts, Scratch},
            template::{Part, Template},
            written::Names,
        },
        seclang::{
            operators::{Cache, SecOperator, number},
            pcre::Pattern,
        },
        values::lanes::Lanes,
        variable::{Kind, Variable},
    },
};

type Bytes = Vec<u8>;

/// A record that is kept over transactions.
#[derive(Clone, Debug)]
struct Record {
    /// What they are, and when they go.
    members: BTreeMap<Bytes, (Option<Bytes>, Option<i64>)>,
    created: i64,
    updated: i64,
    updates: i64,
}

/// What is kept over transactions.
#[derive(Debug, Default)]
pub struct Kept(BTreeMap<(Variable, Bytes), Record>);

/// What came of a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Rule, location, name, value, message, data.
    pub hits: Vec<(u64, String, String, String, String, String)>,
    pub denied: Option<(u64, u16)>,
    /// By name.
    pub scores: BTreeMap<String, i64>,
}

/// A program with its operators.
pub struct Plain<'p> {
    program: &'p Program,
    /// Orders members of a collection as the engine does: those that the program names first.
    names: &'p Names,
    operators: HashMap<*const Link, (SecOperator, RefCell<Option<Cache>>)>,
}

impl<'p> Plain<'p> {
    pub fn new(program: &'p Program, names: &'p Names, files: &Files<'_>) -> Self {
        let mut operators = HashMap::new();
        for step in &program.steps {
            let Step::Rule(rule) = step else { continue };
            for link in &rule.links {
                let text = String::from_utf8_lossy(link.argument.fixed().unwrap_or(b"%{tx.x}")).into_owned();
                let read = |name: &str| files(&link.place, name);
                let operator = SecOperator::new(&link.operator, &text, link.negated, &read);
                let operator = operator.expect("an operator");
                // What a pattern needs to run is dear to make, and says nothing of any text.
                operators.insert(std::ptr::from_ref(link), (operator, RefCell::default()));
            }
        }
        Self { program, names, operators }
    }
}

/// One transaction.
struct Transaction<'p> {
    plain: &'p Plain<'p>,
    program: &'p Program,
    names: &'p Names,
    kept: &'p mut Kept,
    /// For its values.
    scratch: Scratch,
    facts: Facts,
    /// Members that rules wrote, in the order in which they came to be.
    written: Vec<(Variable, Bytes, Bytes)>,
    open: BTreeMap<Variable, Bytes>,
    /// Collections whose record this transaction has written to.
    updated: BTreeSet<Variable>,
    removed: Vec<Which>,
    removed_targets: Vec<(Which, Exclusion)>,
    mode: Mode,
    allowed: Disruption,
    matched: Matched,
    rule: Option<&'p Rule>,
    severity: Option<u8>,
    injection: usize,
    said: Said,
}

#[derive(Default)]
struct Matched {
    name: Bytes,
    value: Bytes,
    now: Vec<(Bytes, Bytes)>,
    before: Vec<(Bytes, Bytes)>,
    told: Option<(Variable, Bytes, Bytes)>,
}

/// All phases of a transaction.
pub fn judge(
    plain: &Plain<'_>,
    request: &Request,
    response: Option<&Response>,
    facts: &Facts,
    kept: &mut Kept,
) -> Said {
    let (program, names) = (plain.program, plain.names);
    let mut scratch = Scratch::default();
    scratch.store.clear(Lanes::all(&Variable::ALL), &Default::default());
    let mut this = Transaction {
        plain,
        program,
        names,
        kept,
        scratch,
        facts: facts.clone(),
        written: Vec::new(),
        open: BTreeMap::new(),
        updated: BTreeSet::new(),
        removed: Vec::new(),
        removed_targets: Vec::new(),
        mode: program.settings.engine,
        allowed: Disruption::Pass,
        matched: Matched::default(),
        rule: None,
        severity: None,
        injection: 0,
        said: Said::default(),
    };
    collect::head(request, facts, &program.settings, &mut this.scratch);
    this.phase(1);
    collect::body(request, &program.settings, &mut this.scratch);
    this.phase(2);
    let has_response_rules = program.steps.iter().any(|step| match step {
        Step::Rule(rule) => matches!(rule.phase, 3 | 4),
        Step::Marker(_) => false,
    });
    if let (Some(response), true) = (response, has_response_rules) {
        collect::response_head(response, &mut this.scratch);
        this.phase(3);
        collect::response_body(response, &program.settings, &mut this.scratch);
        this.phase(4);
    }
    this.phase(5);
    for (collection, name, value) in &this.written {
        let score = number::read(value);
        if *collection == Variable::Tx
            && String::from_utf8_lossy(name).contains("score")
            && score != 0
            && names.find(Variable::Tx, name).is_some()
        {
            this.said.scores.insert(String::from_utf8_lossy(name).into_owned(), score);
        }
    }
    this.said
}

impl<'p> Transaction<'p> {
    fn phase(&mut self, phase: u8) {
        let over = match self.allowed {
            Disruption::Allow => phase != 5,
            Disruption::AllowRequest => phase <= 2,
            _ => false,
        };
        if self.mode == Mode::Off || over {
            return;
        }
        let program = self.program;
        let steps: Vec<&'p Step> = program
            .steps
            .iter()
            .filter(|step| match step {
                Step::Rule(rule) => rule.phase == phase,
                Step::Marker(_) => true,
            })
            .collect();
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            at += 1;
            let Step::Rule(rule) = step else { continue };
            if self.removed.iter().any(|which| is_meant(which, rule)) || !self.holds(rule) {
                continue;
            }
            self.tell(rule);
            for _ in 0..rule.then.skip {
                while matches!(steps.get(at), Some(Step::Marker(_))) {
                    at += 1;
                }
                at += 1;
            }
            if let Some(marker) = &rule.then.skip_after {
                let rest = steps.get(at..).unwrap_or_default();
                let named = |step: &&Step| matches!(step, Step::Marker(name) if name == marker);
                at += rest.iter().position(named).expect("the marker") + 1;
            }
            match rule.then.verdict {
                Disruption::Pass => {}
                Disruption::Deny => {
                    self.said.denied.get_or_insert((rule.meta.id, rule.then.status));
                }
                Disruption::AllowPhase => return,
                allowed => {
                    self.allowed = allowed;
                    if allowed == Disruption::Allow || phase <= 2 {
                        return;
                    }
                }
            }
            if self.mode == Mode::Off {
                return;
            }
        }
    }

    fn holds(&mut self, rule: &'p Rule) -> bool {
        self.rule = Some(rule);
        self.matched.told = None;
        self.matched.now.clear();
        self.matched.before.clear();
        rule.links.iter().all(|link| {
            self.matched.before = std::mem::take(&mut self.matched.now);
            self.link(rule, link)
        })
    }

    fn link(&mut self, rule: &Rule, link: &Link) -> bool {
        let argument = self.filled(&link.argument);
        let plain = self.plain;
        let (operator, cache) = &plain.operators[&std::ptr::from_ref(link)];
        let cache = &mut *cache.borrow_mut();
        let mut held = false;
        for target in &link.targets {
            let excluded = |this: &Self, name: &[u8]| {
                let by = |exclusion: &Exclusion| {
                    exclusion.variable == target.variable && this.is_selected(&exclusion.selector, name)
                };
                link.excluded.iter().any(by)
                    || this.removed_targets.iter().any(|(which, out)| is_meant(which, rule) && by(out))
            };
            let mut values = self.values(target);
            // Members that rules write are taken as they are when the target comes up. Of others it is asked when
            // they come up: a match may leave out others of its own rule, or choose them by a macro.
            let kind = target.variable.kind();
            let chosen =
                |this: &Self, name: &[u8]| this.is_selected(&target.selector, name) && !excluded(this, name);
            let one_by_one = !target.count && !matches!(kind, Kind::Written | Kind::Matched);
            if !one_by_one && kind != Kind::Matched {
                values.retain(|(name, _)| chosen(self, name));
            }
            if target.count {
                values = vec![(Bytes::new(), values.len().to_string().into_bytes())];
            }
            for (name, value) in values {
                if one_by_one && !chosen(self, &name) {
                    continue;
                }
                for text in texts(&link.transforms, &value, link.multi_match) {
                    if self.asks(operator, &text, &argument, cache) {
                        held = true;
                        self.captures(link, operator, &text, &argument, cache);
                        self.matches(link, target.variable, &name, &text);
                    }
                }
            }
        }
        held
    }

    fn asks(
        &mut self,
        operator: &SecOperator,
        text: &[u8],
        argument: &[u8],
        cache: &mut Option<Cache>,
    ) -> bool {
        if operator.is_injection() {
            let bytes = operator.injection_bytes(text);
            if bytes > 0 && self.injection >= limits::JUDGED_INJECTION_TOTAL {
                return false;
            }
            self.injection += bytes;
        }
        operator.find(text, argument, cache).is_some()
    }

    fn captures(
        &mut self,
        link: &Link,
        operator: &SecOperator,
        text: &[u8],
        argument: &[u8],
        cache: &mut Option<Cache>,
    ) {
        if !link.capture || link.negated {
            return;
        }
        for group in 0..10 {
            self.unwrite(Variable::Tx, group.to_string().as_bytes());
        }
        let mut groups = Vec::new();
        operator.captures(text, argument, cache, &mut |group, bytes| groups.push((group, bytes.to_vec())));
        for (group, bytes) in groups {
            if group < 10 {
                self.write(Variable::Tx, group.to_string().as_bytes(), &bytes);
            }
        }
    }

    fn matches(&mut self, link: &Link, variable: Variable, name: &[u8], text: &[u8]) {
        let own = |variable: Variable| matches!(variable.kind(), Kind::Written | Kind::Matched);
        if !own(variable) || self.matched.told.as_ref().is_none_or(|told| own(told.0)) {
            self.matched.told = Some((variable, name.to_vec(), text.to_vec()));
        }
        let mut whole = variable.name().as_bytes().to_vec();
        if !name.is_empty() {
            whole.push(b':');
            whole.extend_from_slice(name);
        }
        self.matched.name = whole.clone();
        self.matched.value = text.to_vec();
        if self.matched.now.len() < limits::EVENT_MATCHES {
            self.matched.now.push((whole, text.to_vec()));
        }
        link.effects.iter().for_each(|effect| self.effect(effect));
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Set { collection, name, change } => {
                let name = self.filled(name).to_ascii_lowercase();
                let held = self.held(*collection, &name);
                let by = |this: &Self, text: &Template| number::read(&this.filled(text));
                let written = |number: i64| Some(number.to_string().into_bytes());
                let value = match change {
                    Change::Set(value) => Some(self.filled(value)),
                    Change::Add(value) => written(number::read(&held).saturating_add(by(self, value))),
                    Change::Subtract(value) => written(number::read(&held).saturating_sub(by(self, value))),
                    Change::Unset => None,
                };
                self.change(*collection, &name, value);
            }
            Effect::Expire { collection, name, seconds } => {
                let name = self.filled(name).to_ascii_lowercase();
                let at = self.facts.time + number::read(&self.filled(seconds));
                if let Some(record) = self.record(*collection) {
                    record.members.entry(name).or_default().1 = Some(at);
                }
            }
            Effect::Deprecate { .. } => unreachable!("not among the rules that are made up here"),
            Effect::Open { collection, key, .. } => {
                let key = self.filled(key);
                if key.is_empty() || self.open.contains_key(collection) {
                    return;
                }
                self.open.insert(*collection, key.clone());
                let now = self.facts.time;
                let timeout = self.program.settings.collection_timeout;
                let of = (*collection, key);
                if self.kept.0.get(&of).is_some_and(|record| now - record.updated >= timeout) {
                    self.kept.0.remove(&of);
                }
                let record = self.kept.0.get(&of).cloned();
                let built_in = [
                    ("create_time", record.as_ref().map_or(now, |record| record.created)),
                    ("is_new", i64::from(record.is_none())),
                    ("last_update_time", record.as_ref().map_or(now, |record| record.updated)),
                    ("timeout", timeout),
                    ("update_counter", record.as_ref().map_or(0, |record| record.updates)),
                    (
                        "update_rate",
                        record.as_ref().map_or(0, |record| {
                            (record.updates * 60).checked_div(now - record.created).unwrap_or(0)
                        }),
                    ),
                ];
                for (name, number) in built_in {
                    self.tells_of_itself(*collection, name, number.to_string().as_bytes());
                }
                self.tells_of_itself(*collection, "key", &of.1);
                for (name, (value, expires)) in record.map(|record| record.members).unwrap_or_default() {
                    if let Some(value) = value.filter(|_| expires.is_none_or(|at| at > now)) {
                        self.write(*collection, &name, &value);
                    }
                }
            }
            Effect::Mode(mode) => self.mode = *mode,
            Effect::Remove(which) => self.removed.push(which.clone()),
            Effect::RemoveTarget(which, out) => self.removed_targets.push((which.clone(), out.clone())),
            Effect::BodyProcessor(processor) => self.scratch.state.processor = Some(*processor),
            Effect::ForceBody(on) => self.scratch.state.force_body = *on,
            Effect::RequestBody(on) => self.scratch.state.request_body = Some(*on),
            Effect::ResponseBody(on) => self.scratch.state.response_body = Some(*on),
        }
    }

    /// A member that a record has of itself: those that some rule names, or all.
    fn tells_of_itself(&mut self, collection: Variable, name: &str, value: &[u8]) {
        if self.names.find(collection, name.as_bytes()).is_some() {
            self.write(collection, name.as_bytes(), value);
        }
    }

    /// The record that is open, to write to it: made if it is not there; nothing if none is open.
    fn record(&mut self, collection: Variable) -> Option<&mut Record> {
        let key = self.open.get(&collection)?.clone();
        let now = self.facts.time;
        let record = self.kept.0.entry((collection, key)).or_insert_with(|| Record {
            members: BTreeMap::new(),
            created: now,
            updated: now,
            updates: 0,
        });
        record.updated = now;
        record.updates += i64::from(self.updated.insert(collection));
        record.members.retain(|_, (_, expires)| expires.is_none_or(|at| at > now));
        Some(record)
    }

    /// What a member is now: for those that are kept, in the record.
    fn held(&mut self, collection: Variable, name: &[u8]) -> Bytes {
        if !is_kept(collection) {
            return self.member(collection, name).unwrap_or_default();
        }
        let now = self.facts.time;
        let of = self.open.get(&collection).map(|key| (collection, key.clone()));
        let record = of.and_then(|of| self.kept.0.get(&of));
        let member = record.and_then(|record| record.members.get(name));
        let there = member.filter(|(_, expires)| expires.is_none_or(|at| at > now));
        there.and_then(|(value, _)| value.clone()).unwrap_or_default()
    }

    fn change(&mut self, collection: Variable, name: &[u8], value: Option<Bytes>) {
        if is_kept(collection) {
            let Some(record) = self.record(collection) else { return };
            match &value {
                Some(value) => record.members.entry(name.to_vec()).or_default().0 = Some(value.clone()),
                None => drop(record.members.remove(name)),
            }
        }
        match value {
            Some(value) => self.write(collection, name, &value),
            None => self.unwrite(collection, name),
        }
    }

    fn write(&mut self, collection: Variable, name: &[u8], value: &[u8]) {
        let known = self.written.iter_mut().find(|(of, known, _)| *of == collection && known == name);
        match known {
            Some(known) => known.2 = value.to_vec(),
            None => self.written.push((collection, name.to_vec(), value.to_vec())),
        }
    }

    fn unwrite(&mut self, collection: Variable, name: &[u8]) {
        self.written.retain(|(of, known, _)| *of != collection || known != name);
    }

    fn member(&self, collection: Variable, name: &[u8]) -> Option<Bytes> {
        let found = self.written.iter().find(|(of, known, _)| *of == collection && known == name);
        found.map(|(.., value)| value.clone())
    }

    /// The values of a target's variable, with the names of the members they are of.
    fn values(&self, target: &Target) -> Vec<(Bytes, Bytes)> {
        let variable = target.variable;
        let mut values = match variable.kind() {
            Kind::Written => {
                let of = |(of, ..): &&(Variable, Bytes, Bytes)| *of == variable;
                let mut members: Vec<_> = self.written.iter().filter(of).collect();
                members.sort_by_key(|(_, name, _)| self.names.find(variable, name).unwrap_or(u32::MAX));
                members.into_iter().map(|(_, name, value)| (name.clone(), value.clone())).collect()
            }
            Kind::Matched => self.left(variable, &target.selector),
            _ => {
                let store = &self.scratch.store;
                let values = store.of(variable).iter().filter_map(|&number| store.value(number));
                values.map(|v| (store.slice(v.name).to_vec(), store.slice(v.bytes).to_vec())).collect()
            }
        };
        if matches!(variable, Variable::MatchedVars | Variable::MatchedVarsNames) {
            values.retain(|(name, _)| self.is_selected(&target.selector, name));
        }
        values
    }

    /// What the last match left.
    fn left(&self, variable: Variable, selector: &Selector) -> Vec<(Bytes, Bytes)> {
        let one = |value: Bytes| vec![(Bytes::new(), value)];
        match variable {
            Variable::MatchedVar => one(self.matched.value.clone()),
            Variable::MatchedVarName => one(self.matched.name.clone()),
            Variable::MatchedVars => self.matched.before.clone(),
            Variable::MatchedVarsNames => {
                self.matched.before.iter().map(|(name, _)| (name.clone(), name.clone())).collect()
            }
            Variable::HighestSeverity => one(self.highest()),
            Variable::Rule => match selector {
                Selector::Name(name) => one(self.of_rule(name.fixed().unwrap_or_default())),
                _ => one(Bytes::new()),
            },
            _ => Vec::new(),
        }
    }

    fn highest(&self) -> Bytes {
        self.severity.unwrap_or(255).to_string().into_bytes()
    }

    fn of_rule(&self, what: &[u8]) -> Bytes {
        let Some(meta) = self.rule.map(|rule| &rule.meta) else { return Bytes::new() };
        match what.to_ascii_lowercase().as_slice() {
            b"id" => meta.id.to_string().into_bytes(),
            b"msg" => meta.message.clone().into_bytes(),
            b"severity" => {
                meta.severity.map(|severity| severity.to_string().into_bytes()).unwrap_or_default()
            }
            _ => Bytes::new(),
        }
    }

    fn is_selected(&self, selector: &Selector, name: &[u8]) -> bool {
        match selector {
            Selector::All => true,
            Selector::Name(wanted) => name.eq_ignore_ascii_case(&self.filled(wanted)),
            Selector::Regex(pattern) => Pattern::with_case(pattern, true).expect("a pattern").is_in(name),
        }
    }

    fn filled(&self, template: &Template) -> Bytes {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(Variable::MatchedVar, None) => self.matched.value.clone(),
            Part::Value(Variable::MatchedVarName, None) => self.matched.name.clone(),
            Part::Value(Variable::HighestSeverity, None) => self.highest(),
            Part::Value(Variable::Rule, Some(what)) => self.of_rule(what.as_bytes()),
            Part::Value(variable, Some(member)) if variable.kind() == Kind::Written => {
                self.member(*variable, member.as_bytes()).unwrap_or_default()
            }
            Part::Value(variable, member) => {
                let store = &self.scratch.store;
                let mut values = store.of(*variable).iter().filter_map(|&number| store.value(number));
                let found = values.find(|value| {
                    let named = |name: &str| store.slice(value.name).eq_ignore_ascii_case(name.as_bytes());
                    member.as_deref().is_none_or(named)
                });
                found.map(|value| store.slice(value.bytes).to_vec()).unwrap_or_default()
            }
        };
        template.parts.iter().flat_map(part).collect()
    }

    fn tell(&mut self, rule: &Rule) {
        if let Some(severity) = rule.meta.severity {
            self.severity = Some(self.severity.unwrap_or(255).min(severity));
        }
        if !rule.then.log || self.said.hits.len() >= limits::EVENT_MATCHES {
            return;
        }
        let cut =
            |bytes: &[u8], most: usize| String::from_utf8_lossy(&bytes[..bytes.len().min(most)]).into_owned();
        let text = |template: &Option<Template>| {
            template.as_ref().map_or_else(String::new, |text| cut(&self.filled(text), limits::EVENT_FIELD))
        };
        let (message, data) = (text(&rule.then.message), text(&rule.then.data));
        let (location, name, value) = match &self.matched.told {
            None => Default::default(),
            Some((variable, name, value)) => {
                let name = cut(name, limits::MATCH_VALUE);
                let location = match name.as_str() {
                    "" => variable.name().to_owned(),
                    name => format!("{}:{name}", variable.name()),
                };
                (location, name, cut(value, limits::MATCH_VALUE))
            }
        };
        self.said.hits.push((rule.meta.id, location, name, value, message, data));
    }
}

fn is_kept(collection: Variable) -> bool {
    use Variable::{Global, Ip, Resource, Session, User};
    [Global, Ip, Resource, Session, User].contains(&collection)
}

fn is_meant(which: &Which, rule: &Rule) -> bool {
    let found = |pattern: &str, text: &str| Pattern::new(pattern).expect("a pattern").is_in(text.as_bytes());
    match which {
        Which::Ids(first, last) => (*first..=*last).contains(&rule.meta.id),
        Which::Tag(pattern) => rule.meta.tags.iter().any(|tag| found(pattern, tag)),
        Which::Message(pattern) => found(pattern, &rule.meta.message),
    }
}

/// What an operator is asked about: the value behind all transformations; with multiMatch also as it is and behind
/// each of them, unless it is as it was before.
fn texts(transforms: &[Transform], value: &[u8], each: bool) -> Vec<Bytes> {
    let mut texts = vec![value.to_vec()];
    for transform in transforms {
        let before = texts.last().expect("one").clone();
        let mut out = Vec::new();
        let changed = transform.apply(&before, &mut out);
        match (each, changed) {
            (true, true) => texts.push(out),
            (false, true) => texts = vec![out],
            (_, false) => {}
        }
    }
    texts
}

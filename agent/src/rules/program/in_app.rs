//! Rules of the In-App WAF asked: each holds when all of its conditions do, each condition on one value at least.

use std::sync::Arc;

use super::{
    engine::{Act, Does, Engine, Exclusion, Link, Members, Rule, Target, Turn},
    memo::ask,
    run::Scratch,
    state::State,
    texts::Texts,
    verdict::Attribute,
};
use crate::{
    limits,
    rules::{
        bytes::ByteSet,
        inapp::ast::{self, Action, AttributeValue, Input},
        inputs::Address,
        matched::Match,
        model::Source,
        values::{store::Store, tree::Step},
    },
};

impl Scratch {
    /// Asks the rules of the request (0) or of the response (1).
    pub(super) fn in_app(&mut self, engine: &Engine, list: usize) {
        let Some(rules) = engine.in_app.get(list) else { return };
        for &Turn { rule: number, check, .. } in rules {
            if check != u32::MAX && !self.plain && !self.candidates.has(check) {
                continue;
            }
            let Some(rule) = engine.rules.get(number as usize) else { continue };
            if self.state.any_removed && self.state.removed.get(number as usize) == Some(&true) {
                continue;
            }
            if let Some(does) = &rule.in_app
                && self.all_hold(engine, rule)
            {
                self.in_app_told(engine, number, rule, does);
            }
        }
    }

    fn all_hold(&mut self, engine: &Engine, rule: &Rule) -> bool {
        let mut links = rule.links.clone();
        let first = links.start;
        links.all(|number| {
            let Some(link) = engine.links.get(number as usize) else { return false };
            !self.cannot_hold(link) && self.condition(engine, number, link, number == first)
        })
    }

    /// Whether a condition holds. What the first of a rule found is noted.
    fn condition(&mut self, engine: &Engine, number: u32, link: &Link, first: bool) -> bool {
        let Self { store, texts, candidates, state, caches, memo, collections, plain, stats, .. } = self;
        let Some(cache) = caches.get_mut(number as usize) else { return false };
        let mut now = itoa::Buffer::new();
        let argument = if link.argument.is_some() { now.format(state.now).as_bytes() } else { &[] };
        let mut held = link.targets.is_empty();
        // What a condition that holds where its operator does not has judged.
        let mut judged = None;
        'targets: for target in &link.targets {
            if link.operator.is_exists() {
                // Of what an exclusion hides nobody can say whether it is there.
                let hides = |exclusion: &Exclusion| exclusion.hides(target);
                if state.excludes(engine, link, &hides) {
                    continue;
                }
                held |= state.exists(store, target);
                judged =
                    judged.or_else(|| store.of(target.variable).first().copied().map(|n| (target, n, 0)));
                continue;
            }
            let lane = store.of(target.variable);
            for check in target.checks.clone() {
                let numbers = if link.filtered && !*plain { candidates.of(check) } else { lane };
                for &at in numbers {
                    let Some(value) = store.value(at) else { continue };
                    let label = value.named(store);
                    if !value.lanes.has(target.variable)
                        || !link.operator.takes(store.slice(value.bytes), value.word)
                        || !state.is_member(engine, store, &target.members, label)
                        || state.is_excluded(engine, store, link, target.variable, label)
                        || state.is_left_alone(store, link.rule, target.variable, value)
                    {
                        continue;
                    }
                    judged = judged.or(Some((target, at, check)));
                    let set = if *plain { ByteSet::ALL } else { value.set };
                    let text = transformed(engine, texts, store.slice(value.bytes), set, check);
                    stats.operators += 1;
                    let operator = &link.operator;
                    let find = || operator.find(text, argument, cache);
                    let found = ask((number, operator), text, memo, &mut state.injection, *plain, find);
                    if let Some(found) = found {
                        held = true;
                        if first && !link.negated {
                            let shown = text.get(found.start..found.end).unwrap_or_default();
                            state.matched.found(target.variable, value.node, shown);
                        }
                        break 'targets;
                    }
                }
            }
        }
        if link.negated && !link.targets.is_empty() {
            held = judged.is_some() && !held;
            if let (true, true, Some((target, at, check))) = (held, first, judged) {
                state.note_judged(engine, store, texts, target.variable, at, check);
            }
        } else if let (true, true, true, Some((target, at, check))) =
            (held, first, link.operator.is_exists(), judged)
        {
            state.note_judged(engine, store, texts, target.variable, at, check);
        }
        if held && !link.effects.is_empty() {
            state.act(engine, store, collections, number, &link.effects);
        }
        held
    }

    /// A rule held: it is told.
    fn in_app_told(&mut self, engine: &Engine, number: u32, rule: &Rule, does: &Does) {
        let Self { store, state, .. } = self;
        let Does::Tell { event, attributes, actions } = does else { return };
        for attribute in attributes.iter() {
            state.attribute(store, attribute);
        }
        // A rule of request and response is told once.
        let told = &mut state.verdict.in_app;
        if told.iter().any(|found| Arc::ptr_eq(&found.rule, &rule.told)) {
            return;
        }
        if *event && told.len() < limits::EVENT_MATCHES {
            let label = state.matched.variable.and_then(Address::of).map_or("request", Address::label);
            let node = state.matched.node;
            told.push(Match {
                rule: Arc::clone(&rule.told),
                location: store.location(label, node),
                key: store.key(node),
                value: String::from_utf8_lossy(&state.matched.shown).into_owned(),
            });
        }
        for action in state.actions(engine, number, actions) {
            state.verdict.acted(action);
        }
    }
}

impl Exclusion {
    /// Whether it hides all that a target looks at.
    fn hides(&self, target: &Target) -> bool {
        self.variable == target.variable
            && match (&self.members, &target.members) {
                (Members::All, _) => true,
                (Members::Under(hidden), Members::Under(path)) => {
                    let fits = |(hidden, step): (&Step, &Step)| *hidden == Step::Any || hidden == step;
                    hidden.len() <= path.len() && hidden.iter().zip(path).all(fits)
                }
                _ => false,
            }
    }
}

impl State {
    fn exists(&self, store: &Store, target: &Target) -> bool {
        let path = match &target.members {
            Members::Under(path) => path,
            _ => &[][..],
        };
        store.exists(target.variable, path)
    }

    /// Notes a value, as its transformations leave it, for being told.
    fn note_judged(
        &mut self,
        engine: &Engine,
        store: &Store,
        texts: &mut Texts,
        variable: crate::rules::variable::Variable,
        number: u32,
        check: u32,
    ) {
        let Some(value) = store.value(number) else { return };
        let text = transformed(engine, texts, store.slice(value.bytes), value.set, check);
        self.matched.found(variable, value.node, text);
    }

    /// What a rule does, after the exclusions that say otherwise. Of several, one that lets the rule block
    /// nothing counts more than one that names an action (libddwaf: the lower mode).
    fn actions(&self, engine: &Engine, rule: u32, actions: &Arc<[Action]>) -> Vec<Action> {
        let mut instead = None;
        for &(link, effect) in &self.instead {
            let effects = engine.links.get(link as usize).map(|link| &link.effects);
            if let Some(Act::Instead(rules, action)) = effects.and_then(|all| all.get(effect as usize))
                && rules.binary_search(&rule).is_ok()
            {
                match action {
                    None => return actions.iter().filter(|action| !action.kind.blocks()).cloned().collect(),
                    Some(action) => instead = Some(action),
                }
            }
        }
        match instead {
            None => actions.to_vec(),
            Some(action) => {
                let others = actions.iter().filter(|action| !action.kind.blocks()).cloned();
                others.chain([Action::clone(action)]).collect()
            }
        }
    }

    /// Writes an attribute on the transaction.
    fn attribute(&mut self, store: &Store, attribute: &ast::Attribute) {
        let (value, location) = match &attribute.value {
            AttributeValue::Literal(scalar) => (scalar.to_json(), None),
            AttributeValue::Taken(input) => match taken(store, input) {
                Some((value, location)) => (value, Some(location)),
                None => return,
            },
        };
        let attributes = &mut self.verdict.attributes;
        if attributes.len() < limits::EVENT_MATCHES
            && !attributes.iter().any(|known| known.name == attribute.name)
        {
            attributes.push(Attribute { name: attribute.name.clone(), value, location });
        }
    }
}

/// What the transformations of a check make of a value.
fn transformed<'t>(
    engine: &Engine,
    texts: &'t mut Texts,
    value: &'t [u8],
    set: ByteSet,
    check: u32,
) -> &'t [u8] {
    let chain = engine.checks.get(check as usize).map_or(0, |check| check.chain);
    texts.begin(value, set);
    let same_as = texts.resolve(&engine.chains, chain, value);
    texts.text(same_as, value)
}

/// The value that stands at an input.
fn taken(store: &Store, input: &Input) -> Option<(serde_json::Value, String)> {
    let crate::rules::inapp::ast::Address::Known(address) = &input.address else { return None };
    let variable = address.variable(Source::Values)?;
    let members = super::conditions::members(input);
    let numbers = store.of(variable).iter().filter_map(|&number| store.value(number));
    let value = numbers.into_iter().find(|value| match &members {
        Members::Under(path) => store.is_under(value.node, path),
        _ => true,
    })?;
    let mut text = store.slice(value.bytes).to_vec();
    for transform in &input.transforms {
        let mut out = Vec::new();
        if transform.apply(&text, &mut out) {
            text = out;
        }
    }
    let text = String::from_utf8_lossy(text.get(..limits::EVENT_FIELD).unwrap_or(&text)).into_owned();
    let word = value.word.then(|| serde_json::from_str(&text).ok()).flatten();
    let location = store.location(address.label(), value.node);
    Some((word.unwrap_or(serde_json::Value::String(text)), location))
}

//! Processors at work on a transaction.

use super::compile::{Compiled, CompiledCondition, Processors};
use super::config::{Generator, Input};
use super::matcher::Matcher;
use super::store::Store;
use super::{fingerprint, jwt, schema, uri};
use crate::rules::inapp::object::{Key, Object};

/// When processors run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Those whose objects rules may look at (`evaluate`): before rules.
    BeforeRules,
    /// Those whose objects only events carry: after rules, once the whole transaction is there.
    AfterRules,
}

impl Processors {
    /// Runs the processors of a stage, in the order of their files. What rules may look at is put into the
    /// store; what events carry is returned, by address, each address once: the first processor's.
    pub fn run<'p, 'r>(&'p self, stage: Stage, store: &mut Store<'r>) -> Vec<(&'p str, Object<'r>)> {
        let mut outputs: Vec<(&str, Object<'_>)> = Vec::new();
        let of_stage = |processor: &&Compiled| processor.evaluate == (stage == Stage::BeforeRules);
        for processor in self.processors.iter().filter(of_stage) {
            if !processor.conditions.iter().all(|condition| condition.holds(store)) {
                continue;
            }
            for at in 0..processor.mappings.len() {
                let Some((address, object)) = self.make_one(processor, at, store) else { continue };
                if processor.output && !outputs.iter().any(|(known, _)| *known == address) {
                    outputs.push((address, object.clone()));
                }
                if processor.evaluate {
                    store.insert(address, object);
                }
            }
        }
        outputs
    }

    /// Runs all processors: what events carry of a transaction, by address.
    #[must_use]
    pub fn all<'p, 'r>(&'p self, store: &mut Store<'r>) -> Vec<(&'p str, Object<'r>)> {
        let mut outputs = self.run(Stage::BeforeRules, store);
        for (address, object) in self.run(Stage::AfterRules, store) {
            if !outputs.iter().any(|(known, _)| *known == address) {
                outputs.push((address, object));
            }
        }
        outputs
    }

    /// Whether rules that look at this address look at what a processor makes.
    #[must_use]
    pub fn makes(&self, address: &str) -> bool {
        self.makers(address).next().is_some()
    }

    /// The object of an address for rules: what the transaction has, or what a processor makes. Nothing
    /// is made that this address does not need.
    pub fn object<'s, 'r>(&self, address: &str, store: &'s mut Store<'r>) -> Option<&'s Object<'r>> {
        self.object_below(address, store, self.processors.len());
        store.made(address)
    }

    /// Processors may take what others make: `depth` of them, each before the one that takes from it.
    fn object_below(&self, address: &str, store: &mut Store<'_>, depth: usize) {
        if store.get(address).is_some() {
            return;
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        for (processor, at) in self.makers(address) {
            let conditions = processor.conditions.iter().flat_map(|condition| &condition.inputs);
            let inputs = processor.mappings.get(at).into_iter().flat_map(|mapping| &mapping.inputs);
            for input in conditions.chain(inputs) {
                self.object_below(&input.address, store, depth);
            }
            if !processor.conditions.iter().all(|condition| condition.holds(store)) {
                continue;
            }
            if let Some((address, object)) = self.make_one(processor, at, store) {
                store.insert(address, object);
                return;
            }
        }
    }

    /// Processors that rules may look at and the mappings of them that make an address.
    fn makers<'p>(&'p self, address: &str) -> impl Iterator<Item = (&'p Compiled, usize)> {
        let processors = self.processors.iter().filter(|processor| processor.evaluate);
        processors.filter_map(move |processor| {
            let at = processor.mappings.iter().position(|mapping| mapping.output == address)?;
            Some((processor, at))
        })
    }

    /// What one mapping of a processor makes, and its address. Nothing where the address has something
    /// already, or where what is needed is not there.
    fn make_one<'p, 'r>(
        &self,
        processor: &'p Compiled,
        at: usize,
        store: &mut Store<'r>,
    ) -> Option<(&'p str, Object<'r>)> {
        let mapping = processor.mappings.get(at)?;
        if store.get(&mapping.output).is_some() {
            return None;
        }
        store.make_all(&mapping.inputs);
        let mut room = store.room;
        let input = |at: usize| store.made(&mapping.inputs.get(at)?.address);
        let object = match processor.generator {
            Generator::HttpEndpointFingerprint => {
                text(fingerprint::endpoint(input(0)?.text()?, input(1)?.text()?, input(2), input(3)))
            }
            Generator::HttpHeaderFingerprint => text(fingerprint::header(input(0)?)?),
            Generator::HttpNetworkFingerprint => text(fingerprint::network(input(0)?)?),
            Generator::SessionFingerprint => {
                let [cookies, session, user] = [input(0), input(1), input(2)];
                let cookies = cookies.filter(|cookies| cookies.entries().is_some());
                let [session, user] = [session, user].map(|id| id.and_then(Object::text));
                if cookies.is_none() && session.is_none() && user.is_none() {
                    return None;
                }
                text(fingerprint::session(cookies, session, user))
            }
            Generator::ExtractSchema => {
                schema::extract(input(0)?, &self.catalog, &processor.scanners, &mut room)
            }
            Generator::JwtDecode => {
                jwt::decode(jwt::token(input(0)?, key_path(&mapping.inputs))?, &mut room)?
            }
            Generator::UriParse => uri::parse(input(0)?.text()?, &mut room)?.into_owned(),
        };
        store.room = room;
        Some((&mapping.output, object))
    }
}

fn key_path(inputs: &[Input]) -> &[Key] {
    inputs.first().map_or(&[], |input| &input.key_path)
}

fn text(text: String) -> Object<'static> {
    Object::String(text.into_bytes().into())
}

impl CompiledCondition {
    /// Whether it holds: for any of its inputs; negated, that the first is there and it is not so.
    fn holds(&self, store: &mut Store<'_>) -> bool {
        let Self { inputs, matcher, negated } = self;
        let inputs = inputs.get(..if *negated { 1 } else { inputs.len() }).unwrap_or(inputs);
        inputs.iter().any(|input| {
            let Some(object) = store.get(&input.address) else { return false };
            match (object.get(&input.key_path), matcher) {
                (found, Matcher::Exists) => found.is_some() != *negated,
                (Some(object), matcher) => {
                    let mut asked = false;
                    let holds = object.any(&mut |value| {
                        let answer = matcher.holds(value);
                        asked |= answer.is_some();
                        answer == Some(true)
                    });
                    if *negated { asked && !holds } else { holds }
                }
                (None, _) => false,
            }
        })
    }
}

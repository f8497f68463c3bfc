//! Processors of the In-App WAF around the rules: what rules ask for is made before them, what events carry after.

use serde_json::Value;

use super::{engine::Engine, run::Facts, run::Scratch, verdict::Attribute};
use crate::{
    http::{Request, Response},
    rules::{
        inapp::{
            address::{Known, Sight},
            object::{self, Transaction},
            processors::{Processors, Store},
        },
        inputs::Inputs,
        model::Source,
        values::lanes::Lanes,
    },
};

/// The addresses that rules look at and these processors make.
pub(super) fn made(processors: &Processors, wanted: Lanes) -> Vec<Known> {
    let is_wanted = |address: &Known| {
        [Source::Values, Source::Keys]
            .into_iter()
            .filter_map(|source| address.variable(source))
            .any(|variable| wanted.has(variable))
    };
    let made = Known::ALL.into_iter().filter(|address| address.sight() == Sight::Made);
    made.filter(|address| is_wanted(address) && processors.makes(address.name())).collect()
}

impl Engine {
    /// Makes the addresses that rules look at.
    pub(super) fn made_inputs(&self, request: &Request, facts: &Facts, scratch: &mut Scratch) {
        if self.made.is_empty() {
            return;
        }
        let mut objects = Store::new(transaction(request, None, facts));
        let Scratch { store, stats, frames, .. } = scratch;
        let mut inputs = Inputs::new(store, stats, frames);
        for &address in &self.made {
            if let Some(object) = self.processors.object(address.name(), &mut objects) {
                inputs.object(address, object);
            }
        }
    }

    /// What processors make of a transaction for its event: fingerprints, and what else the rule files say. For
    /// transactions that are told only: it takes some ten microseconds.
    #[must_use]
    pub fn attributes(
        &self,
        request: &Request,
        response: Option<&Response>,
        facts: &Facts,
    ) -> Vec<Attribute> {
        if self.processors.is_empty() {
            return Vec::new();
        }
        let mut objects = Store::new(transaction(request, response, facts));
        let made = self.processors.all(&mut objects);
        let attribute = |(name, object): (&str, object::Object<'_>)| {
            let value: Value = object.to_json();
            Attribute { name: name.to_owned(), value, location: None }
        };
        made.into_iter().map(attribute).collect()
    }
}

fn transaction<'r>(request: &'r Request, response: Option<&'r Response>, facts: &Facts) -> Transaction<'r> {
    let facts = object::Facts { client_ip: Some(facts.client), ..object::Facts::default() };
    Transaction { request, response, facts }
}

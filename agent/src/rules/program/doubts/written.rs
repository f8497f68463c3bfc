//! Members of collections that are looked at and that nobody writes.

use std::collections::BTreeSet;

use super::Doubt;
use crate::rules::{
    program::{
        collections::{built_in, is_persistent},
        model::{Effect, Link, Program, Rule, Selector, Step},
        template::Part,
    },
    variable::{Kind, Variable},
};

/// What rules write and open.
#[derive(Default)]
struct Written {
    names: BTreeSet<(Variable, Vec<u8>)>,
    /// Beginnings of names that are filled in.
    beginnings: Vec<(Variable, Vec<u8>)>,
    opened: BTreeSet<Variable>,
    /// Members that are counted: rules ask whether they are there, so that they may be set elsewhere.
    counted: BTreeSet<(Variable, Vec<u8>)>,
}

/// Rules on members that no rule writes, and on collections that no rule opens.
pub(super) fn of_program(program: &Program) -> Vec<Doubt> {
    let written = Written::of(program);
    let mut doubts = Vec::new();
    for (rule, link) in links(program) {
        for target in link.targets.iter().filter(|target| target.variable.kind() == Kind::Written) {
            let variable = target.variable;
            let Selector::Name(name) = &target.selector else { continue };
            let Some(name) = name.fixed().map(<[u8]>::to_ascii_lowercase) else { continue };
            if !target.count && !written.knows(variable, &name) {
                let name = String::from_utf8_lossy(&name);
                doubts.push(Doubt::new(&link.place, rule.meta.id, format!(
                    "no rule sets {}:{name}, so it never holds for it; set it, or ask with & whether it is there",
                    variable.name()
                )));
            }
        }
        let used =
            link.targets.iter().map(|target| target.variable).chain(link.effects.iter().filter_map(to));
        let closed: BTreeSet<_> =
            used.filter(|&v| is_persistent(v) && !written.opened.contains(&v)).collect();
        for collection in closed {
            let name = collection.name();
            let how = match collection {
                Variable::Session => "setsid",
                Variable::User => "setuid",
                Variable::Resource => "setrsc",
                _ => "initcol",
            };
            doubts.push(Doubt::new(
                &link.place,
                rule.meta.id,
                format!(
                    "no rule opens {name}, so nothing is read from it or written to it; open it with {how}"
                ),
            ));
        }
    }
    doubts
}

fn links(program: &Program) -> impl Iterator<Item = (&Rule, &Link)> {
    let rules = program.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) => Some(&**rule),
        Step::Marker(_) => None,
    });
    rules.flat_map(|rule| rule.links.iter().map(move |link| (rule, link)))
}

/// The collection that an effect writes to.
fn to(effect: &Effect) -> Option<Variable> {
    match effect {
        Effect::Set { collection, .. }
        | Effect::Expire { collection, .. }
        | Effect::Deprecate { collection, .. } => Some(*collection),
        _ => None,
    }
}

impl Written {
    fn of(program: &Program) -> Self {
        let mut this = Self::default();
        for (_, link) in links(program) {
            for target in link.targets.iter().filter(|target| target.count) {
                if let Selector::Name(name) = &target.selector
                    && let Some(name) = name.fixed()
                {
                    this.counted.insert((target.variable, name.to_ascii_lowercase()));
                }
            }
            for effect in &link.effects {
                match effect {
                    Effect::Set { collection, name, .. } => match (name.fixed(), name.parts.first()) {
                        (Some(name), _) => drop(this.names.insert((*collection, name.to_ascii_lowercase()))),
                        (None, Some(Part::Text(text))) => {
                            this.beginnings.push((*collection, text.to_ascii_lowercase()));
                        }
                        _ => this.beginnings.push((*collection, Vec::new())),
                    },
                    Effect::Open { collection, .. } => drop(this.opened.insert(*collection)),
                    _ => {}
                }
            }
        }
        this
    }

    fn knows(&self, variable: Variable, name: &[u8]) -> bool {
        let own = match variable {
            // What `capture` leaves.
            Variable::Tx => matches!(name, [b'0'..=b'9']),
            // Nothing at all is in them here, and the table of variables says so.
            Variable::Geo | Variable::Env => true,
            _ => built_in().any(|built_in| built_in.as_bytes() == name),
        };
        let key = (variable, name.to_vec());
        own || self.names.contains(&key)
            || self.counted.contains(&key)
            || self.beginnings.iter().any(|(of, text)| *of == variable && name.starts_with(text))
    }
}

//! Rules of the In-App WAF made ready: conditions become links, exclusions what they do to rules.

use std::{collections::HashMap, sync::Arc};

use super::{
    compile::{Build, CompileError, Range},
    engine::{Act, Does, Exclusion, Glance, Link, Members, Rule, Target, Text},
    model::{Disruption, Meta},
};
use crate::rules::{
    inapp::{
        Set,
        address::{Address, Known},
        ast::{self, Condition, Exempt, Input, Key, OnMatch, Operator, Reference},
    },
    model::{RuleMeta, Source},
    need::Need,
    seclang::operators::SecOperator,
    values::{lanes::Lanes, tree::Step},
    variable::Variable,
};

/// Phase of rules that look at the request only, and of those that look at the response too.
const PHASES: [u8; 2] = [2, 4];

impl Build {
    /// Takes a rule set. Rules none of whose inputs can be had are left out: the set's report names them.
    pub(super) fn in_app(&mut self, set: &Set, errors: &mut Vec<CompileError>) {
        let mut known: Vec<(&ast::Rule, u32)> = Vec::new();
        for rule in set.rules.iter().filter(|rule| rule.enabled) {
            match self.in_app_rule(rule, set) {
                Ok(numbers) => known.extend(numbers.into_iter().map(|number| (rule, number))),
                Err(error) => errors.push(error),
            }
        }
        let rules = std::mem::take(&mut self.in_app);
        for exclusion in &set.exclusions {
            let meant: Box<[u32]> = known
                .iter()
                .filter(|(rule, _)| is_meant(rule, &exclusion.targets))
                .map(|(_, number)| *number)
                .collect();
            errors.extend(self.exclusion_of(exclusion, &meant, set).err());
        }
        // Filters stand before the rules they are about.
        for (list, rules) in self.in_app.iter_mut().zip(rules) {
            list.extend(rules);
        }
    }

    /// A rule; its numbers: one that looks at request and response is asked twice.
    fn in_app_rule(&mut self, rule: &ast::Rule, set: &Set) -> Result<Vec<u32>, CompileError> {
        if !rule.conditions.iter().all(can_be_asked) {
            return Ok(Vec::new());
        }
        let told =
            Arc::new(RuleMeta { id: rule.id.to_string(), name: rule.name.clone(), tags: rule.tags.clone() });
        let does = Does::Tell {
            event: rule.output.event,
            attributes: rule.output.attributes.clone().into(),
            actions: rule.on_match.iter().filter_map(|id| set.actions.get(id.as_str()).cloned()).collect(),
        };
        let mut numbers = Vec::new();
        for at in lists(&rule.conditions) {
            let links = self.conditions(&rule.conditions, PHASES[at], &set.rules_data)?;
            numbers.push(self.push_in_app(at, Arc::clone(&told), links, does.clone()));
        }
        Ok(numbers)
    }

    fn exclusion_of(
        &mut self,
        exclusion: &ast::Exclusion,
        meant: &[u32],
        set: &Set,
    ) -> Result<(), CompileError> {
        if !exclusion.conditions.iter().all(can_be_asked) || meant.is_empty() {
            return Ok(());
        }
        let rules: Box<[u32]> = meant.into();
        let acts: Vec<Act> = match &exclusion.effect {
            Exempt::Rules(OnMatch::Bypass) => vec![Act::Remove(rules)],
            Exempt::Rules(OnMatch::Monitor) => vec![Act::Instead(rules, None)],
            Exempt::Rules(OnMatch::Action(id)) => {
                vec![Act::Instead(rules, set.actions.get(id.as_str()).cloned().map(Box::new))]
            }
            Exempt::Inputs(inputs) => inputs
                .iter()
                .flat_map(exempt)
                .map(|exclusion| Act::RemoveTarget(rules.clone(), exclusion))
                .collect(),
        };
        let told = Arc::new(RuleMeta { id: exclusion.id.to_string(), ..RuleMeta::default() });
        for at in lists(&exclusion.conditions) {
            let mut links = self.conditions(&exclusion.conditions, PHASES[at], &set.exclusion_data)?;
            if links.is_empty() {
                links.push(always());
            }
            if let Some(last) = links.last_mut() {
                // Asked only when all before it hold, and its effects are done when it does.
                last.effects = acts.clone();
            }
            self.push_in_app(at, Arc::clone(&told), links, Does::Filter);
        }
        Ok(())
    }

    fn push_in_app(&mut self, at: usize, told: Arc<RuleMeta>, links: Vec<Link>, does: Does) -> u32 {
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        let first = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        self.links.extend(links.into_iter().map(|link| Link { rule: number, ..link }));
        let last = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        self.rules.push(Rule {
            meta: Arc::new(Meta::default()),
            told,
            links: first..last,
            next: 0,
            log: false,
            message: None,
            data: None,
            verdict: Disruption::Pass,
            status: 0,
            in_app: Some(Box::new(does)),
        });
        if let Some(list) = self.in_app.get_mut(at) {
            list.push(number);
        }
        number
    }

    fn conditions(
        &mut self,
        conditions: &[Condition],
        phase: u8,
        data: &Data,
    ) -> Result<Vec<Link>, CompileError> {
        conditions.iter().map(|condition| self.condition(condition, phase, data)).collect()
    }

    fn condition(&mut self, condition: &Condition, phase: u8, data: &Data) -> Result<Link, CompileError> {
        let wrong = |problem| CompileError { place: condition.place.clone(), problem };
        self.phase = phase;
        let operator = SecOperator::in_app(&condition.operator, data).map_err(wrong)?;
        let need = if condition.negated { Need::NOTHING } else { operator.need() };
        let filtered = need.literals.is_some() || !need.bytes.is_empty();
        let all = u32::try_from(self.checks_len()).unwrap_or(u32::MAX);
        let mut targets: Vec<Target> = Vec::new();
        // Inputs with the same transformations share a check.
        let mut groups: HashMap<&[crate::rules::model::Transform], Vec<&Input>> = HashMap::new();
        let mut order: Vec<&[crate::rules::model::Transform]> = Vec::new();
        for input in condition.inputs.iter().filter(|input| lane(input).is_some()) {
            let group = groups.entry(&input.transforms).or_default();
            if group.is_empty() {
                order.push(&input.transforms);
            }
            group.push(input);
        }
        for transforms in order {
            let inputs = groups.remove(transforms).unwrap_or_default();
            let lanes = inputs
                .iter()
                .filter_map(|input| lane(input))
                .fold(Lanes::NONE, |all, one| all.and(Lanes::of(one)));
            self.want(lanes);
            let range = Range { lanes, whole: lanes, labels: Vec::new() };
            let checks = self.checks(phase, transforms, false, &need, &range);
            for input in inputs {
                if let Some(variable) = lane(input) {
                    let members = members(input);
                    targets.push(Target {
                        variable,
                        members,
                        label: 0,
                        count: false,
                        checks: checks.clone(),
                    });
                }
            }
        }
        let checks = all..u32::try_from(self.checks_len()).unwrap_or(u32::MAX);
        Ok(Link {
            rule: 0,
            targets,
            excluded: Vec::new(),
            checks,
            argument: operator.looks_at_time().then(Text::default),
            settled: false,
            negated: condition.negated,
            capture: false,
            effects: Vec::new(),
            filtered,
            glance: if filtered { Glance::Candidates } else { Glance::None },
            operator,
        })
    }
}

/// Entries of `rules_data` or `exclusion_data`.
type Data = std::collections::BTreeMap<Arc<str>, ast::DataValues>;

/// Whether a condition has an input that can be had. One that asks what only the service's process knows has none.
fn can_be_asked(condition: &Condition) -> bool {
    !matches!(condition.operator, Operator::InProcess(_))
        && condition.inputs.iter().any(|i| lane(i).is_some())
}

/// In which lists a rule stands: of requests, when each condition has an input there; of responses, when one has.
fn lists(conditions: &[Condition]) -> impl Iterator<Item = usize> {
    let is = |response: bool| {
        move |input: &Input| {
            lane(input).is_some()
                && matches!(&input.address, Address::Known(known) if known.is_response() == response)
        }
    };
    let request = conditions.iter().all(|condition| condition.inputs.iter().any(is(false)));
    let response = conditions.iter().any(|condition| condition.inputs.iter().any(is(true)));
    [(0, request), (1, response)].into_iter().filter(|(_, is)| *is).map(|(at, _)| at)
}

/// The variable of an input; none: it can't be had.
fn lane(input: &Input) -> Option<Variable> {
    match &input.address {
        Address::Known(known) => known.variable(input.source),
        Address::Other(_) => None,
    }
}

pub(super) fn members(input: &Input) -> Members {
    let fold = matches!(&input.address, Address::Known(known) if has_small_names(*known));
    path(&input.key_path, fold)
}

/// Header fields are kept under their names in small letters.
fn has_small_names(address: Known) -> bool {
    use Known as K;
    matches!(
        address,
        K::Headers | K::HeadersNoCookies | K::Trailers | K::ResponseHeaders | K::ResponseHeadersNoCookies
    )
}

fn path(keys: &[Key], fold: bool) -> Members {
    if keys.is_empty() {
        return Members::All;
    }
    let step = |key: &Key| match key {
        Key::Name(name) if fold => Step::Key(name.to_ascii_lowercase().into_bytes().into()),
        Key::Name(name) => Step::Key(name.as_bytes().into()),
        Key::Index(index) => Step::Index(*index),
        Key::Any => Step::Any,
    };
    Members::Under(keys.iter().map(step).collect())
}

/// What an exclusion hides: values and names at a path.
fn exempt(input: &ast::ExemptInput) -> Vec<Exclusion> {
    let Address::Known(known) = &input.address else { return Vec::new() };
    let variables = [Source::Values, Source::Keys].into_iter().filter_map(|source| known.variable(source));
    let members = || path(&input.key_path, has_small_names(*known));
    variables.map(|variable| Exclusion { variable, members: members() }).collect()
}

/// Whether a rule is one of these; all are when there are none.
fn is_meant(rule: &ast::Rule, targets: &[Reference]) -> bool {
    let is = |reference: &Reference| match reference {
        Reference::Id(id) => **id == *rule.id,
        Reference::Tags(tags) => tags.iter().all(|(name, value)| rule.tags.get(name) == Some(value)),
    };
    targets.is_empty() || targets.iter().any(is)
}

/// A condition that holds whatever there is.
fn always() -> Link {
    Link {
        rule: 0,
        targets: Vec::new(),
        excluded: Vec::new(),
        checks: 0..0,
        operator: SecOperator::always(),
        argument: None,
        settled: false,
        negated: true,
        capture: false,
        effects: Vec::new(),
        filtered: false,
        glance: Glance::None,
    }
}

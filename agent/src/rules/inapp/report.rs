//! What there is in a rule set, and what of it can't be asked from outside a service's process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::{
    ast::{Address, Condition, DataValues, Operator, Origin, Rule, Sight},
    set::Set,
};

/// Counts of a rule set, and its rules that can't hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rules that are asked.
    pub enabled: usize,
    /// Rules that are not.
    pub disabled: usize,
    /// Of all rules, those from `custom_rules`.
    pub custom: usize,
    /// Of the enabled ones, those that block.
    pub blocking: usize,
    /// Exclusions.
    pub exclusions: usize,
    /// Processors.
    pub processors: usize,
    /// Scanners.
    pub scanners: usize,
    /// Actions, those that are always there too.
    pub actions: usize,
    /// Values of `rules_data` and `exclusion_data`.
    pub values: usize,
    /// Conditions of rules by operator, `!` before a negated one.
    pub operators: BTreeMap<String, usize>,
    /// Enabled rules that can never hold here: one of their conditions has no input that can be had.
    pub never: Vec<Unseen>,
    /// Enabled rules that look at less than they could: some of their inputs can't be had.
    pub partly: Vec<Unseen>,
    /// Addresses that are not known and no processor makes, with the number of inputs that ask them: an
    /// application's own, or mistyped.
    pub unknown: BTreeMap<Arc<str>, usize>,
}

/// A rule with inputs that can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// Its id.
    pub rule: Arc<str>,
    /// Its name.
    pub name: String,
    /// The addresses that can't be had, and why.
    pub addresses: BTreeMap<Address, String>,
    /// The operator that only an engine inside the process can ask, if it has one.
    pub operator: Option<&'static str>,
}

impl Report {
    /// Looks through a set.
    #[must_use]
    pub fn of(set: &Set) -> Self {
        let values = set.rules_data.values().chain(set.exclusion_data.values()).map(|data| match data {
            DataValues::Ip(values) => values.len(),
            DataValues::Text(values) => values.len(),
        });
        let mut report = Self {
            custom: set.rules.iter().filter(|rule| rule.origin == Origin::Custom).count(),
            exclusions: set.exclusions.len(),
            processors: set.processors.len(),
            scanners: set.scanners.len(),
            actions: set.actions.len(),
            values: values.sum(),
            ..Self::default()
        };
        let outputs = set.processors.iter().filter(|processor| processor.evaluate);
        let made: BTreeSet<&Address> =
            outputs.flat_map(|processor| &processor.mappings).map(|mapping| &mapping.output).collect();
        for rule in &set.rules {
            report.rule(rule, set.blocks(rule), &made);
        }
        report
    }

    fn rule(&mut self, rule: &Rule, blocks: bool, made: &BTreeSet<&Address>) {
        for condition in &rule.conditions {
            let not = if condition.negated { "!" } else { "" };
            *self.operators.entry(format!("{not}{}", condition.operator.name())).or_default() += 1;
            for input in condition.every_input() {
                if let Address::Other(name) = &input.address
                    && !made.contains(&input.address)
                {
                    *self.unknown.entry(Arc::clone(name)).or_default() += 1;
                }
            }
        }
        if !rule.enabled {
            self.disabled += 1;
            return;
        }
        self.enabled += 1;
        self.blocking += usize::from(blocks);
        let mut unseen = Unseen {
            rule: Arc::clone(&rule.id),
            name: rule.name.clone(),
            addresses: BTreeMap::new(),
            operator: None,
        };
        let mut never = false;
        for condition in &rule.conditions {
            never |= unseen.condition(condition, made);
        }
        if never {
            self.never.push(unseen);
        } else if !unseen.addresses.is_empty() {
            self.partly.push(unseen);
        }
    }
}

impl Unseen {
    /// Notes what of a condition can't be had; says whether it can never hold.
    fn condition(&mut self, condition: &Condition, made: &BTreeSet<&Address>) -> bool {
        if let Operator::InProcess(detector) = &condition.operator {
            self.operator = Some(detector.kind.name());
        }
        let mut had = false;
        for input in condition.every_input() {
            let why = match input.address.sight() {
                _ if made.contains(&input.address) => None,
                Sight::Seen => None,
                Sight::Made => Some("no processor of the set makes it"),
                Sight::Later => Some("nothing tells yet who the user is"),
                Sight::InProcess(why) => Some(why),
            };
            match why {
                Some(why) => drop(self.addresses.insert(input.address.clone(), why.to_owned())),
                None => had = true,
            }
        }
        !had || matches!(condition.operator, Operator::InProcess(_))
    }
}

impl fmt::Display for Report {
    /// For a person, some lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enabled, disabled, custom, blocking, .. } = self;
        writeln!(f, "rules       {enabled} asked ({blocking} block), {disabled} disabled; {custom} custom")?;
        let Self { exclusions, processors, scanners, actions, values, .. } = self;
        writeln!(
            f,
            "beside      {exclusions} exclusions, {processors} processors, {scanners} scanners, {actions} actions, {values} values of data"
        )?;
        let operators: Vec<_> =
            self.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(f, "operators   {}", operators.join(", "))?;
        for (what, rules) in [("never hold", &self.never), ("see less", &self.partly)] {
            writeln!(f, "{what:<11} {} rules", rules.len())?;
            for rule in rules {
                let addresses: Vec<_> = rule.addresses.keys().map(ToString::to_string).collect();
                let operator = rule.operator.map(|name| format!("{name}: ")).unwrap_or_default();
                writeln!(f, "  {} ({}): {operator}{}", rule.rule, rule.name, addresses.join(", "))?;
            }
        }
        for (name, count) in &self.unknown {
            writeln!(f, "address \"{name}\" is not known, {count} inputs ask it")?;
        }
        Ok(())
    }
}

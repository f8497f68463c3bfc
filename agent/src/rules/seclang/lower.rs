//! What SecLang directives mean: defaults applied, updates and removals done, chains joined.

use std::{collections::HashMap, sync::Arc};

use super::{
    ast::{self, Action, ActionKind, By, Ctl, Directive, Place, SecRule},
    operators::has_macros,
    pcre::Pattern,
};
use crate::rules::{
    program::{
        model::{
            Change, Disruption, Effect, Exclusion, Link, Meta, Processor, Program, Rule, Selector, Settings,
            Step, Target, Then, Which,
        },
        template::Template,
    },
    variable::Variable,
};

/// A directive that is well formed and means nothing sensible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct LowerError {
    /// Where.
    pub place: Place,
    /// What, and what to do.
    pub problem: String,
}

fn error(place: &Place, problem: impl Into<String>) -> LowerError {
    LowerError { place: place.clone(), problem: problem.into() }
}

/// Makes a program of directives.
///
/// # Errors
/// The first directive that makes no sense.
pub fn lower(directives: &[Directive]) -> Result<Program, LowerError> {
    let (program, errors) = lower_lenient(directives);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(program),
    }
}

/// The same, leaving out rules that make no sense; with what was left out.
#[must_use]
pub fn lower_lenient(directives: &[Directive]) -> (Program, Vec<LowerError>) {
    let mut lowering = Lowering::default();
    let mut errors = Vec::new();
    for directive in directives {
        if let Err(error) = lowering.directive(directive) {
            errors.push(error);
        }
    }
    if let Some(open) = lowering.open.take() {
        errors.push(error(&open.place, "the rule says `chain`, but no SecRule follows"));
    }
    let mut program = Program { settings: lowering.settings.clone(), ..Program::default() };
    let mut ids: HashMap<u64, Place> = HashMap::new();
    for draft in &lowering.drafts {
        match draft {
            Draft::Marker(name) => program.steps.push(Step::Marker(name.clone())),
            Draft::Rule(draft) => match lowering.rule(draft) {
                Ok(rule) => {
                    let id = rule.meta.id;
                    if id != 0
                        && let Some(first) = ids.insert(id, draft.place.clone())
                    {
                        let problem = format!("rule id {id} a second time, after {first}: ids are unique");
                        errors.push(error(&draft.place, problem));
                        continue;
                    }
                    program.steps.push(Step::Rule(Box::new(rule)));
                }
                Err(error) => errors.push(error),
            },
        }
    }
    (program, errors)
}

/// A rule that directives may still change.
#[derive(Clone, Debug)]
struct RuleDraft {
    place: Place,
    links: Vec<LinkDraft>,
}

#[derive(Clone, Debug)]
struct LinkDraft {
    place: Place,
    targets: Vec<ast::Target>,
    operator: ast::OperatorText,
    actions: Vec<Action>,
}

impl RuleDraft {
    fn first(&self) -> &[Action] {
        self.links.first().map_or(&[], |link| &link.actions)
    }

    fn id(&self) -> u64 {
        let id = self.first().iter().find_map(|action| match action.kind {
            ActionKind::Id(id) => Some(id),
            _ => None,
        });
        id.unwrap_or(0)
    }

    fn texts(&self, by: By) -> impl Iterator<Item = &str> {
        self.first().iter().filter_map(move |action| match (&action.kind, by) {
            (ActionKind::Tag(text), By::Tag) | (ActionKind::Msg(text), By::Message) => Some(&**text),
            _ => None,
        })
    }

    fn is_by(&self, by: By, regex: &Pattern) -> bool {
        self.texts(by).any(|text| regex.is_in(text.as_bytes()))
    }
}

#[derive(Clone, Debug)]
enum Draft {
    Rule(RuleDraft),
    Marker(String),
}

/// What `SecDefaultAction` says of a phase.
#[derive(Clone, Debug)]
struct PhaseDefault {
    log: bool,
    disruption: Disruption,
    status: u16,
    transforms: Vec<crate::rules::model::Transform>,
}

impl Default for PhaseDefault {
    fn default() -> Self {
        Self { log: true, disruption: Disruption::Pass, status: 403, transforms: Vec::new() }
    }
}

#[derive(Default)]
struct Lowering {
    drafts: Vec<Draft>,
    /// A chain whose next rule is awaited.
    open: Option<RuleDraft>,
    defaults: [PhaseDefault; 5],
    settings: Settings,
}

impl Lowering {
    fn directive(&mut self, directive: &Directive) -> Result<(), LowerError> {
        if let Some(open) = &self.open
            && !matches!(directive, Directive::Rule(_))
        {
            let problem = "the rule says `chain`, but no SecRule follows".to_owned();
            let wrong = error(&open.place, problem);
            self.open = None;
            return Err(wrong);
        }
        match directive {
            Directive::Rule(rule) => {
                let SecRule { place, targets, operator, actions } = rule.clone();
                self.add(LinkDraft { place, targets, operator, actions });
            }
            Directive::Action { place, actions } => {
                let target = ast::Target {
                    place: place.clone(),
                    variable: Variable::RemoteAddr,
                    selector: ast::Selector::All,
                    count: false,
                    excluded: false,
                };
                let operator = ast::OperatorText {
                    place: place.clone(),
                    negated: false,
                    name: "unconditionalMatch".to_owned(),
                    argument: String::new(),
                };
                let (place, actions) = (place.clone(), actions.clone());
                self.add(LinkDraft { place, targets: vec![target], operator, actions });
            }
            Directive::Marker { name, .. } => self.drafts.push(Draft::Marker(name.clone())),
            Directive::DefaultAction { place, actions } => self.default_action(place, actions)?,
            Directive::RemoveById { ids, .. } => {
                self.drafts.retain(|draft| match draft {
                    Draft::Rule(rule) => !among(ids, rule.id()),
                    Draft::Marker(_) => true,
                });
            }
            Directive::RemoveBy { place, by, pattern } => {
                let regex = Pattern::new(pattern).map_err(|problem| error(place, problem))?;
                self.drafts.retain(|draft| match draft {
                    Draft::Rule(rule) => !rule.is_by(*by, &regex),
                    Draft::Marker(_) => true,
                });
            }
            Directive::UpdateTargetById { ids, targets, replaced, .. } => {
                self.update(|rule| among(ids, rule.id()), targets, replaced);
            }
            Directive::UpdateTargetBy { place, by, pattern, targets, replaced } => {
                let regex = Pattern::new(pattern).map_err(|problem| error(place, problem))?;
                self.update(|rule| rule.is_by(*by, &regex), targets, replaced);
            }
            Directive::UpdateActionById { place, id, link, actions } => {
                let rule = self.drafts.iter_mut().find_map(|draft| match draft {
                    Draft::Rule(rule) if rule.id() == *id => Some(rule),
                    _ => None,
                });
                let Some(link) = rule.and_then(|rule| rule.links.get_mut(*link)) else {
                    let problem = format!(
                        "SecRuleUpdateActionById: no rule {id} (link {link}) stands before this line"
                    );
                    return Err(error(place, problem));
                };
                for action in actions {
                    if !several(&action.kind) {
                        link.actions.retain(|old| !same_kind(&old.kind, &action.kind));
                    }
                    link.actions.push(action.clone());
                }
            }
            Directive::Setting { place, name, values } => self.setting(place, name, values)?,
        }
        Ok(())
    }

    fn add(&mut self, link: LinkDraft) {
        let chains = link.actions.iter().any(|action| action.kind == ActionKind::Chain);
        let mut rule =
            self.open.take().unwrap_or_else(|| RuleDraft { place: link.place.clone(), links: Vec::new() });
        rule.links.push(link);
        if chains {
            self.open = Some(rule);
        } else {
            self.drafts.push(Draft::Rule(rule));
        }
    }

    fn update(
        &mut self,
        is_meant: impl Fn(&RuleDraft) -> bool,
        targets: &[ast::Target],
        replaced: &[ast::Target],
    ) {
        let rules = self.drafts.iter_mut().filter_map(|draft| match draft {
            Draft::Rule(rule) => Some(rule),
            Draft::Marker(_) => None,
        });
        for rule in rules.filter(|rule| is_meant(rule)) {
            for (at, link) in rule.links.iter_mut().enumerate() {
                let before = link.targets.len();
                link.targets.retain(|old| {
                    !replaced.iter().any(|new| old.variable == new.variable && old.selector == new.selector)
                });
                let was_replaced = link.targets.len() < before;
                for target in targets {
                    // What is left out is left out of the whole chain; what is added, of its first rule.
                    if target.excluded || at == 0 && (replaced.is_empty() || was_replaced) {
                        link.targets.push(target.clone());
                    }
                }
            }
        }
    }

    fn default_action(&mut self, place: &Place, actions: &[Action]) -> Result<(), LowerError> {
        let phase = phase_of(actions).unwrap_or(2);
        let mut default = PhaseDefault::default();
        for action in actions {
            match &action.kind {
                ActionKind::Log(on) => default.log = *on,
                ActionKind::Status(status) => default.status = *status,
                ActionKind::Transform(transform) => default.transforms.push(*transform),
                ActionKind::TransformNone => default.transforms.clear(),
                ActionKind::Disruptive(ast::Disruptive::Block) => {
                    return Err(error(
                        place,
                        "SecDefaultAction says what `block` means: it can't be `block` itself",
                    ));
                }
                ActionKind::Disruptive(disruptive) => {
                    default.disruption = disruption(disruptive, Disruption::Pass);
                }
                _ => {}
            }
        }
        if let Some(held) = self.defaults.get_mut(usize::from(phase.clamp(1, 5)) - 1) {
            *held = default;
        }
        Ok(())
    }

    fn setting(&mut self, place: &Place, name: &str, values: &[String]) -> Result<(), LowerError> {
        let value = values.first().map_or("", String::as_str);
        let on = || match () {
            () if value.eq_ignore_ascii_case("on") => Ok(true),
            () if value.eq_ignore_ascii_case("off") => Ok(false),
            () => Err(error(place, format!("{name} {value}: expected On or Off"))),
        };
        match name {
            "SecRuleEngine" => {
                self.settings.engine = match value.to_ascii_lowercase().as_str() {
                    "on" => ast::Engine::On,
                    "off" => ast::Engine::Off,
                    "detectiononly" => ast::Engine::DetectionOnly,
                    _ => {
                        let problem = format!("SecRuleEngine {value}: expected On, Off or DetectionOnly");
                        return Err(error(place, problem));
                    }
                };
            }
            "SecRequestBodyAccess" => self.settings.request_body = on()?,
            "SecResponseBodyAccess" => self.settings.response_body = on()?,
            "SecArgumentSeparator" => match value.as_bytes() {
                [separator] => self.settings.separator = *separator,
                _ => {
                    return Err(error(
                        place,
                        format!("SecArgumentSeparator {value:?}: expected one character"),
                    ));
                }
            },
            "SecResponseBodyMimeType" => {
                self.settings.response_types = values.iter().map(|v| v.to_ascii_lowercase()).collect();
            }
            "SecResponseBodyMimeTypesClear" => self.settings.response_types.clear(),
            _ => {}
        }
        Ok(())
    }

    fn rule(&self, draft: &RuleDraft) -> Result<Rule, LowerError> {
        let first = draft.first();
        let phase = phase_of(first).unwrap_or(2);
        let defaults = self.defaults.get(usize::from(phase.clamp(1, 5)) - 1);
        let default = defaults.cloned().unwrap_or_default();
        let mut meta = Meta { place: draft.place.clone(), ..Meta::default() };
        let mut then = Then { log: default.log, status: default.status, ..Then::default() };
        for action in first {
            match &action.kind {
                ActionKind::Id(id) => meta.id = *id,
                ActionKind::Msg(text) => {
                    meta.message.clone_from(text);
                    then.message = Some(shown(text));
                }
                ActionKind::LogData(text) => then.data = Some(shown(text)),
                ActionKind::Tag(text) => meta.tags.push(text.clone()),
                ActionKind::Severity(severity) => meta.severity = Some(*severity),
                ActionKind::Rev(text) => meta.revision.clone_from(text),
                ActionKind::Ver(text) => meta.version.clone_from(text),
                ActionKind::Log(on) => then.log = *on,
                ActionKind::Skip(count) => then.skip = *count,
                ActionKind::SkipAfter(marker) => then.skip_after = Some(marker.clone()),
                ActionKind::Status(status) => then.status = *status,
                ActionKind::Disruptive(disruptive) => {
                    then.verdict = disruption(disruptive, default.disruption)
                }
                _ => {}
            }
        }
        // Jumps may stand at any rule of a chain; what is told may as well.
        for action in draft.links.iter().skip(1).flat_map(|link| &link.actions) {
            match &action.kind {
                ActionKind::SkipAfter(marker) => then.skip_after = Some(marker.clone()),
                ActionKind::LogData(text) if then.data.is_none() => then.data = Some(shown(text)),
                ActionKind::Msg(text) if then.message.is_none() => {
                    meta.message.clone_from(text);
                    then.message = Some(shown(text));
                }
                _ => {}
            }
        }
        let links = draft.links.iter().map(|link| lower_link(link, &default)).collect::<Result<_, _>>()?;
        Ok(Rule { meta: Arc::new(meta), phase, links, then })
    }
}

fn lower_link(draft: &LinkDraft, default: &PhaseDefault) -> Result<Link, LowerError> {
    let macros = |place: &Place, text: &str| {
        Template::parse(text)
            .map_err(|name| error(place, format!("%{{{name}}}: there is no variable of this name")))
    };
    let mut link = Link {
        targets: Vec::new(),
        excluded: Vec::new(),
        transforms: default.transforms.clone(),
        multi_match: false,
        operator: draft.operator.name.clone(),
        argument: if has_macros(&draft.operator.name, &draft.operator.argument) {
            macros(&draft.operator.place, &draft.operator.argument)?
        } else {
            Template::plain(&draft.operator.argument)
        },
        negated: draft.operator.negated,
        capture: false,
        effects: Vec::new(),
        place: draft.place.clone(),
    };
    for target in &draft.targets {
        let selector = selector(target)?;
        let variable = target.variable;
        if target.excluded {
            link.excluded.push(Exclusion { variable, selector });
        } else {
            link.targets.push(Target { variable, selector, count: target.count });
        }
    }
    for action in &draft.actions {
        let place = &action.place;
        match &action.kind {
            ActionKind::TransformNone => link.transforms.clear(),
            ActionKind::Transform(transform) => link.transforms.push(*transform),
            ActionKind::Capture => link.capture = true,
            ActionKind::MultiMatch => link.multi_match = true,
            ActionKind::SetVar { collection, name, change } => link.effects.push(Effect::Set {
                collection: *collection,
                name: macros(place, name)?,
                change: match change {
                    ast::Change::Set(value) => Change::Set(macros(place, value)?),
                    ast::Change::Add(value) => Change::Add(macros(place, value)?),
                    ast::Change::Subtract(value) => Change::Subtract(macros(place, value)?),
                    ast::Change::Unset => Change::Unset,
                },
            }),
            ActionKind::ExpireVar { collection, name, seconds } => link.effects.push(Effect::Expire {
                collection: *collection,
                name: macros(place, name)?,
                seconds: macros(place, seconds)?,
            }),
            ActionKind::InitCol { collection, key } | ActionKind::SetId { collection, key } => {
                link.effects.push(Effect::Open { collection: *collection, key: macros(place, key)? });
            }
            ActionKind::SetEnv { name, value } => link.effects.push(Effect::Set {
                collection: Variable::Env,
                name: macros(place, name)?,
                change: Change::Set(macros(place, value)?),
            }),
            ActionKind::Ctl(ctl) => link.effects.extend(lower_ctl(ctl, place)?),
            _ => {}
        }
    }
    Ok(link)
}

fn lower_ctl(ctl: &Ctl, place: &Place) -> Result<Option<Effect>, LowerError> {
    let exclusion = |target: &ast::Target| {
        selector(target).map(|selector| Exclusion { variable: target.variable, selector })
    };
    Ok(Some(match ctl {
        Ctl::RuleEngine(mode) => Effect::Mode(*mode),
        Ctl::RemoveById(first, last) => Effect::Remove(Which::Ids(*first, *last)),
        Ctl::RemoveByTag(pattern) => Effect::Remove(Which::Tag(pattern.clone())),
        Ctl::RemoveByMsg(pattern) => Effect::Remove(Which::Message(pattern.clone())),
        Ctl::RemoveTargetById(first, last, target) => {
            Effect::RemoveTarget(Which::Ids(*first, *last), exclusion(target)?)
        }
        Ctl::RemoveTargetByTag(pattern, target) => {
            Effect::RemoveTarget(Which::Tag(pattern.clone()), exclusion(target)?)
        }
        Ctl::RemoveTargetByMsg(pattern, target) => {
            Effect::RemoveTarget(Which::Message(pattern.clone()), exclusion(target)?)
        }
        Ctl::RequestBodyProcessor(name) => {
            Effect::BodyProcessor(Processor::named(name).ok_or_else(|| {
                error(
                    place,
                    format!("requestBodyProcessor={name}: expected URLENCODED, MULTIPART, JSON or XML"),
                )
            })?)
        }
        Ctl::RequestBodyAccess(on) => Effect::RequestBody(*on),
        Ctl::ResponseBodyAccess(on) => Effect::ResponseBody(*on),
        Ctl::ForceRequestBodyVariable(on) => Effect::ForceBody(*on),
        Ctl::Ignored(_) => return Ok(None),
    }))
}

fn selector(target: &ast::Target) -> Result<Selector, LowerError> {
    Ok(match &target.selector {
        ast::Selector::All => Selector::All,
        ast::Selector::Name(name) => {
            if target.variable == Variable::Xml && !matches!(name.as_str(), "/*" | "//@*") {
                let problem =
                    format!("XML:{name}: of XPath only XML:/* (text) and XML://@* (attributes) are known");
                return Err(error(&target.place, problem));
            }
            let template = Template::parse(name)
                .map_err(|name| error(&target.place, format!("%{{{name}}}: there is no such variable")))?;
            Selector::Name(template)
        }
        ast::Selector::Regex(pattern) => Selector::Regex(pattern.clone()),
    })
}

/// A text for people: what is no macro stays as it is.
fn shown(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|_| Template::plain(text))
}

fn phase_of(actions: &[Action]) -> Option<u8> {
    actions.iter().rev().find_map(|action| match action.kind {
        ActionKind::Phase(phase) => Some(phase),
        _ => None,
    })
}

fn among(ids: &[(u64, u64)], id: u64) -> bool {
    ids.iter().any(|(first, last)| (*first..=*last).contains(&id))
}

fn disruption(disruptive: &ast::Disruptive, block: Disruption) -> Disruption {
    match disruptive {
        ast::Disruptive::Pass => Disruption::Pass,
        ast::Disruptive::Block => block,
        ast::Disruptive::Deny
        | ast::Disruptive::Drop
        | ast::Disruptive::Redirect(_)
        | ast::Disruptive::Proxy(_) => Disruption::Deny,
        ast::Disruptive::Allow => Disruption::Allow,
        ast::Disruptive::AllowPhase => Disruption::AllowPhase,
        ast::Disruptive::AllowRequest => Disruption::AllowRequest,
    }
}

/// Actions of which a rule may have several.
fn several(kind: &ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Tag(_)
            | ActionKind::Transform(_)
            | ActionKind::SetVar { .. }
            | ActionKind::ExpireVar { .. }
            | ActionKind::InitCol { .. }
            | ActionKind::SetEnv { .. }
            | ActionKind::Ctl(_)
            | ActionKind::Ignored(_)
    )
}

fn same_kind(a: &ActionKind, b: &ActionKind) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

//! What SecLang directives mean: defaults applied, updates and removals done, chains joined.

mod link;
mod settings;
#[cfg(test)]
mod tests;
mod updates;

use std::{collections::HashMap, sync::Arc};

use super::ast::{self, Action, ActionKind, Directive, Place, SecRule};
use crate::rules::{
    program::{
        model::{Disruption, Meta, Program, Rule, Settings, Step, Then},
        template::Template,
    },
    variable::Variable,
};
use link::lower_link;

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
            Draft::Rule(draft) => match draft.lowered() {
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
    /// What was said before it, and goes for it.
    defaults: Arc<[PhaseDefault; 5]>,
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
    defaults: Arc<[PhaseDefault; 5]>,
    settings: Settings,
    /// `SecUnicodeCodePage`, of ModSecurity before 2.7.
    code_page: Option<u32>,
}

impl Lowering {
    fn directive(&mut self, directive: &Directive) -> Result<(), LowerError> {
        if let Some(open) = &self.open
            && !matches!(directive, Directive::Rule(_) | Directive::Action { .. })
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
            Directive::RemoveById { ids, .. } => self.remove_by_id(ids),
            Directive::RemoveBy { place, by, patterns } => self.remove_by(place, *by, patterns)?,
            Directive::UpdateTargetById { ids, targets, replaced, .. } => {
                self.update_by_id(ids, targets, replaced);
            }
            Directive::UpdateTargetBy { place, by, pattern, targets, replaced } => {
                self.update_by(place, *by, pattern, targets, replaced)?;
            }
            Directive::UpdateActionById { place, id, link, actions } => {
                self.update_actions(place, *id, *link, actions)?;
            }
            Directive::Setting { place, name, values } => self.setting(place, name, values)?,
        }
        Ok(())
    }

    fn add(&mut self, link: LinkDraft) {
        let chains = link.actions.iter().any(|action| action.kind == ActionKind::Chain);
        let mut rule = self.open.take().unwrap_or_else(|| RuleDraft {
            place: link.place.clone(),
            links: Vec::new(),
            defaults: Arc::clone(&self.defaults),
        });
        rule.links.push(link);
        if chains {
            self.open = Some(rule);
        } else {
            self.drafts.push(Draft::Rule(rule));
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
        if let Some(held) = Arc::make_mut(&mut self.defaults).get_mut(usize::from(phase.clamp(1, 5)) - 1) {
            *held = default;
        }
        Ok(())
    }
}

impl RuleDraft {
    fn lowered(&self) -> Result<Rule, LowerError> {
        let first = self.first();
        let phase = phase_of(first).unwrap_or(2);
        let defaults = self.defaults.get(usize::from(phase.clamp(1, 5)) - 1);
        let default = defaults.cloned().unwrap_or_default();
        let mut meta = Meta { place: self.place.clone(), ..Meta::default() };
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
        for action in self.links.iter().skip(1).flat_map(|link| &link.actions) {
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
        if then.skip_after.is_some() {
            // Both at once: the marker says where to go on.
            then.skip = 0;
        }
        let links = self.links.iter().map(|link| lower_link(link, &default)).collect::<Result<_, _>>()?;
        Ok(Rule { meta: Arc::new(meta), phase, links, then })
    }
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

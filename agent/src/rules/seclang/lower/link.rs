//! One rule of a chain: targets, transformations, what a match does.

use super::{LinkDraft, LowerError, PhaseDefault, error};
use crate::rules::{
    program::{
        model::{Change, Effect, Exclusion, Link, Processor, Selector, Target, Which},
        template::Template,
    },
    seclang::{
        ast::{self, ActionKind, Ctl, Place},
        operators::has_macros,
    },
    variable::Variable,
};

pub(super) fn lower_link(draft: &LinkDraft, default: &PhaseDefault) -> Result<Link, LowerError> {
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
            ActionKind::DeprecateVar { collection, name, by } => link.effects.push(Effect::Deprecate {
                collection: *collection,
                name: macros(place, name)?,
                by: macros(place, by)?,
            }),
            ActionKind::InitCol { collection, key } => {
                let key = macros(place, key)?;
                link.effects.push(Effect::Open { collection: *collection, key, named: false });
            }
            ActionKind::SetId { collection, key } => {
                let key = macros(place, key)?;
                link.effects.push(Effect::Open { collection: *collection, key, named: true });
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

//! Rules that stand already, changed or taken away: `SecRuleRemoveBy…`, `SecRuleUpdate…`.

use super::{Draft, LowerError, Lowering, RuleDraft, error, phase_of};
use crate::rules::seclang::{
    ast::{self, Action, ActionKind, By, Place},
    pcre::Pattern,
};

impl RuleDraft {
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

impl Lowering {
    /// Takes rules away by their ids.
    pub(super) fn remove_by_id(&mut self, ids: &[(u64, u64)]) {
        self.remove(|rule| among(ids, rule.id()));
    }

    /// Takes rules away that have one of these tags or messages.
    pub(super) fn remove_by(&mut self, place: &Place, by: By, patterns: &[String]) -> Result<(), LowerError> {
        let compiled = patterns.iter().map(|pattern| compiled(place, pattern));
        let patterns = compiled.collect::<Result<Vec<_>, _>>()?;
        self.remove(|rule| patterns.iter().any(|pattern| rule.is_by(by, pattern)));
        Ok(())
    }

    fn remove(&mut self, is_meant: impl Fn(&RuleDraft) -> bool) {
        self.drafts.retain(|draft| match draft {
            Draft::Rule(rule) => !is_meant(rule),
            Draft::Marker(_) => true,
        });
    }

    pub(super) fn update_by_id(
        &mut self,
        ids: &[(u64, u64)],
        targets: &[ast::Target],
        replaced: &[ast::Target],
    ) {
        self.update(|rule| among(ids, rule.id()), targets, replaced);
    }

    pub(super) fn update_by(
        &mut self,
        place: &Place,
        by: By,
        pattern: &str,
        targets: &[ast::Target],
        replaced: &[ast::Target],
    ) -> Result<(), LowerError> {
        let regex = compiled(place, pattern)?;
        self.update(|rule| rule.is_by(by, &regex), targets, replaced);
        Ok(())
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

    /// Gives a rule other actions: each takes the place of those of its kind.
    pub(super) fn update_actions(
        &mut self,
        place: &Place,
        id: u64,
        link: usize,
        actions: &[Action],
    ) -> Result<(), LowerError> {
        let rule = self.drafts.iter_mut().find_map(|draft| match draft {
            Draft::Rule(rule) if rule.id() == id => Some(rule),
            _ => None,
        });
        let own = rule.as_ref().map_or((None, 0), |rule| {
            let phase = phase_of(rule.first()).unwrap_or(2);
            ((link == 0).then(|| rule.id()), phase)
        });
        let is_chained = rule.as_ref().is_some_and(|rule| link + 1 < rule.links.len());
        let Some(meant) = rule.and_then(|rule| rule.links.get_mut(link)) else {
            let problem =
                format!("SecRuleUpdateActionById: no rule {id} (link {link}) stands before this line");
            return Err(error(place, problem));
        };
        for action in actions {
            // The manual: neither id nor phase can be changed; to say the same again is no change.
            let same = match &action.kind {
                ActionKind::Id(id) => own.0 == Some(*id),
                ActionKind::Phase(phase) => own.1 == *phase,
                ActionKind::Chain => is_chained,
                _ => true,
            };
            if !same {
                let problem = "SecRuleUpdateActionById: id and phase of a rule and where its chain ends can't \
                               be changed; remove the rule and write another";
                return Err(error(&action.place, problem));
            }
            if !several(&action.kind) {
                meant.actions.retain(|old| !same_kind(&old.kind, &action.kind));
            }
            meant.actions.push(action.clone());
        }
        Ok(())
    }
}

fn compiled(place: &Place, pattern: &str) -> Result<Pattern, LowerError> {
    Pattern::new(pattern).map_err(|problem| error(place, problem))
}

fn among(ids: &[(u64, u64)], id: u64) -> bool {
    ids.iter().any(|(first, last)| (*first..=*last).contains(&id))
}

/// Actions of which a rule may have several.
fn several(kind: &ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Tag(_)
            | ActionKind::Transform(_)
            | ActionKind::SetVar { .. }
            | ActionKind::ExpireVar { .. }
            | ActionKind::DeprecateVar { .. }
            | ActionKind::InitCol { .. }
            | ActionKind::SetEnv { .. }
            | ActionKind::Ctl(_)
            | ActionKind::Ignored(_)
    )
}

fn same_kind(a: &ActionKind, b: &ActionKind) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

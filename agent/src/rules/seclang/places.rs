//! Where directives stand.

use std::path::{Path, PathBuf};

use super::ast::{Action, ActionKind, Ctl, Directive, Place, Target};

impl Place {
    /// A file that is named here: relative to the file of the directive (`@pmFromFile`,
    /// `@ipMatchFromFile`, `SecUnicodeMapFile`).
    #[must_use]
    pub fn beside(&self, path: &str) -> PathBuf {
        Path::new(&*self.file).parent().unwrap_or(Path::new("")).join(path)
    }
}

impl Directive {
    /// Where it begins.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Rule(rule) => &rule.place,
            Self::Action { place, .. }
            | Self::Marker { place, .. }
            | Self::DefaultAction { place, .. }
            | Self::RemoveById { place, .. }
            | Self::RemoveBy { place, .. }
            | Self::UpdateTargetById { place, .. }
            | Self::UpdateTargetBy { place, .. }
            | Self::UpdateActionById { place, .. }
            | Self::Setting { place, .. } => place,
        }
    }

    /// The same without places: what it says, to compare.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        match &mut self {
            Self::Rule(rule) => {
                rule.place = Place::default();
                rule.operator.place = Place::default();
                forget_targets(&mut rule.targets);
                forget_actions(&mut rule.actions);
            }
            Self::UpdateTargetById { place, targets, replaced, .. }
            | Self::UpdateTargetBy { place, targets, replaced, .. } => {
                *place = Place::default();
                forget_targets(targets);
                forget_targets(replaced);
            }
            Self::Action { place, actions }
            | Self::DefaultAction { place, actions }
            | Self::UpdateActionById { place, actions, .. } => {
                *place = Place::default();
                forget_actions(actions);
            }
            Self::Marker { place, .. }
            | Self::RemoveById { place, .. }
            | Self::RemoveBy { place, .. }
            | Self::Setting { place, .. } => *place = Place::default(),
        }
        self
    }
}

fn forget_targets(targets: &mut [Target]) {
    targets.iter_mut().for_each(|target| target.place = Place::default());
}

fn forget_actions(actions: &mut [Action]) {
    for action in actions {
        action.place = Place::default();
        if let ActionKind::Ctl(
            Ctl::RemoveTargetById(.., target)
            | Ctl::RemoveTargetByTag(_, target)
            | Ctl::RemoveTargetByMsg(_, target),
        ) = &mut action.kind
        {
            target.place = Place::default();
        }
    }
}

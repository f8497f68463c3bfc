//! What a policy lays over a compiled program: a paranoia level, rules that are not asked, values that are left
//! alone. The program stays as it is, so that any number of policies share one.

use std::{net::IpAddr, sync::Arc};

use super::{
    engine::{Does, Engine},
    state::State,
    written::Slot,
};
use crate::{
    http::Request,
    rules::{
        inputs::Address,
        policy::{Exclusion, RequestPath, Selector},
        values::store::{Store, Value},
        variable::Variable,
    },
};

/// The member of `TX` that a rule in front of CRS takes the paranoia level from; see `load`.
pub(in crate::rules) const PARANOIA: &str = "picket_paranoia";

/// What is laid over one compiled program.
#[derive(Debug, Default)]
pub struct Overlay {
    engine: u64,
    paranoia: Option<(Slot, u8)>,
    /// By rule; empty: all are asked.
    removed: Box<[bool]>,
    exclusions: Vec<Laid>,
    paths: bool,
}

/// An exclusion for one program.
#[derive(Debug)]
struct Laid {
    exclusion: Exclusion,
    /// By rule: whether it is meant.
    rules: Box<[bool]>,
}

impl Overlay {
    /// For a program: a level, rules that are not asked, exclusions.
    #[must_use]
    pub fn new(
        engine: &Engine,
        paranoia: Option<u8>,
        disabled: &[Selector],
        exclusions: &[Exclusion],
    ) -> Self {
        let mut removed: Box<[bool]> = Box::default();
        let mut remove = |selectors: &[Selector]| {
            let meant = engine.meant(selectors);
            if removed.is_empty() {
                removed = meant;
            } else {
                removed.iter_mut().zip(meant).for_each(|(removed, meant)| *removed |= meant);
            }
        };
        if !disabled.is_empty() {
            remove(disabled);
        }
        let mut laid = Vec::new();
        for exclusion in exclusions {
            if exclusion.inputs.is_empty() && exclusion.is_always() && !exclusion.rules.is_empty() {
                remove(&exclusion.rules);
            } else {
                let rules = engine.meant(&exclusion.rules);
                laid.push(Laid { exclusion: exclusion.clone(), rules });
            }
        }
        let paths = laid.iter().any(|laid| !laid.exclusion.paths.is_empty());
        let slot = engine.level_slot();
        let paranoia = paranoia.and_then(|level| slot.map(|slot| (slot, level.clamp(1, 4))));
        Self { engine: engine.id, paranoia, removed, exclusions: laid, paths }
    }

    /// Rules that are never asked.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.removed.iter().filter(|&&removed| removed).count()
    }
}

impl Engine {
    /// Whether a paranoia level means anything to it: it is CRS.
    #[must_use]
    pub fn has_levels(&self) -> bool {
        self.level_slot().is_some()
    }

    /// Whether a selector means one of its rules.
    #[must_use]
    pub fn has(&self, selector: &Selector) -> bool {
        self.rules.iter().any(|rule| selector.fits(&rule.told, &rule.meta.tags))
    }

    fn level_slot(&self) -> Option<Slot> {
        self.names.of(Variable::Tx).find(|(name, _)| *name == PARANOIA).map(|(_, slot)| slot)
    }

    /// By rule: whether one of the selectors means it; all, without any.
    fn meant(&self, selectors: &[Selector]) -> Box<[bool]> {
        let fits = |rule: &super::engine::Rule| match rule.in_app.as_deref() {
            // An exclusion of the rule files is no rule.
            Some(Does::Filter) => false,
            _ => {
                selectors.is_empty()
                    || selectors.iter().any(|selector| selector.fits(&rule.told, &rule.meta.tags))
            }
        };
        self.rules.iter().map(fits).collect()
    }
}

/// Puts an overlay where another was; the usual one, which is there already, is not counted again.
pub(super) fn put(place: &mut Option<Arc<Overlay>>, overlay: Option<&Arc<Overlay>>) {
    if place.as_ref().map(Arc::as_ptr) != overlay.map(Arc::as_ptr) {
        *place = overlay.cloned();
    }
}

/// What of an overlay counts for a transaction.
#[derive(Debug, Default)]
pub(super) struct Applied {
    overlay: Option<Arc<Overlay>>,
    /// Exclusions of values.
    active: Vec<u32>,
    path: RequestPath,
}

impl Applied {
    /// Whether it takes no value from any rule.
    pub fn is_idle(&self) -> bool {
        self.active.is_empty()
    }
}

impl State {
    /// Lays an overlay over what was made ready for a transaction.
    pub(super) fn lay(&mut self, engine: &Engine, overlay: Option<&Arc<Overlay>>) {
        let Applied { overlay: before, active, .. } = &mut self.applied;
        active.clear();
        let overlay = overlay.filter(|overlay| overlay.engine == engine.id);
        put(before, overlay);
        let Some(overlay) = overlay else { return };
        if let Some((slot, level)) = overlay.paranoia {
            self.written.set(slot, itoa::Buffer::new().format(level).as_bytes());
        }
        if !overlay.removed.is_empty() {
            self.removed.clear();
            self.removed.extend_from_slice(&overlay.removed);
            self.any_removed = true;
        }
    }

    /// Finds the exclusions that count for a request.
    pub(super) fn scope(&mut self, request: &Request, client: IpAddr, service: &str) {
        let Applied { overlay, active, path } = &mut self.applied;
        let Some(overlay) = overlay.as_deref().filter(|overlay| !overlay.exclusions.is_empty()) else {
            return;
        };
        if overlay.paths {
            path.read(request);
        }
        for (number, laid) in (0u32..).zip(&overlay.exclusions) {
            if !laid.exclusion.counts(service, path, client) {
                continue;
            }
            if laid.exclusion.inputs.is_empty() {
                self.any_removed = true;
                self.removed.iter_mut().zip(&laid.rules).for_each(|(removed, meant)| *removed |= meant);
            } else {
                active.push(number);
            }
        }
    }

    /// Whether a policy takes a value from a rule.
    pub(super) fn is_left_alone(&self, store: &Store, rule: u32, variable: Variable, value: &Value) -> bool {
        let Applied { overlay: Some(overlay), active, .. } = &self.applied else { return false };
        let mut of_rule = active
            .iter()
            .filter_map(|&number| overlay.exclusions.get(number as usize))
            .filter(|laid| laid.rules.get(rule as usize) == Some(&true))
            .flat_map(|laid| &laid.exclusion.inputs)
            .peekable();
        if of_rule.peek().is_none() {
            return false;
        }
        match Address::of(variable) {
            Some(address) => {
                let location = store.location(address.label(), value.node);
                of_rule.any(|input| input.is_at(&location))
            }
            None => of_rule.any(|input| input.takes(value.lanes, store.slice(value.name))),
        }
    }
}

//! Detection rules as the configuration wants them: which run, what they do, which events they leave alone.

use std::{fmt, path::PathBuf, sync::Arc};

use super::{Action, Aggregation, Filter, LoadError, Loaded, Rule, load};
use crate::{
    config::{DetectionConfig, DetectionResponse, GeoIp},
    detect::facet,
    rules::policy::Glob,
};

/// Why a rule that was loaded does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// It says so itself.
    NotEnabled,
    /// `detection.disabled` names it.
    Disabled,
    /// Somebody switched it off.
    Switched,
    /// It asks where clients are, and there is no GeoIP database of countries.
    NoPlaces,
    /// It asks for autonomous systems of clients, and there is no GeoIP database of these.
    NoSystems,
}

impl Off {
    /// The word for machines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotEnabled => "not_enabled",
            Self::Disabled => "disabled",
            Self::Switched => "switched_off",
            Self::NoPlaces => "no_places",
            Self::NoSystems => "no_systems",
        }
    }
}

/// What the GeoIP databases of a configuration say of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Countries and cities.
    pub countries: bool,
    /// Autonomous systems.
    pub systems: bool,
}

impl From<&GeoIp> for Places {
    fn from(config: &GeoIp) -> Self {
        Self { countries: config.database.is_some(), systems: config.asn_database.is_some() }
    }
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEnabled => "switched off: its file says \"isEnabled\": false",
            Self::Disabled => "switched off: `disabled` in `[detection]` names it",
            Self::Switched => "switched off by a person; `picket rules detection on` switches it on",
            Self::NoPlaces => {
                "unavailable: it needs a GeoIP database of countries, `database` in `[geoip]` of the configuration"
            }
            Self::NoSystems => {
                "unavailable: it needs a GeoIP database of autonomous systems, `asn_database` in `[geoip]` of the configuration"
            }
        })
    }
}

/// Loads the rules of a configuration, and changes them as it says; `places`: what GeoIP databases there are. Rules
/// that do not run are among them, with why.
///
/// # Errors
/// The first file or rule that can't be had, or a name that fits no rule.
pub fn configured(config: &DetectionConfig, places: Places) -> Result<Loaded, LoadError> {
    let own = config.default_rules.then(|| PathBuf::from("default"));
    let paths: Vec<PathBuf> = own.into_iter().chain(config.rules.iter().cloned()).collect();
    let mut loaded = load(&paths)?;
    loaded.keep(&config.kept);
    known(&loaded, "detection.disabled", &config.disabled)?;
    for response in &config.responses {
        known(&loaded, "detection.responses.rules", &response.rules)?;
    }
    for suppression in &config.suppressions {
        known(&loaded, "detection.suppressions.rules", &suppression.rules)?;
    }
    let mut all_off = Vec::new();
    for rule in &mut loaded.rules {
        let off = if config.disabled.iter().any(|glob| glob.fits(&*rule.id)) {
            Some(Off::Disabled)
        } else if config.kept.iter().any(|kept| kept.off && *kept.id == *rule.id) {
            Some(Off::Switched)
        } else if !rule.enabled {
            Some(Off::NotEnabled)
        } else {
            lacks(rule, places)
        };
        let concerns = |globs: &[Glob]| globs.is_empty() || globs.iter().any(|glob| glob.fits(&*rule.id));
        let responses: Vec<_> =
            config.responses.iter().filter(|response| concerns(&response.rules)).collect();
        let suppressed: Vec<_> = config.suppressions.iter().filter(|one| concerns(&one.rules)).collect();
        if let Some(off) = off {
            all_off.push((Arc::clone(&rule.id), off));
        } else if responses.is_empty() && suppressed.is_empty() {
            continue;
        }
        let rule = Arc::make_mut(rule);
        rule.enabled = off.is_none();
        responses.into_iter().for_each(|response| respond(rule, response));
        let filters =
            suppressed.into_iter().map(|one| Filter { require: false, query: one.query.as_str().into() });
        rule.filters.extend(filters);
    }
    loaded.off = all_off;
    Ok(loaded)
}

/// Adds an action to the cases that are bad enough; of one kind a case has one, and the configuration's counts.
fn respond(rule: &mut Rule, response: &DetectionResponse) {
    let duration = response.duration.map_or(0, |duration| duration.as_secs().max(1));
    for case in rule.cases.iter_mut().filter(|case| case.severity >= response.severity) {
        case.actions.retain(|action| action.kind != response.action);
        case.actions.push(Action { kind: response.action, duration });
    }
}

/// Whether names in the configuration fit a rule: one that does not is a slip of the pen.
fn known(loaded: &Loaded, key: &'static str, globs: &[Glob]) -> Result<(), LoadError> {
    let fits = |glob: &&Glob| !loaded.rules.iter().any(|rule| glob.fits(&*rule.id));
    let Some(unknown) = globs.iter().find(fits) else { return Ok(()) };
    let name = unknown.as_str();
    let near = loaded.rules.iter().map(|rule| (strsim::damerau_levenshtein(name, &rule.id), &rule.id));
    let near =
        near.filter(|(distance, id)| *distance <= 1 + id.len() / 4).min().map(|(_, id)| Arc::clone(id));
    Err(LoadError::Unknown { key, name: name.to_owned(), near })
}

/// What a rule asks of clients that no GeoIP database says.
fn lacks(rule: &Rule, places: Places) -> Option<Off> {
    let bare = |name: &str| facet::canonical(name).trim_start_matches('@').to_owned();
    let asks = |wanted: &[&str]| asks_for(rule, &|name: &str| wanted.contains(&bare(name).as_str()));
    if !places.countries && asks(&["client_geo.country", "client_geo.city"]) {
        return Some(Off::NoPlaces);
    }
    if !places.systems && asks(&["client_geo.asn"]) {
        return Some(Off::NoSystems);
    }
    // Of what is left, either database says something.
    let any = |name: &str| bare(name).starts_with("client_geo");
    (places == Places::default() && asks_for(rule, &any)).then_some(Off::NoPlaces)
}

/// Whether a rule's queries ask for a facet like this, group by it or count it.
fn asks_for(rule: &Rule, like: &dyn Fn(&str) -> bool) -> bool {
    rule.queries.iter().any(|query| {
        let counted = match &query.aggregation {
            Aggregation::Count => &[],
            Aggregation::Cardinality(names) | Aggregation::NewValue(names) => names.as_slice(),
            Aggregation::Sum(name) | Aggregation::Max(name) => std::slice::from_ref(name),
        };
        query.group_by.iter().chain(counted).any(|name| like(name)) || facet::names_in(&query.query, like)
    })
}

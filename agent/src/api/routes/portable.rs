//! Export and import: configuration, what people made of it with the agent, lists.

mod kept;

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{Method, Uri},
    routing::{get, post},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Api, Row, Shared,
    answer::{Answer, run},
    body::Sent,
    lists::{wish, words},
    params::{Params, bad, whom},
};
use crate::{
    api::{
        ApiError, Code, ListPage,
        access::Person,
        control,
        types::{BlockBody, DenyRequest, Entry, Export, Imported, Refusal, Role, Whom},
    },
    config::Config,
    kept::KeptRule,
    limits::{self, API_IMPORT},
    respond::state_file,
    rules::policy::kept::Wanted,
};

/// The form that is written and read.
const FORMAT: u32 = 1;
/// Entries of both lists that are imported at once.
const ENTRIES: usize = 200_000;

pub(super) fn rows() -> Vec<Row> {
    vec![
        // The configuration may say more than a viewer is to know.
        Row::new(Method::GET, "/v1/export", Role::Admin, get(export)),
        Row::new(Method::POST, "/v1/import", Role::Admin, post(import)),
    ]
}

async fn export(State(api): State<Shared>, uri: Uri) -> Answer {
    Params::read(&uri, &[])?;
    run(api, |api| {
        let configuration = match api.control.config_file() {
            Some(path) => Some(read(&path)?),
            None => None,
        };
        let denylist = api.control.denylist(&ListPage::ALL)?.entries.into_iter();
        let passlist = api.control.passlist().into_iter().filter(|entry| entry.origin == "manual");
        Ok(Export {
            format: FORMAT,
            picket: env!("CARGO_PKG_VERSION").to_owned(),
            time: Some(Timestamp::now()),
            configuration,
            denylist: denylist
                .map(|entry| self::entry(entry.net, entry.user, entry.ends, Some(entry.cause)))
                .collect(),
            passlist: passlist.map(|entry| self::entry(entry.net, entry.user, None, entry.comment)).collect(),
            exclusions: exclusions(api)?,
            detections: kept::exported(api.control.detections())?,
            rules: kept::exported(api.control.rules())?,
            modes: kept::modes(api),
        })
    })
    .await
}

fn entry(net: String, user: Option<String>, until: Option<Timestamp>, reason: Option<String>) -> Entry {
    let reason = reason.map(|reason| reason.chars().take(limits::REASON_CHARS).collect());
    Entry { net: Some(net).filter(|_| user.is_none()), user, until, reason }
}

async fn import(
    State(api): State<Shared>,
    Extension(person): Extension<Person>,
    uri: Uri,
    body: Result<Sent<API_IMPORT>, ApiError>,
) -> Answer {
    let params = Params::read(&uri, &["dry_run"])?;
    let dry_run = params.flag("dry_run")?;
    let export: Export = body?.long_json("what GET /v1/export answers").await?;
    run(api, move |api| {
        let plan = Plan::read(api, export, &person.name)?;
        if dry_run {
            return plan.tried(api);
        }
        let imported = plan.done(api, &person.name)?;
        control::audit(&api.desk(), &person.name, "import", "configuration and lists", &imported);
        Ok(imported)
    })
    .await
}

/// What an import is to do: all of it was checked before anything is done.
struct Plan {
    configuration: Option<Configuration>,
    denylist: Vec<(String, DenyRequest)>,
    passlist: Vec<(String, Whom, Option<String>)>,
    exclusions: Vec<Wanted>,
    /// What people made of rules and services.
    kept: kept::Wanted,
    /// Entries whose time is over.
    over: u64,
}

struct Configuration {
    path: std::path::PathBuf,
    before: String,
    text: String,
    changes: Vec<String>,
}

impl Plan {
    fn read(api: &Api, export: Export, who: &str) -> Result<Self, ApiError> {
        if export.format != FORMAT {
            return Err(bad(format!("format {}: this Picket reads {FORMAT}", export.format)));
        }
        if export.denylist.len() + export.passlist.len() > ENTRIES {
            return Err(bad(format!("more than {ENTRIES} entries")));
        }
        let now = Timestamp::now();
        let mut plan = Self {
            configuration: None,
            denylist: Vec::new(),
            passlist: Vec::new(),
            exclusions: Vec::new(),
            kept: kept::Wanted::default(),
            over: 0,
        };
        if export.exclusions.len() > limits::EXCLUSIONS {
            return Err(bad(format!("more than {} exclusions", limits::EXCLUSIONS)));
        }
        for (at, wanted) in export.exclusions.into_iter().enumerate() {
            wanted.read().map_err(|error| at_entry(&format!("exclusions[{at}]"), error.into()))?;
            plan.exclusions.push(wanted);
        }
        for (at, entry) in export.denylist.into_iter().enumerate() {
            let name = format!("denylist[{at}]");
            let left =
                entry.until.map(|until| Duration::try_from(until.duration_since(now)).unwrap_or_default());
            if left.is_some_and(|left| left.is_zero()) {
                plan.over += 1;
                continue;
            }
            let body = BlockBody {
                net: entry.net,
                user: entry.user,
                for_seconds: left.map(|left| left.as_secs().max(1)),
                forever: left.is_none(),
                reason: entry.reason,
                signal: None,
            };
            plan.denylist
                .push((name.clone(), wish(body, who.to_owned()).map_err(|error| at_entry(&name, error))?));
        }
        for (at, entry) in export.passlist.into_iter().enumerate() {
            let name = format!("passlist[{at}]");
            if entry.until.is_some() {
                return Err(at_entry(&name, bad("until: entries of the passlist have no end")));
            }
            let whom =
                whom(entry.net.as_deref(), entry.user.as_deref()).map_err(|error| at_entry(&name, error))?;
            let comment = words("reason", entry.reason).map_err(|error| at_entry(&name, error))?;
            plan.passlist.push((name, whom, comment));
        }
        plan.configuration = export.configuration.map(|text| Configuration::read(api, text)).transpose()?;
        let kept = &mut plan.kept;
        kept.detections = kept.rules("detections", api.control.detections(), export.detections, who)?;
        kept.rules = kept.rules("rules", api.control.rules(), export.rules, who)?;
        kept.modes = kept.modes(api, export.modes)?;
        // Another configuration may have other rules; the reload looks at that.
        if plan.configuration.as_ref().is_none_or(|new| new.text == new.before) {
            kept.ids_are_free(api)?;
        }
        plan.over += kept.unchanged;
        Ok(plan)
    }

    /// What would be done.
    fn tried(self, api: &Api) -> Result<Imported, ApiError> {
        let mut imported = Imported { dry_run: true, unchanged: self.over, ..Imported::default() };
        let lists = Standing::of(api)?;
        for (_, wish) in &self.denylist {
            *if lists.denies(wish) { &mut imported.unchanged } else { &mut imported.denylist } += 1;
        }
        for (_, whom, _) in &self.passlist {
            *if lists.passes(whom) { &mut imported.unchanged } else { &mut imported.passlist } += 1;
        }
        let known = exclusions(api)?;
        for wanted in &self.exclusions {
            *if known.contains(wanted) { &mut imported.unchanged } else { &mut imported.exclusions } += 1;
        }
        imported.configuration = self.configuration.map(|new| new.changes).unwrap_or_default();
        imported.count(&self.kept);
        Ok(imported)
    }

    /// Does it. The passlist comes before the denylist: who is on both is not blocked for a moment.
    fn done(self, api: &Api, who: &str) -> Result<Imported, ApiError> {
        let mut imported = Imported { unchanged: self.over, ..Imported::default() };
        let changed = Changed::by(api, self.configuration, self.exclusions, &self.kept, who, &mut imported);
        imported.configuration = changed?;
        if !self.kept.modes.is_empty() {
            api.control.set_modes(&self.kept.modes, who)?;
        }
        imported.count(&self.kept);
        let lists = Standing::of(api)?;
        let refused = |entry, error: ApiError| Refusal { entry, why: error.message };
        for (name, whom, comment) in self.passlist {
            if lists.passes(&whom) {
                imported.unchanged += 1;
                continue;
            }
            match api.control.passlist_add(whom, comment, who) {
                Ok(_) => imported.passlist += 1,
                Err(error) => imported.refused.push(refused(name, error)),
            }
        }
        for (name, wish) in self.denylist {
            if lists.denies(&wish) {
                imported.unchanged += 1;
                continue;
            }
            match api.control.block(wish) {
                Ok(_) => imported.denylist += 1,
                Err(error) => imported.refused.push(refused(name, error)),
            }
        }
        Ok(imported)
    }
}

fn exclusions(api: &Api) -> Result<Vec<Wanted>, ApiError> {
    Ok(api.control.exclusions().list()?.into_iter().map(|made| made.exclusion).collect())
}

/// What was changed for the reload that puts it in force: as it was before.
#[derive(Default)]
struct Changed {
    configuration: Option<Configuration>,
    /// Those that were made.
    exclusions: Vec<Uuid>,
    detections: Option<Vec<KeptRule>>,
    rules: Option<Vec<KeptRule>>,
}

impl Changed {
    /// Changes what a reload reads, and has the agent read it; when that fails, all is as it was. Gives the keys of the
    /// configuration that changed.
    fn by(
        api: &Api,
        configuration: Option<Configuration>,
        exclusions: Vec<Wanted>,
        kept: &kept::Wanted,
        who: &str,
        imported: &mut Imported,
    ) -> Result<Vec<String>, ApiError> {
        let mut changed = Self::default();
        let keys = configuration.as_ref().map(|new| new.changes.clone()).unwrap_or_default();
        let configuration = configuration.filter(|new| new.text != new.before);
        let done = changed.all(api, configuration, exclusions, kept, who, imported);
        let any = !changed.exclusions.is_empty()
            || changed.configuration.is_some()
            || changed.detections.is_some()
            || changed.rules.is_some();
        if let Err(error) = done.and_then(|()| if any { api.control.reload().map(drop) } else { Ok(()) }) {
            changed.back(api)?;
            return Err(error);
        }
        imported.exclusions = changed.exclusions.len() as u64;
        Ok(keys)
    }

    fn all(
        &mut self,
        api: &Api,
        configuration: Option<Configuration>,
        exclusions: Vec<Wanted>,
        kept: &kept::Wanted,
        who: &str,
        imported: &mut Imported,
    ) -> Result<(), ApiError> {
        if let Some(new) = configuration {
            write(&new.path, &new.text)?;
            self.configuration = Some(new);
        }
        if !kept.detections.is_empty() {
            self.detections = Some(api.control.detections().add(&kept.detections)?);
        }
        if !kept.rules.is_empty() {
            self.rules = Some(api.control.rules().add(&kept.rules)?);
        }
        let known = self::exclusions(api)?;
        for (at, wanted) in exclusions.into_iter().enumerate() {
            if known.contains(&wanted) {
                imported.unchanged += 1;
                continue;
            }
            match api.control.exclusions().add(wanted, who) {
                Ok(one) => self.exclusions.push(one.id),
                Err(error) => {
                    let why = error.to_string();
                    imported.refused.push(Refusal { entry: format!("exclusions[{at}]"), why });
                }
            }
        }
        Ok(())
    }

    fn back(self, api: &Api) -> Result<(), ApiError> {
        for id in self.exclusions {
            api.control.exclusions().remove(id)?;
        }
        for (kept, before) in [(api.control.detections(), self.detections), (api.control.rules(), self.rules)]
        {
            before.map(|before| kept.put_back(&before)).transpose()?;
        }
        self.configuration.map_or(Ok(()), |new| write(&new.path, &new.before))
    }
}

impl Imported {
    fn count(&mut self, kept: &kept::Wanted) {
        self.detections = kept.detections.len() as u64;
        self.rules = kept.rules.len() as u64;
        self.modes = kept.modes.len() as u64;
    }
}

/// What is on the lists already.
struct Standing {
    denied: Vec<(String, Option<Timestamp>)>,
    passed: Vec<String>,
    now: Timestamp,
}

/// Ends that are as near as this are the same: an end is sent as a time and set as a duration.
const NEAR: Duration = Duration::from_secs(2);

impl Standing {
    fn of(api: &Api) -> Result<Self, ApiError> {
        let name = |net: String, user: Option<String>| match user {
            Some(user) => Whom::User(user).to_string(),
            None => net,
        };
        let denied = api.control.denylist(&ListPage::ALL)?.entries.into_iter();
        let mut denied: Vec<_> = denied.map(|entry| (name(entry.net, entry.user), entry.ends)).collect();
        let passed = api.control.passlist().into_iter();
        let mut passed: Vec<_> = passed.map(|entry| name(entry.net, entry.user)).collect();
        denied.sort_unstable();
        passed.sort_unstable();
        Ok(Self { denied, passed, now: Timestamp::now() })
    }

    fn denies(&self, wish: &DenyRequest) -> bool {
        let name = wish.whom.to_string();
        let found = self.denied.binary_search_by(|(denied, _)| denied.cmp(&name)).ok();
        let Some((_, ends)) = found.and_then(|at| self.denied.get(at)) else { return false };
        match (ends, wish.duration) {
            (None, None) => true,
            (Some(ends), Some(duration)) => self
                .now
                .checked_add(duration)
                .is_ok_and(|new| new.duration_since(*ends).unsigned_abs() <= NEAR),
            _ => false,
        }
    }

    fn passes(&self, whom: &Whom) -> bool {
        self.passed.binary_search(&whom.to_string()).is_ok()
    }
}

impl Configuration {
    fn read(api: &Api, text: String) -> Result<Self, ApiError> {
        let Some(path) = api.control.config_file() else {
            return Err(ApiError::new(
                Code::Refused,
                "this agent runs without a configuration file: there is none to replace",
            )
            .hint("start it with picket run --config FILE, or leave configuration out"));
        };
        if text.len() > limits::CONFIG_FILE {
            return Err(bad(format!("configuration: at most {} bytes", limits::CONFIG_FILE)));
        }
        let before = read(&path)?;
        let parsed = |text: &str| Config::parse_at(text.as_bytes(), &path);
        let new = parsed(&text).map_err(|error| bad(format!("configuration: {error}")))?;
        let changes =
            parsed(&before).unwrap_or_default().changed(&new).into_iter().map(str::to_owned).collect();
        Ok(Self { path, before, text, changes })
    }
}

fn read(path: &Path) -> Result<String, ApiError> {
    fs::read_to_string(path).map_err(|error| failed(path, &error))
}

/// Replaces a file as a whole, with the rights it had.
fn write(path: &Path, text: &str) -> Result<(), ApiError> {
    let mode = fs::metadata(path).map_or(0o600, |file| file.permissions().mode());
    state_file::write(path, text.as_bytes()).map_err(|error| failed(path, &error.error))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> ApiError {
    ApiError::new(Code::Internal, format!("{}: {error}", path.display()))
}

fn at_entry(name: &str, error: ApiError) -> ApiError {
    ApiError { message: format!("{name}: {}", error.message), ..error }
}

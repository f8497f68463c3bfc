//! Rule sets from files: which files belong to one, read and compiled.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ReadError, RuleMeta, builtin, coverage,
    inapp::{self, Set},
    own::{self, Own, OwnError, OwnText},
    program::{self, engine::Engine},
    seclang::{
        self,
        ast::{Directive, Place},
        lower,
    },
};
use crate::limits;

/// What is to be loaded.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `.conf` (SecLang), `.json` (In-App WAF), a directory, or `default` (the rules compiled in).
    pub paths: Vec<PathBuf>,
    /// CRS's paranoia level, 1 to 4; without it what its set-up says.
    pub paranoia: Option<u8>,
    /// OWASP CRS is among them: Picket's own rules of the classes it covers are left out.
    pub crs: bool,
    /// Rules that can't be read are left out, and named.
    pub lenient: bool,
    /// Rules that people wrote with the agent.
    pub own: Vec<OwnText>,
}

/// Rules ready to be asked.
#[derive(Debug)]
pub struct Loaded {
    /// All of them, compiled; none: there are no rules.
    pub engine: Option<Engine>,
    /// In-App WAF rules, as read.
    pub set: Set,
    /// SecLang rules, as read.
    pub script: program::model::Program,
    /// The files they were read from, in their order.
    pub files: Vec<PathBuf>,
    /// Picket's own rules whose classes were left to CRS.
    pub taken_over: Vec<Arc<RuleMeta>>,
    /// Those of them that people wrote with the agent.
    pub own: Vec<OwnText>,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    /// What is of no effect in In-App WAF files.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// How many rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.engine.as_ref().map_or(0, Engine::rules)
    }
}

/// Rules that can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of no known kind.
    #[error("{}: expected a .conf file (SecLang), a .json file (In-App WAF), a directory with such files, or \"default\"", .0.display())]
    Kind(PathBuf),
    /// A directory without rules.
    #[error("{}: no .conf and no .json file in it", .0.display())]
    Empty(PathBuf),
    /// A file that does not read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A rule that means nothing sensible.
    #[error(transparent)]
    Lower(#[from] lower::LowerError),
    /// A rule that can't be compiled.
    #[error(transparent)]
    Program(#[from] program::compile::CompileError),
    /// The rules compiled in: our own fault.
    #[error("the rules compiled in: {0}")]
    Builtin(ReadError),
    /// A text without a rule.
    #[error("{0}: there is no rule in it: expected JSON of the In-App WAF, or SecLang")]
    NoRule(String),
    /// What somebody wrote is no rule.
    #[error(transparent)]
    Own(Box<OwnError>),
    /// What somebody wrote has an id that is taken.
    #[error("kept rule {id}: there is a rule with this id already, at {first}: ids are unique")]
    Taken {
        /// The id.
        id: String,
        /// Where the other one is.
        first: Place,
    },
    /// What should be CRS has no rules of it.
    #[error(
        "crs: there are no rules of OWASP CRS (901000 to 980999) in {0}; expected the directory of a release, with crs-setup.conf and rules/"
    )]
    NoCrs(String),
}

/// Loads rules.
///
/// # Errors
/// The first file or rule that can't be had.
pub fn load(wanted: &Wanted) -> Result<Loaded, LoadError> {
    let mut files = Vec::new();
    for path in &wanted.paths {
        files.extend(files_of(path)?);
    }
    let mut in_app = Vec::new();
    let mut left_out = Vec::new();
    let mut warnings = Vec::new();
    let mut reader = if wanted.lenient {
        seclang::Reader::lenient(&seclang::Disk)
    } else {
        seclang::Reader::new(&seclang::Disk)
    };
    let mut has_program = false;
    let mut read_files = Vec::new();
    let mut own = Vec::new();
    for file in files {
        match file {
            File::Builtin => {
                let builtin = builtin().map_err(LoadError::Builtin)?;
                own.extend(builtin.iter().flat_map(|file| &file.rules).map(|rule| Arc::clone(&rule.id)));
                in_app.extend(builtin);
            }
            File::Json(path) => {
                let io = |error| LoadError::Io { path: path.clone(), error };
                let size = fs::metadata(&path).map_err(io)?.len();
                if size > limits::RULE_FILE {
                    let error = format!("{size} bytes; at most {} are read", limits::RULE_FILE);
                    return Err(io(std::io::Error::other(error)));
                }
                let text = fs::read(&path).map_err(io)?;
                let name = path.display().to_string();
                let read = if wanted.lenient {
                    inapp::read_lenient(&text, &name)?
                } else {
                    inapp::read(&text, &name)?
                };
                left_out.extend(read.left_out.iter().map(ToString::to_string));
                warnings.extend(read.warnings.iter().chain(read.skipped.iter()).map(ToString::to_string));
                read_files.push(path.clone());
                in_app.push(read.file);
            }
            File::SecLang(path) => {
                has_program = true;
                reader.file(&path)?;
            }
        }
    }
    let written = own_rules(&wanted.own, &mut in_app)?;
    let inapp::Resolved { mut set, warnings: doubtful, left_out: without } =
        if wanted.lenient { inapp::resolve_lenient(in_app)? } else { inapp::resolve(in_app)? };
    left_out.extend(without.iter().map(ToString::to_string));
    warnings.extend(doubtful.iter().map(ToString::to_string));
    let mut program = program::model::Program::default();
    let mut directives = Vec::new();
    if has_program {
        let script = if wanted.lenient {
            let (script, errors) = reader.finish_lenient();
            left_out.extend(errors.iter().map(ToString::to_string));
            script
        } else {
            reader.finish()?
        };
        read_files.extend(script.files.iter().map(|file| PathBuf::from(&**file)));
        directives = prepared(script.directives, wanted.paranoia)?;
    }
    unique(&wanted.own, &directives, &set)?;
    if !written.is_empty() {
        directives.extend(own::before()?);
        directives.extend(written);
    }
    if !directives.is_empty() {
        let (lowered, errors) = lower::lower_lenient(&directives);
        program = lowered;
        leave_out(errors, wanted.lenient, &mut left_out)?;
    }
    let mut taken_over = Vec::new();
    if wanted.crs {
        if !coverage::is_crs(&program) {
            let paths: Vec<_> = wanted.paths.iter().map(|path| path.display().to_string()).collect();
            return Err(LoadError::NoCrs(paths.join(", ")));
        }
        taken_over = coverage::give_up(&mut set, &own, &program);
    }
    let (engine, errors) = program::compile::compile_lenient(&program, &set, &|place, name| {
        if wanted.own.iter().any(|own| own.name() == *place.file) {
            return Err(format!("{name}: no files are read here"));
        }
        let path = place.beside(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    })?;
    leave_out(errors, wanted.lenient, &mut left_out)?;
    let engine = (engine.rules() > 0).then_some(engine);
    let own = wanted.own.clone();
    Ok(Loaded { engine, set, script: program, files: read_files, taken_over, own, left_out, warnings })
}

/// Reads rules that people wrote with the agent: gives those in SecLang, the others are put behind the files.
fn own_rules(own: &[OwnText], in_app: &mut Vec<inapp::ast::File>) -> Result<Vec<Directive>, LoadError> {
    let mut written = Vec::new();
    for own in own {
        let own = Own::parse(&own.name(), &own.text).map_err(|error| match error {
            OwnError::Load(error) => error,
            other => LoadError::Own(Box::new(other)),
        })?;
        match own.read {
            own::Read::InApp(file) => in_app.push(*file),
            own::Read::SecLang(directives) => written.extend(directives),
        }
    }
    Ok(written)
}

/// Ids of rules that people wrote, which rules of the other language may not have. Within a language the reader says it.
fn unique(own: &[OwnText], directives: &[Directive], set: &Set) -> Result<(), LoadError> {
    for OwnText { id, .. } in own {
        let in_app = set.rules.iter().map(|rule| (rule.id.to_string(), &rule.place));
        let seclang = directives.iter().filter_map(|directive| match directive {
            Directive::Rule(seclang::ast::SecRule { actions, .. }) | Directive::Action { actions, .. } => {
                Some((id_of(actions)?.to_string(), directive.place()))
            }
            _ => None,
        });
        let name = format!("kept rule {id}");
        if let Some((_, first)) =
            in_app.chain(seclang).find(|(other, place)| other == id && *place.file != *name)
        {
            return Err(LoadError::Taken { id: id.clone(), first: first.clone() });
        }
    }
    Ok(())
}

/// Loads rules that are written out: JSON of the In-App WAF (a file, a list of rules, or one rule), or SecLang. No other file
/// is read.
///
/// # Errors
/// The first thing that is wrong; `name` is what the text is called.
pub fn load_text(text: &str, name: &str) -> Result<Loaded, LoadError> {
    let mut program = program::model::Program::default();
    let mut read = Vec::new();
    let mut warnings = Vec::new();
    if text.trim_start().starts_with(['{', '[']) {
        let reading = match is_one(text) {
            true => inapp::read_rule(text.as_bytes(), name)?,
            false => inapp::read(as_file(text).as_bytes(), name)?,
        };
        warnings.extend(reading.warnings.iter().map(ToString::to_string));
        read.push(reading.file);
    } else {
        program = lower::lower(&seclang::read_text(text, name)?.directives)?;
    }
    let set = inapp::resolve(read)?.set;
    let (engine, errors) = program::compile::compile_lenient(&program, &set, &|_, file| {
        Err(format!("{file}: no files are read here"))
    })?;
    leave_out(errors, false, &mut Vec::new())?;
    if engine.rules() == 0 {
        return Err(LoadError::NoRule(name.to_owned()));
    }
    Ok(Loaded {
        engine: Some(engine),
        set,
        script: program,
        files: Vec::new(),
        taken_over: Vec::new(),
        own: Vec::new(),
        left_out: Vec::new(),
        warnings,
    })
}

/// Whether it is a rule, not a file of rules.
fn is_one(text: &str) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(text);
    json.is_ok_and(|json| json.get("conditions").is_some())
}

/// A list of rules as a file has them. Lines stay what they are.
fn as_file(text: &str) -> std::borrow::Cow<'_, str> {
    match text.trim_start().starts_with('[') {
        true => format!("{{\"version\":\"2.2\",\"rules\":{text}}}").into(),
        false => text.into(),
    }
}

/// Names what was left out; unless that is wanted, the first of it is an error.
fn leave_out<E: Into<LoadError> + ToString>(
    errors: Vec<E>,
    lenient: bool,
    left_out: &mut Vec<String>,
) -> Result<(), LoadError> {
    if lenient {
        left_out.extend(errors.iter().map(ToString::to_string));
        return Ok(());
    }
    errors.into_iter().next().map_or(Ok(()), |error| Err(error.into()))
}

enum File {
    Builtin,
    Json(PathBuf),
    SecLang(PathBuf),
}

/// The files that a path stands for, in the order in which they are read.
fn files_of(path: &Path) -> Result<Vec<File>, LoadError> {
    if path == Path::new("default") {
        return Ok(vec![File::Builtin]);
    }
    let io = |error| LoadError::Io { path: path.to_owned(), error };
    if !fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(vec![file_of(path).ok_or_else(|| LoadError::Kind(path.to_owned()))?]);
    }
    let mut files = Vec::new();
    // A release of CRS: its set-up, plugins, rules.
    let rules = path.join("rules");
    if rules.is_dir() {
        let loads = sorted(path, ".load")?;
        if let Some(load) = loads.into_iter().next() {
            // As Debian installs it: one file that includes the others.
            return Ok(vec![File::SecLang(load)]);
        }
        let setups = ["crs-setup.conf", "crs-setup.conf.example"];
        files
            .extend(setups.iter().map(|name| path.join(name)).find(|path| path.is_file()).map(File::SecLang));
        let plugins = path.join("plugins");
        for (directory, endings) in [
            (&plugins, ["-config.conf", "-before.conf"].as_slice()),
            (&rules, &[".conf"]),
            (&plugins, &["-after.conf"]),
        ] {
            if directory.is_dir() {
                for ending in endings {
                    files.extend(sorted(directory, ending)?.into_iter().map(File::SecLang));
                }
            }
        }
    } else {
        files.extend(sorted(path, ".conf")?.into_iter().map(File::SecLang));
        files.extend(sorted(path, ".json")?.into_iter().map(File::Json));
    }
    if files.is_empty() { Err(LoadError::Empty(path.to_owned())) } else { Ok(files) }
}

fn file_of(path: &Path) -> Option<File> {
    match path.extension()?.to_str()? {
        "conf" | "load" | "example" => Some(File::SecLang(path.to_owned())),
        "json" => Some(File::Json(path.to_owned())),
        _ => None,
    }
}

fn sorted(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, LoadError> {
    let io = |error| LoadError::Io { path: directory.to_owned(), error };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ending)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Directives with what CRS needs to run: a place where a paranoia level comes in, and a set-up where its own is not
/// among the files.
fn prepared(mut directives: Vec<Directive>, paranoia: Option<u8>) -> Result<Vec<Directive>, LoadError> {
    let first = directives.iter().position(|directive| match directive {
        Directive::Rule(rule) => id_of(&rule.actions).is_some_and(|id| (901_000..902_000).contains(&id)),
        Directive::Action { actions, .. } => {
            id_of(actions).is_some_and(|id| (901_000..902_000).contains(&id))
        }
        _ => false,
    });
    let Some(first) = first else { return Ok(directives) };
    let mut text = String::new();
    let has_setup = directives.iter().take(first).any(|directive| match directive {
        Directive::Action { actions, .. } => sets(actions, "crs_setup_version"),
        _ => false,
    });
    if !has_setup {
        text.push_str("SecAction \"id:4294967200,phase:1,nolog,pass,setvar:tx.crs_setup_version=400\"\n");
    }
    // Behind the set-up, so that it wins over that. The level comes from the transaction's policy, see
    // `program::overlay`, or else is the one that was asked for when the rules were loaded.
    let own = program::overlay::PARANOIA;
    if let Some(level) = paranoia {
        text.push_str(&format!(
            "SecRule &TX:{own} \"@eq 0\" \"id:4294967201,phase:1,nolog,pass,setvar:tx.{own}={level}\"\n"
        ));
    }
    // CRS 3 knows the first and the third, CRS 4 the second and the fourth.
    text.push_str(&format!("SecRule TX:{own} \"@ge 1\" \"id:4294967202,phase:1,nolog,pass"));
    for name in
        ["paranoia_level", "blocking_paranoia_level", "executing_paranoia_level", "detection_paranoia_level"]
    {
        text.push_str(&format!(",setvar:tx.{name}=%{{tx.{own}}}"));
    }
    text.push_str("\"\n");
    let script = seclang::read_text(&text, program::doubts::OWN)?;
    directives.splice(first..first, script.directives);
    Ok(directives)
}

fn id_of(actions: &[seclang::ast::Action]) -> Option<u64> {
    actions.iter().find_map(|action| match action.kind {
        seclang::ast::ActionKind::Id(id) => Some(id),
        _ => None,
    })
}

fn sets(actions: &[seclang::ast::Action], variable: &str) -> bool {
    actions.iter().any(|action| match &action.kind {
        seclang::ast::ActionKind::SetVar { name, .. } => name.eq_ignore_ascii_case(variable),
        _ => false,
    })
}

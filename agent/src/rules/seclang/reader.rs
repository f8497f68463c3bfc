//! Files to one script: `Include`, chains, what is left out.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Files, ReadError, Script,
    actions::seem_chained,
    ast::{Action, ActionKind, Directive, Place, SecRule},
    containers::Containers,
    directive::{self, Line},
    files::plain,
    glob,
    lines::lines,
    names::shown,
    source::Source,
    text::Text,
};
use crate::limits;

/// Files that include one another, one in the other.
const DEPTH: usize = 16;
/// Files of one script: with few lines each, files that include others twice would be read 2^16 times.
const FILES: usize = 4096;
/// Bytes of all files of one script.
const BYTES: usize = 64 * 1024 * 1024;
/// Errors of a lenient reader; with more it gives up, too.
const ERRORS: usize = 1000;

/// Reads files into a [`Script`].
pub struct Reader<'f> {
    files: &'f dyn Files,
    script: Script,
    chain: Chain,
    /// Files that are being read, each included by the one before.
    open: Vec<PathBuf>,
    bytes: usize,
    rules: usize,
    /// Errors are kept, what they are about is left out.
    lenient: bool,
    errors: Vec<ReadError>,
}

/// A chain: rules, all but the last of which have the action `chain`.
enum Chain {
    None,
    /// The next rule belongs to the one that is the script's directive with this number.
    Open {
        first: usize,
        chain: Place,
    },
    /// The next rule belongs to one that is left out.
    LeftOut,
}

impl<'f> Reader<'f> {
    /// Reads strictly: the first thing that is wrong ends it.
    pub fn new(files: &'f dyn Files) -> Self {
        Self {
            files,
            script: Script::default(),
            chain: Chain::None,
            open: Vec::new(),
            bytes: 0,
            rules: 0,
            lenient: false,
            errors: Vec::new(),
        }
    }

    /// Leaves out rules that can't be read, and remembers why.
    pub fn lenient(files: &'f dyn Files) -> Self {
        Self { lenient: true, ..Self::new(files) }
    }

    /// Reads a file and what it includes.
    pub fn file(&mut self, path: &Path) -> Result<(), ReadError> {
        let file: Arc<str> = path.to_string_lossy().into();
        let place = Place { file, line: 1, column: 1 };
        self.included(path, &|problem| place.error(problem))
    }

    /// Reads a text that is no file.
    pub fn text(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReadError> {
        let place = Place { file: name.into(), line: 1, column: 1 };
        self.content(name.into(), bytes, &|problem| place.error(problem))
    }

    /// What was read.
    pub fn finish(mut self) -> Result<Script, ReadError> {
        self.end_chain()?;
        Ok(self.script)
    }

    /// What could be read, and what is wrong with the rest.
    pub fn finish_lenient(mut self) -> (Script, Vec<ReadError>) {
        // A lenient reader keeps its errors.
        let _ = self.end_chain();
        (self.script, self.errors)
    }

    /// Notes an error, or gives up with it.
    fn fail(&mut self, error: ReadError) -> Result<(), ReadError> {
        if !self.lenient || self.errors.len() >= ERRORS {
            return Err(error);
        }
        self.errors.push(error);
        Ok(())
    }

    /// Reads a file; `wrong` is an error where it is included.
    fn included(&mut self, path: &Path, wrong: &dyn Fn(String) -> ReadError) -> Result<(), ReadError> {
        let name = path.to_string_lossy();
        let plain = plain(path);
        if self.open.contains(&plain) {
            return self.fail(wrong(format!("{} includes itself", shown(&name))));
        }
        if self.open.len() >= DEPTH {
            return self
                .fail(wrong(format!("{} is included {DEPTH} files deep: that is too deep", shown(&name))));
        }
        match self.files.read(path) {
            Ok(bytes) => {
                self.open.push(plain);
                let read = self.content(name.into(), &bytes, wrong);
                self.open.pop();
                read
            }
            Err(error) => self.fail(wrong(format!("can't read {}: {error}", shown(&name)))),
        }
    }

    fn content(
        &mut self,
        name: Arc<str>,
        bytes: &[u8],
        wrong: &dyn Fn(String) -> ReadError,
    ) -> Result<(), ReadError> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        let most = usize::try_from(limits::RULE_FILE).unwrap_or(usize::MAX);
        if bytes.len() > most {
            return self.fail(wrong(format!("{} has more than {most} bytes", shown(&name))));
        }
        if self.bytes > BYTES || self.script.files.len() >= FILES {
            let problem = format!("too much to read: at most {FILES} files with {BYTES} bytes");
            return self.fail(wrong(problem));
        }
        self.script.files.push(name.clone());
        let source = Source::new(name, bytes);
        let mut containers = Containers::default();
        for line in lines(&source) {
            let read = if containers.leave_out(&line) { Ok(()) } else { self.line(&line, &mut containers) };
            if let Err(error) = read {
                self.leave_out(seem_chained(line.as_str()));
                self.fail(error)?;
            }
        }
        containers.end().or_else(|error| self.fail(error))
    }

    fn line(&mut self, line: &Text<'_>, containers: &mut Containers) -> Result<(), ReadError> {
        match directive::read(line)? {
            Line::Directive(directive) => self.directive(directive)?,
            Line::Include { pattern, optional } => {
                self.end_chain()?;
                self.include(&pattern, optional)?;
            }
            Line::Open { name, refused } => {
                containers.open(name, line, refused.is_some());
                if let Some(why) = refused {
                    let found = shown(line.as_str());
                    return Err(line.error(0, format!("found the container {found} of Apache: {why}")));
                }
            }
            Line::Close { name } => containers.close(&name, line)?,
        }
        Ok(())
    }

    fn include(&mut self, pattern: &Text<'_>, optional: bool) -> Result<(), ReadError> {
        let wrong = |problem| pattern.error(0, problem);
        let path = pattern.start().beside(pattern.as_str());
        if !glob::is_pattern(pattern.as_str()) {
            // One more read than necessary, so that a file that is there and can't be read is an error.
            let missing =
                optional && self.files.read(&path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
            return if missing { Ok(()) } else { self.included(&path, &wrong) };
        }
        let found =
            glob::find(&path, self.files).map_err(|error| wrong(format!("can't read a folder: {error}")))?;
        if found.is_empty() && !optional {
            let found = shown(pattern.as_str());
            return Err(wrong(format!("no file is {found}: expected at least one, or IncludeOptional")));
        }
        found.iter().try_for_each(|path| self.included(path, &wrong))
    }

    fn directive(&mut self, directive: Directive) -> Result<(), ReadError> {
        let (Directive::Rule(SecRule { actions, .. }) | Directive::Action { actions, .. }) = &directive
        else {
            self.end_chain()?;
            self.script.directives.push(directive);
            return Ok(());
        };
        self.rules += 1;
        if self.rules > limits::MAX_RULES {
            let problem = format!("too many rules: at most {}", limits::MAX_RULES);
            return Err(directive.place().error(problem));
        }
        let chain = chain(actions).cloned();
        let first = match std::mem::replace(&mut self.chain, Chain::None) {
            Chain::LeftOut => {
                if chain.is_some() {
                    self.chain = Chain::LeftOut;
                }
                return Ok(());
            }
            Chain::Open { first, .. } => first,
            Chain::None => self.script.directives.len(),
        };
        if let Some(chain) = chain {
            self.chain = Chain::Open { first, chain };
        }
        self.script.directives.push(directive);
        Ok(())
    }

    /// What follows is no rule.
    fn end_chain(&mut self) -> Result<(), ReadError> {
        match std::mem::replace(&mut self.chain, Chain::None) {
            Chain::Open { first, chain } => {
                self.script.directives.truncate(first);
                let problem =
                    "chain, and no rule behind it: expected a SecRule or SecAction as the next directive";
                self.fail(chain.error(problem.to_owned()))
            }
            Chain::None | Chain::LeftOut => Ok(()),
        }
    }

    /// A line is left out, and with it the chain it belongs to.
    fn leave_out(&mut self, chained: bool) {
        let next = if chained { Chain::LeftOut } else { Chain::None };
        if let Chain::Open { first, .. } = std::mem::replace(&mut self.chain, next) {
            self.script.directives.truncate(first);
        }
    }
}

/// Where these actions have `chain`.
fn chain(actions: &[Action]) -> Option<&Place> {
    actions.iter().find(|action| action.kind == ActionKind::Chain).map(|action| &action.place)
}

//! The reader: one file to its [`File`].

mod action;
mod condition;
mod data;
mod exclusion;
mod operator;
mod processor;
mod rule;

use std::{collections::BTreeMap, sync::Arc};

pub(super) use action::defaults;
pub use operator::names as operators;

use super::{
    LIBDDWAF,
    ast::{File, Origin, Reference},
    node::{Context, Node, Object},
    position::{Problems, ReadError, Text},
};
use crate::{limits, rules::seclang::names};

/// The sections of a file.
const SECTIONS: [&str; 15] = [
    "version",
    "metadata",
    "rules",
    "rules_compat",
    "custom_rules",
    "exclusions",
    "rules_override",
    "rules_data",
    "exclusion_data",
    "actions",
    "processors",
    "processor_overrides",
    "processor_override",
    "scanners",
    "$schema",
];

/// A file, and what was told while it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What stands in it.
    pub file: File,
    /// What is of no effect: keys that mean nothing, lists of nothing…
    pub warnings: Problems,
    /// What was wrong and left out. Only when read leniently.
    pub left_out: Problems,
    /// What is meant for other versions of libddwaf than [`LIBDDWAF`] (`min_version`, `max_version`).
    pub skipped: Problems,
}

/// Reads a file; `source` names it in errors.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &[u8], source: &str) -> Result<Reading, ReadError> {
    read_as(text, source, false)
}

/// Reads a file and leaves out the rules, exclusions, … that are wrong.
///
/// # Errors
/// It is no JSON, or not of this format at all.
pub fn read_lenient(text: &[u8], source: &str) -> Result<Reading, ReadError> {
    read_as(text, source, true)
}

/// Reads a text that is one rule, a user's own, and nothing else.
///
/// # Errors
/// The first thing that is wrong with it, or that it is for another version of libddwaf.
pub fn read_rule(text: &[u8], source: &str) -> Result<Reading, ReadError> {
    let cx = Context::new(Text::new(text, source)?, false);
    let root = Node::root(&cx)?;
    if let Some(why) = meant_for_us(root)? {
        return Err(why);
    }
    let rules = vec![rule::read(root, Origin::Custom).map_err(|error| named(root, error))?];
    let file = File { name: Arc::clone(cx.text.source()), version: (2, 2), rules, ..File::default() };
    let (warnings, left_out) = cx.told();
    Ok(Reading { file, warnings, left_out, skipped: Problems::default() })
}

fn read_as(text: &[u8], source: &str, lenient: bool) -> Result<Reading, ReadError> {
    let text = Text::new(text, source)?;
    let name = Arc::clone(text.source());
    let cx = Context::new(text, lenient);
    let mut reader = Reader { cx: &cx, skipped: Problems::default() };
    let mut file = reader.file()?;
    file.name = name;
    let skipped = reader.skipped;
    let (warnings, left_out) = cx.told();
    Ok(Reading { file, warnings, left_out, skipped })
}

struct Reader<'c, 't> {
    cx: &'c Context<'t>,
    skipped: Problems,
}

impl Reader<'_, '_> {
    fn file(&mut self) -> Result<File, ReadError> {
        let root = Node::root(self.cx)?;
        let root = root.object(&SECTIONS)?;
        let mut file = File { version: version(&root)?, ..File::default() };
        if let Some(metadata) = root.get("metadata") {
            // What else an author says of a file is the author's.
            let version = metadata.map()?.get("rules_version").map(|version| version.text());
            file.rules_version = version.transpose()?;
        }
        let sections =
            [("rules", Origin::Base), ("rules_compat", Origin::Base), ("custom_rules", Origin::Custom)];
        for (section, origin) in sections {
            let rules = self.section(&root, section, |node| rule::read(node, origin))?;
            file.rules.extend(rules);
        }
        if file.rules.len() > limits::MAX_RULES {
            let problem = format!("{} rules: at most {} in one file", file.rules.len(), limits::MAX_RULES);
            return Err(root.node.error(problem));
        }
        file.exclusions = self.section(&root, "exclusions", exclusion::read)?;
        file.overrides = self.section(&root, "rules_override", exclusion::read_override)?;
        file.rules_data = self.section(&root, "rules_data", data::read)?;
        file.exclusion_data = self.section(&root, "exclusion_data", data::read)?;
        file.actions = self.section(&root, "actions", action::read)?;
        file.processors = self.section(&root, "processors", processor::read)?;
        for section in ["processor_override", "processor_overrides"] {
            file.processor_overrides.extend(self.section(&root, section, processor::read_override)?);
        }
        file.scanners = self.section(&root, "scanners", processor::read_scanner)?;
        Ok(file)
    }

    /// The items of a section; one that is wrong is left out.
    fn section<'t, T>(
        &mut self,
        root: &Object<'t, '_>,
        name: &str,
        read: impl Fn(Node<'t, '_>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let Some(section) = root.get(name) else { return Ok(Vec::new()) };
        let list = match section.list() {
            Ok(list) => list,
            Err(error) => return self.cx.leave_out(error).map(|()| Vec::new()),
        };
        let mut items = Vec::new();
        for node in list.iter() {
            let item = match meant_for_us(node) {
                Ok(None) => read(node),
                Ok(Some(why)) => {
                    self.skipped.push(why);
                    continue;
                }
                Err(error) => Err(error),
            };
            match item {
                Ok(item) => items.push(item),
                Err(error) => self.cx.leave_out(named(node, error))?,
            }
        }
        Ok(items)
    }
}

/// The error, with the id of the item that it is in: a person looks for that.
fn named(node: Node<'_, '_>, mut error: ReadError) -> ReadError {
    let id = node.map().ok().and_then(|item| item.get("id")?.text().ok());
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        error.problem = format!("{} (id {})", error.problem, names::shown(&id));
    }
    error
}

/// `version`: major and minor.
fn version(root: &Object<'_, '_>) -> Result<(u32, u32), ReadError> {
    let Some(node) = root.get("version") else { return Ok((2, 2)) };
    let text = node.string()?;
    let parts =
        text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    match parts {
        Some((2, minor)) => {
            if !(1..=2).contains(&minor) {
                node.warn(format!("version 2.{minor} is read as 2.2"));
            }
            Ok((2, minor))
        }
        Some((1, _)) => {
            Err(node
                .error("version 1 (\"events\") is older than what is read here; expected \"2.1\" or \"2.2\""))
        }
        _ => Err(node.error(format!("version {}: expected \"2.1\" or \"2.2\"", names::shown(&text)))),
    }
}

/// Says why an item is for other versions of libddwaf, if it is. What is wrong with it otherwise is not
/// looked at then: it may use what is not there yet.
fn meant_for_us(node: Node<'_, '_>) -> Result<Option<ReadError>, ReadError> {
    let item = node.map()?;
    let bound = |key| item.get(key).map(semantic).transpose();
    let (min, max) = (bound("min_version")?, bound("max_version")?);
    let (major, minor, patch) = LIBDDWAF;
    let ours = format!("this engine stands for libddwaf {major}.{minor}.{patch}");
    let why = match (min, max) {
        (Some((a, b, c)), _) if (a, b, c) > LIBDDWAF => {
            format!("is for libddwaf {a}.{b}.{c} and newer; {ours}")
        }
        (_, Some((a, b, c))) if (a, b, c) < LIBDDWAF => {
            format!("is for libddwaf {a}.{b}.{c} and older; {ours}")
        }
        _ => return Ok(None),
    };
    Ok(Some(named(node, node.error(why))))
}

/// `1.25.0`; what follows a `-` is passed over, as in libddwaf.
fn semantic(node: Node<'_, '_>) -> Result<(u32, u32, u32), ReadError> {
    let text = node.string()?;
    let numbers = text.split('-').next().unwrap_or_default();
    let parts: Vec<u32> = numbers.split('.').map_while(|part| part.parse().ok()).collect();
    match parts[..] {
        [major, minor, patch] if numbers.split('.').count() == 3 => Ok((major, minor, patch)),
        _ => Err(node.error("expected a version of three numbers, for example \"1.25.0\"")),
    }
}

/// Texts by name: `tags`, `parameters`.
fn texts(node: Node<'_, '_>) -> Result<BTreeMap<String, String>, ReadError> {
    node.map()?.iter().map(|(key, value)| Ok((key.to_owned(), value.text()?))).collect()
}

/// A list of texts.
fn text_list(node: Node<'_, '_>) -> Result<Vec<String>, ReadError> {
    node.list()?.iter().map(|item| item.text()).collect()
}

/// `rules_target`, `scanners`: `[{"rule_id": "x"}, {"id": "x"}, {"tags": {"type": "xss"}}]`.
fn references(node: Node<'_, '_>) -> Result<Vec<Reference>, ReadError> {
    node.list()?.iter().map(reference).collect()
}

fn reference(node: Node<'_, '_>) -> Result<Reference, ReadError> {
    let object = node.object(&["rule_id", "id", "tags"])?;
    for key in ["rule_id", "id"] {
        if let Some(id) = object.get(key) {
            return Ok(Reference::Id(id.name()?));
        }
    }
    let tags = object.get("tags").map(texts).transpose()?.unwrap_or_default();
    if tags.is_empty() {
        return Err(
            node.error("nothing is named: expected \"rule_id\", \"id\" or \"tags\" with at least one tag")
        );
    }
    Ok(Reference::Tags(tags))
}

//! `[[policies]]` and exclusions: tables that may stand several times.

use std::{ops::RangeInclusive, path::PathBuf};

use toml::{Spanned, de::DeValue};

use super::values::{self, Wrong, because, level, list, name, network, path, string, word, wrong};
use crate::{
    limits,
    rules::policy::{Exclusion, Glob, Input, Mode, Selector},
};

/// `[[policies]]`: how the requests to some services are judged. What is not said is as `[rules]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Events name it.
    pub name: String,
    /// For services with one of these names, as `picket services` shows them.
    pub services: Vec<Glob>,
    /// That listen on one of these ports.
    pub ports: Vec<RangeInclusive<u16>>,
    /// In a container whose id begins like one of these.
    pub containers: Vec<String>,
    /// In the pod with one of these uids.
    pub pods: Vec<Glob>,
    /// In one of these control groups.
    pub cgroups: Vec<Glob>,
    /// What is done about attacks.
    pub mode: Option<Mode>,
    /// What it judges by.
    pub rules: Option<Vec<RuleSource>>,
    /// CRS's paranoia level, 1 to 4.
    pub paranoia: Option<u8>,
    /// Rules that are not asked, besides those of `[rules]`.
    pub disabled: Vec<Selector>,
    /// What its rules leave alone, besides the exclusions of `[rules]`.
    pub exclusions: Vec<Exclusion>,
}

impl PolicyConfig {
    /// Whether it is for any service at all.
    #[must_use]
    pub fn is_for_some(&self) -> bool {
        !(self.services.is_empty()
            && self.ports.is_empty()
            && self.containers.is_empty()
            && self.pods.is_empty()
            && self.cgroups.is_empty())
    }
}

/// What a policy judges by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleSource {
    /// The rules compiled into Picket.
    Default,
    /// OWASP CRS, where `rules.crs` says.
    Crs,
    /// A file or directory.
    Path(PathBuf),
}

/// A key of such a table.
pub(super) struct Field<T> {
    /// Its name.
    pub name: &'static str,
    /// What its value has to be, for "expected …".
    pub expected: &'static str,
    pub set: fn(&mut T, &Spanned<DeValue<'_>>) -> Result<(), Wrong>,
}

macro_rules! fields {
    ($(#[$doc:meta])* $all:ident: $of:ty; $($key:ident: $expected:expr, |$value:ident| $read:expr;)*) => {
        $(#[$doc])*
        pub(in crate::config) const $all: &[Field<$of>] = &[$(Field {
            name: stringify!($key),
            expected: $expected,
            set: |table, $value| {
                table.$key = $read?;
                Ok(())
            },
        },)*];
    };
}

pub(super) use fields;

/// What a mode may be.
pub(super) const MODE: &str = "\"off\", \"monitor\" or \"block\"";

fields! {
    /// Keys of `[[policies]]`, besides its exclusions.
    POLICY: PolicyConfig;
    name: "a name of letters, digits and hyphens", |value| policy_name(value);
    services: "a list of names as `picket services` shows them, such as [\"nginx\", \"app-*\"]", |value| list(value, glob);
    ports: "a list of ports, such as [8080, \"9000-9100\"]", |value| list(value, ports);
    containers: "a list of container ids, twelve hexadecimal digits or more", |value| list(value, container);
    pods: "a list of pod uids", |value| list(value, glob);
    cgroups: "a list of control groups, such as [\"/system.slice/shop.service\"]", |value| list(value, glob);
    mode: MODE, |value| mode(value).map(Some);
    rules: "a list of \"default\", \"crs\", and rule files", |value| list(value, source).map(Some);
    paranoia: "1 to 4", |value| level(value).map(Some);
    disabled: "a list of rules: ids, ranges of ids, or tags", |value| list(value, selector);
}

fields! {
    /// Keys of exclusions.
    EXCLUSION: Exclusion;
    rules: "a list of rules: ids, ranges of ids, or tags", |value| list(value, selector);
    services: "a list of names as `picket services` shows them, such as [\"nginx\", \"app-*\"]", |value| list(value, glob);
    inputs: "a list of places where values stand, such as [\"ARGS:comment\", \"headers.user-agent\"]", |value| list(value, input);
    paths: "a list of paths, such as [\"/editor/*\"]", |value| list(value, request_path);
    client_ips: "a list of networks such as [\"10.0.0.0/8\", \"2001:db8::/32\"]", |value| list(value, network);
    reason: "a text", |value| reason(value).map(Some);
}

/// What is done about attacks.
pub(super) fn mode(value: values::Value<'_, '_>) -> Result<Mode, Wrong> {
    word(value, &[("off", Mode::Off), ("monitor", Mode::Monitor), ("block", Mode::Block)])
}

/// Rules by id, range or tag.
pub(super) fn selector(value: values::Value<'_, '_>) -> Result<Selector, Wrong> {
    Selector::parse(string(value)?).map_err(|why| because(value, why))
}

fn input(value: values::Value<'_, '_>) -> Result<Input, Wrong> {
    Input::parse(string(value)?).map_err(|why| because(value, why))
}

pub(super) fn glob(value: values::Value<'_, '_>) -> Result<Glob, Wrong> {
    name(value).map(|name| Glob::new(&name))
}

pub(super) fn request_path(value: values::Value<'_, '_>) -> Result<Glob, Wrong> {
    let text = string(value)?;
    if text.starts_with(['/', '*']) && !text.contains(['?', '#']) {
        return Ok(Glob::new(text));
    }
    Err(because(value, "a path begins with / and has no query; `*` stands for any text"))
}

fn policy_name(value: values::Value<'_, '_>) -> Result<String, Wrong> {
    let name = string(value)?;
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name {
        "default" => {
            Err(because(value, "\"default\" is what [rules] says: the policy of all other services"))
        }
        _ if name.is_empty() || name.len() > limits::POLICY_NAME || !name.chars().all(known) => {
            Err(wrong(value))
        }
        _ => Ok(name.to_owned()),
    }
}

pub(super) fn ports(value: values::Value<'_, '_>) -> Result<RangeInclusive<u16>, Wrong> {
    if value.get_ref().as_integer().is_some() {
        let port = values::integer(value, 1..=65_535)?;
        let port = u16::try_from(port).map_err(|_| wrong(value))?;
        return Ok(port..=port);
    }
    let text = string(value)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u16>().ok().filter(|&port| port > 0);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(because(value, "ports are 1 to 65535, a range is \"9000-9100\"")),
    }
}

fn container(value: values::Value<'_, '_>) -> Result<String, Wrong> {
    let id = string(value)?;
    if (12..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()) {
        return Ok(id.to_owned());
    }
    Err(because(value, "`picket services` shows the first twelve digits; names belong to the runtime"))
}

fn source(value: values::Value<'_, '_>) -> Result<RuleSource, Wrong> {
    Ok(match string(value)? {
        "default" => RuleSource::Default,
        "crs" => RuleSource::Crs,
        _ => RuleSource::Path(path(value)?),
    })
}

fn reason(value: values::Value<'_, '_>) -> Result<String, Wrong> {
    let text = string(value)?;
    if text.chars().count() > limits::REASON_CHARS {
        return Err(because(value, format!("at most {} characters", limits::REASON_CHARS)));
    }
    Ok(text.to_owned())
}

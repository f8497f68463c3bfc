//! Every key of the configuration, one row each.

use std::time::Duration;

use picket_common::limits::MAX_RINGS;
use toml::{Spanned, de::DeValue};

use super::{
    Colour, Config, DenyAnswer, DenyMode, Rings, api,
    detection::RULES,
    metrics,
    policies::{MODE, glob, mode, selector},
    ui,
    users::{COOKIES, IDENTITY, IDLE, NAMES, SOURCES, identity, idle, source},
    values::{
        Wrong, absolute, because, boolean, duration, header_name, integer, interface, level, list, name,
        network, path, size, word,
    },
};
use crate::client_ip::ForwardedHeader;

/// Sections, in the order of the example file.
pub const SECTIONS: &[&str] = &[
    "capture",
    "limits",
    "proxies",
    "rules",
    "users",
    "redact",
    "deny",
    "respond",
    "passlist",
    "detection",
    "geoip",
    "store",
    "api",
    "ui",
    "metrics",
    "output",
];

/// A key and all that is known of it.
pub struct Key {
    /// `section.key`.
    pub name: &'static str,
    /// What its value has to be, for "expected …".
    pub expected: &'static str,
    /// A change takes effect only when the agent starts.
    pub restart: bool,
    pub(super) set: fn(&mut Config, &Spanned<DeValue<'_>>) -> Result<(), Wrong>,
    pub(super) differs: fn(&Config, &Config) -> bool,
}

impl Key {
    /// Its section.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// Its name within the section.
    #[must_use]
    pub fn short(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }
}

const LIVE: bool = false;
const RESTART: bool = true;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

macro_rules! keys {
    ($($section:ident.$key:ident: $expected:expr, $restart:ident, |$value:ident| $read:expr;)*) => {
        /// Every key.
        pub const KEYS: &[Key] = &[$(Key {
            name: concat!(stringify!($section), ".", stringify!($key)),
            expected: $expected,
            restart: $restart,
            set: |config, $value| {
                config.$section.$key = $read?;
                Ok(())
            },
            differs: |old, new| old.$section.$key != new.$section.$key,
        },)*];
    };
}

keys! {
    capture.cgroup: "the absolute path of a cgroup v2 directory", RESTART, |value| absolute(value).map(Some);
    capture.rings: "\"auto\" or a number from 1 to 8", RESTART, |value| rings(value);
    capture.ring_size: "a size from \"64 KiB\" to \"256 MiB\" that is a power of two", RESTART, |value| ring_size(value);
    capture.request_body: "a size from 0 to \"16 MiB\"", RESTART, |value| body(value);
    capture.response_body: "a size from 0 to \"16 MiB\"", RESTART, |value| body(value);
    capture.tls: "true or false", RESTART, |value| boolean(value);

    limits.connections: "a number from 64 to 4194304", RESTART, |value| integer(value, 64..=4_194_304).map(|n| n as usize);
    limits.memory: "a size from \"1 MiB\" to \"64 GiB\"", RESTART, |value| size(value, 1 << 20..=64 << 30).map(|n| n as usize);

    proxies.trusted: "a list of networks such as [\"10.0.0.0/8\", \"2001:db8::/32\"]", LIVE, |value| list(value, network);
    proxies.header: "the name of the header field your proxies set, such as \"x-forwarded-for\" or \"forwarded\"", LIVE,
        |value| header_name(value).map(|name| ForwardedHeader::named(&name));

    rules.builtin: "true or false", LIVE, |value| boolean(value);
    rules.crs: "the directory of a release of OWASP CRS", LIVE, |value| path(value).map(Some);
    rules.files: "a list of rule files", LIVE, |value| list(value, path);
    rules.disabled: "a list of rules: ids, ranges of ids, or tags", LIVE, |value| list(value, selector);
    rules.paranoia: "1 to 4", LIVE, |value| level(value).map(Some);
    rules.mode: MODE, LIVE, |value| mode(value);

    users.identity: IDENTITY, LIVE, |value| identity(value);
    users.sources: SOURCES, LIVE, |value| list(value, source);
    users.claims: NAMES, LIVE, |value| list(value, name);
    users.jwt_cookies: COOKIES, LIVE, |value| list(value, glob);
    users.headers: "a list of header field names", LIVE, |value| list(value, header_name);
    users.login_fields: NAMES, LIVE, |value| list(value, name);
    users.session_cookies: COOKIES, LIVE, |value| list(value, glob);
    users.token_fields: NAMES, LIVE, |value| list(value, name);
    users.session_idle: IDLE, LIVE, |value| idle(value);
    users.default_events: "true or false", LIVE, |value| boolean(value);

    redact.parameters: "a list of parameter names", LIVE, |value| list(value, name);
    redact.headers: "a list of header field names", LIVE, |value| list(value, header_name);

    deny.interfaces: "a list of network interfaces such as [\"eth0\"]", RESTART, |value| list(value, interface);
    deny.mode: "\"auto\", \"native\" or \"generic\"", RESTART, |value| word(value, &[
        ("auto", DenyMode::Auto), ("native", DenyMode::Native), ("generic", DenyMode::Generic),
    ]);
    deny.answer: "\"drop\" or \"page\"", LIVE, |value| word(value, &[("drop", DenyAnswer::Drop), ("page", DenyAnswer::Page)]);
    deny.page_ports: "a list of ports such as [80, 8080]", LIVE, |value| list(value, port);
    deny.page_contact: "a mail address, the address of a web page, or a short text", LIVE, |value| contact(value).map(Some);
    deny.page_html: "a file of HTML", LIVE, |value| path(value).map(Some);
    deny.page_json: "a file of JSON", LIVE, |value| path(value).map(Some);

    respond.enabled: "true or false", LIVE, |value| boolean(value);
    respond.events: "a number from 1 to 1000", LIVE, |value| integer(value, 1..=1000).map(|n| n as usize);
    respond.window: "a duration from \"1s\" to \"1d\"", LIVE, |value| duration(value, SECOND, DAY);
    respond.block_for: "a duration from \"1s\" to \"365d\", or \"forever\"", LIVE, |value| until(value);
    respond.ipv6_prefix: "a prefix length from 48 to 128", LIVE, |value| integer(value, 48..=128).map(|n| n as u8);
    respond.except_rules: "a list of rule ids", LIVE, |value| list(value, name);
    respond.except_types: "a list of values of the rule tag `type`", LIVE, |value| list(value, name);

    passlist.addresses: "a list of addresses and networks such as [\"192.0.2.0/24\", \"2001:db8::7\"]", LIVE,
        |value| list(value, network);

    detection.default_rules: "true or false", LIVE, |value| boolean(value);
    detection.rules: "a list of files of detection rules, or directories of such", LIVE, |value| list(value, path);
    detection.disabled: RULES, LIVE, |value| list(value, glob);

    geoip.database: "a file in MaxMind's format", LIVE, |value| path(value).map(Some);
    geoip.asn_database: "a file in MaxMind's format", LIVE, |value| path(value).map(Some);

    store.enabled: "true or false", RESTART, |value| boolean(value);
    store.max_age: "a duration from \"1h\" to \"3650d\"", RESTART, |value| duration(value, HOUR, 3650 * DAY);
    store.max_size: "a size from \"16 MiB\" to \"16384 GiB\"", RESTART, |value| size(value, 16 << 20..=16 << 40);
    store.events_per_second: "a number from 1 to 1000000", RESTART, |value| integer(value, 1..=1_000_000).map(|n| n as u32);

    metrics.listen: metrics::LISTEN, RESTART, |value| metrics::listen(value).map(Some);
    api.listen: api::LISTEN, RESTART, |value| api::listen(value).map(Some);
    api.tls_cert: "a file with certificates (PEM)", RESTART, |value| path(value).map(Some);
    api.tls_key: "a file with a private key (PEM)", RESTART, |value| path(value).map(Some);

    ui.listen: ui::LISTEN, RESTART, |value| ui::listen(value).map(Some);
    ui.hosts: ui::HOSTS, RESTART, |value| list(value, ui::host);

    output.all: "true or false", LIVE, |value| boolean(value);
    output.json: "true or false", LIVE, |value| boolean(value);
    output.colour: "\"auto\", \"always\" or \"never\"", LIVE, |value| word(value, &[
        ("auto", Colour::Auto), ("always", Colour::Always), ("never", Colour::Never),
    ]);
}

fn rings(value: &Spanned<DeValue<'_>>) -> Result<Rings, Wrong> {
    match value.get_ref() {
        DeValue::String(_) => word(value, &[("auto", Rings::Auto)]),
        _ => integer(value, 1..=MAX_RINGS as i64).map(|count| Rings::Count(count as usize)),
    }
}

fn ring_size(value: &Spanned<DeValue<'_>>) -> Result<u32, Wrong> {
    let bytes = size(value, 64 << 10..=256 << 20)?;
    if bytes.is_power_of_two() {
        return Ok(bytes as u32);
    }
    let near = bytes.next_power_of_two() >> 10;
    let near = if near >= 1024 { format!("{} MiB", near >> 10) } else { format!("{near} KiB") };
    let found = format!("{bytes} bytes");
    Err(Wrong { span: value.span(), found, help: Some(format!("the next power of two is \"{near}\"")) })
}

fn port(value: &Spanned<DeValue<'_>>) -> Result<u16, Wrong> {
    integer(value, 1..=65_535).map(|port| port as u16)
}

/// What fits a line of a small page.
fn contact(value: &Spanned<DeValue<'_>>) -> Result<String, Wrong> {
    let text = name(value)?;
    let long = text.chars().count() > 200 || text.contains(char::is_control);
    if long { Err(because(value, "one line of at most 200 characters")) } else { Ok(text) }
}

fn body(value: &Spanned<DeValue<'_>>) -> Result<u32, Wrong> {
    size(value, 0..=16 << 20).map(|bytes| bytes as u32)
}

/// How long something is done; `None`: for good.
pub(super) fn until(value: &Spanned<DeValue<'_>>) -> Result<Option<Duration>, Wrong> {
    match value.get_ref().as_str() {
        Some("forever") => Ok(None),
        _ => duration(value, SECOND, 365 * DAY).map(Some),
    }
}

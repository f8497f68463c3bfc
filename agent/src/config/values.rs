//! TOML values to settings: sizes, durations, networks, names.

use std::{net::IpAddr, ops::Range, path::PathBuf, time::Duration};

use ipnet::{IpNet, Ipv4Net};
use jiff::{Span, SpanRelativeTo};
use toml::{Spanned, de::DeValue};

use super::read::{describe, suggest};

/// A value that is not what the key expects.
#[derive(Debug)]
pub struct Wrong {
    /// Where in the text.
    pub span: Range<usize>,
    /// What stands there.
    pub found: String,
    /// What to do.
    pub help: Option<String>,
}

pub(super) type Value<'v, 't> = &'v Spanned<DeValue<'t>>;
pub(super) type Read<T> = Result<T, Wrong>;

pub(super) fn wrong(value: Value<'_, '_>) -> Wrong {
    Wrong { span: value.span(), found: describe(value.get_ref()), help: None }
}

pub(super) fn because(value: Value<'_, '_>, why: impl Into<String>) -> Wrong {
    Wrong { help: Some(why.into()), ..wrong(value) }
}

pub(super) fn boolean(value: Value<'_, '_>) -> Read<bool> {
    value.get_ref().as_bool().ok_or_else(|| match value.get_ref().as_str() {
        Some("true" | "false") => because(value, "without quotation marks"),
        _ => wrong(value),
    })
}

/// A paranoia level of CRS.
pub(super) fn level(value: Value<'_, '_>) -> Read<u8> {
    let level = integer(value, 1..=4)?;
    u8::try_from(level).map_err(|_| wrong(value))
}

pub(super) fn string<'v>(value: Value<'v, '_>) -> Read<&'v str> {
    value.get_ref().as_str().ok_or_else(|| wrong(value))
}

/// One of these words.
pub(super) fn word<T: Copy>(value: Value<'_, '_>, words: &[(&str, T)]) -> Read<T> {
    let text = string(value)?;
    words.iter().find(|(name, _)| *name == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
        match suggest(text, words.iter().map(|(name, _)| *name)) {
            Some(near) => because(value, format!("did you mean \"{near}\"?")),
            None => wrong(value),
        }
    })
}

pub(super) fn integer(value: Value<'_, '_>, range: std::ops::RangeInclusive<i64>) -> Read<i64> {
    let integer = value.get_ref().as_integer().ok_or_else(|| wrong(value))?;
    i64::from_str_radix(integer.as_str(), integer.radix())
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| wrong(value))
}

/// A list; the error points at the element.
pub(super) fn list<'v, 't, T: PartialEq>(
    value: Value<'v, 't>,
    element: impl Fn(Value<'v, 't>) -> Read<T>,
) -> Read<Vec<T>> {
    let array = value.get_ref().as_array().ok_or_else(|| match value.get_ref() {
        DeValue::String(text) => because(value, format!("a list of one is [{text:?}]")),
        _ => wrong(value),
    })?;
    let mut elements = Vec::with_capacity(array.len());
    for entry in array.iter() {
        let element = element(entry)?;
        if elements.contains(&element) {
            return Err(because(entry, "it is in the list already"));
        }
        elements.push(element);
    }
    Ok(elements)
}

/// Bytes: an integer, or text with a unit.
pub(super) fn size(value: Value<'_, '_>, range: std::ops::RangeInclusive<u64>) -> Read<u64> {
    let bytes = match value.get_ref() {
        DeValue::String(text) => parse_size(text)
            .ok_or_else(|| because(value, "units are B, KiB, MiB, GiB (1024s) and kB, MB, GB (1000s)"))?,
        _ => integer(value, 0..=i64::MAX)?.unsigned_abs(),
    };
    if range.contains(&bytes) { Ok(bytes) } else { Err(wrong(value)) }
}

pub(super) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// A duration from `min` to `max`, whole milliseconds at least.
pub(super) fn duration(value: Value<'_, '_>, min: Duration, max: Duration) -> Read<Duration> {
    let text = value.get_ref().as_str().ok_or_else(|| match value.get_ref() {
        DeValue::Integer(number) => {
            because(value, format!("with a unit: \"{}s\" is seconds", number.as_str()))
        }
        _ => wrong(value),
    })?;
    let duration = parse_duration(text)
        .map_err(|_| because(value, "units are ms, s, m (minutes), h, d, w, as in \"1h30m\""))?;
    if (min..=max).contains(&duration) { Ok(duration) } else { Err(wrong(value)) }
}

/// `90s`, `1h30m`, `10 minutes`, `7d`; a day has 24 hours. Months and years are refused: they have no
/// fixed length.
///
/// # Errors
/// Why it is none.
pub fn parse_duration(text: &str) -> Result<Duration, NotADuration> {
    let span: Span = text.trim().parse().map_err(|_| NotADuration::Malformed)?;
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err(NotADuration::Calendar);
    }
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours());
    duration.ok().and_then(|duration| Duration::try_from(duration).ok()).ok_or(NotADuration::Malformed)
}

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotADuration {
    /// No number with a unit, or one below zero.
    Malformed,
    /// Months or years: they have no fixed length.
    Calendar,
}

/// A CIDR, or an address standing for itself. IPv4-mapped networks become IPv4 networks.
pub(super) fn network(value: Value<'_, '_>) -> Read<IpNet> {
    let text = string(value)?;
    parse_network(text).map_err(|why| because(value, why))
}

/// Reads a CIDR or an address.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let Some((address, prefix)) = text.split_once('/') else {
        return Err(format!("{text:?} is not an IP address; names are not looked up"));
    };
    let address: IpAddr = address.parse().map_err(|_| format!("{address:?} is not an IP address"))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = prefix
        .parse::<u8>()
        .ok()
        .filter(|length| *length <= longest && prefix.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| format!("{prefix:?} is not a prefix length from 0 to {longest}"))?;
    let net = IpNet::new(address, length).map_err(|error| error.to_string())?;
    if net.trunc() != net {
        return Err(format!("{net} has bits set after its prefix: write {}", net.trunc()));
    }
    Ok(canonical(net))
}

/// A network as people write it: a single address without its prefix.
#[must_use]
pub fn network_text(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// An IPv4-mapped network as the IPv4 network it means.
#[must_use]
pub fn canonical(net: IpNet) -> IpNet {
    if let IpNet::V6(v6) = net
        && v6.prefix_len() >= 96
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Ok(v4) = Ipv4Net::new(v4, v6.prefix_len() - 96)
    {
        return IpNet::V4(v4);
    }
    net
}

/// An absolute path.
pub(super) fn absolute(value: Value<'_, '_>) -> Read<PathBuf> {
    let path = path(value)?;
    if path.is_absolute() { Ok(path) } else { Err(wrong(value)) }
}

/// A path, not empty.
pub(super) fn path(value: Value<'_, '_>) -> Read<PathBuf> {
    let text = string(value)?;
    if text.is_empty() || text.contains('\0') { Err(wrong(value)) } else { Ok(PathBuf::from(text)) }
}

/// A network interface's name: 1 to 15 bytes, no `/`, no white space (`dev_valid_name`, net/core/dev.c).
pub(super) fn interface(value: Value<'_, '_>) -> Read<String> {
    let name = string(value)?;
    let bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.len() > 15 || name == "." || name == ".." || name.contains(bad) {
        return Err(because(value, "`ip link` shows the names of this host"));
    }
    Ok(name.to_owned())
}

/// A name that is not empty and has no white space around it.
pub(super) fn name(value: Value<'_, '_>) -> Read<String> {
    let name = string(value)?;
    if name.is_empty() || name.trim() != name { Err(wrong(value)) } else { Ok(name.to_owned()) }
}

/// A header field name (RFC 9110 section 5.1: a token).
pub(super) fn header_name(value: Value<'_, '_>) -> Read<String> {
    let name = string(value)?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(because(value, "a header field name has letters, digits and hyphens, no colon"));
    }
    Ok(name.to_ascii_lowercase())
}

//! Heads that httparse refuses, read as far as they can be: a malformed request is an observation.

use bytes::Bytes;

use super::{
    anomaly::{self, excerpt, note},
    detect::{is_token_char, without_line_end},
    fields::{Fields, slice},
    limits::Limits,
    message::{Anomaly, Header},
};

/// Parts of a request line.
pub(super) struct RequestLine<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    /// The version as sent; empty without one.
    pub protocol: &'a [u8],
    pub version: u8,
    /// Method and version are good enough to believe the rest of the head.
    pub believable: bool,
}

/// Takes a request line apart, whatever it looks like.
pub(super) fn request_line<'a>(line: &'a [u8], anomalies: &mut Vec<Anomaly>) -> RequestLine<'a> {
    let line = without_line_end(line);

    let (method, rest) = line.split_at(line.iter().position(is_space).unwrap_or(line.len()));
    let inner = rest.trim_ascii();
    let (target, version) = match inner.iter().rposition(is_space) {
        Some(at) if is_version(inner.get(at + 1..).unwrap_or_default()) => {
            let (target, version) = inner.split_at(at);
            (target.trim_ascii_end(), version.trim_ascii_start())
        }
        _ => (inner, &b""[..]),
    };
    let minor = match version {
        b"HTTP/1.1" => 1,
        b"HTTP/1.0" => 0,
        b"" => {
            note(anomalies, anomaly::BAD_REQUEST_LINE, || format!("no HTTP version in {}", excerpt(line)));
            0
        }
        other => {
            note(anomalies, anomaly::BAD_VERSION, || format!("version {}", excerpt(other)));
            1
        }
    };
    let token = !method.is_empty() && method.iter().all(|&b| is_token_char(b));
    let plain = [method, target, version].iter().map(|p| p.len()).sum::<usize>() + 2 == line.len();
    if !token || target.is_empty() || (!plain && !version.is_empty()) {
        note(anomalies, anomaly::BAD_REQUEST_LINE, || {
            format!("expected `method SP target SP version`, got {}", excerpt(line))
        });
    }
    note_target(target, anomalies);
    RequestLine {
        method,
        target,
        protocol: version,
        version: minor,
        believable: token && !version.is_empty(),
    }
}

/// What a target must not hold (RFC 9112 section 3.2).
fn note_target(target: &[u8], anomalies: &mut Vec<Anomaly>) {
    let shown = || format!("target {}", excerpt(target));
    if target.contains(&0) {
        note(anomalies, anomaly::NUL_IN_TARGET, shown);
    }
    if target.iter().any(|&b| b.is_ascii_control() && b != 0 && b != b'\t') {
        note(anomalies, anomaly::CONTROL_IN_TARGET, shown);
    }
    if target.iter().any(|&b| b == b' ' || b == b'\t') {
        note(anomalies, anomaly::SPACE_IN_TARGET, shown);
    }
    if std::str::from_utf8(target).is_err() {
        note(anomalies, anomaly::NON_UTF8_TARGET, shown);
    }
}

fn is_space(b: &u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn is_version(token: &[u8]) -> bool {
    token.get(..5).is_some_and(|t| t.eq_ignore_ascii_case(b"HTTP/"))
}

/// Reads header lines from `lines`, a part of `head`, up to the empty line or the end. Fields whose
/// line is malformed are listed, but do not decide how the body is read: servers refuse or ignore
/// them.
pub(super) fn read_headers(
    head: &Bytes,
    lines: &[u8],
    max: usize,
    fields: &mut Fields,
    anomalies: &mut Vec<Anomaly>,
) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    let mut unfolded = Unfold::default();
    for line in lines.split_inclusive(|&b| b == b'\n') {
        let unfinished = !line.ends_with(b"\n");
        let line = without_line_end(line);
        if line.is_empty() {
            break;
        }
        if unfinished {
            // Listed, but what is wrong with it may be only that it was cut off.
            unfolded.settle(&mut headers, fields, anomalies);
            if let Some((name, value)) = split_field(line)
                && headers.len() < max
            {
                headers.push(Header { name: slice(head, name.trim_ascii()), value: slice(head, value) });
            }
            break;
        }
        if matches!(line.first(), Some(b' ' | b'\t')) {
            note(anomalies, anomaly::OBS_FOLD, || "a header goes on in the next line".into());
            unfolded.add(headers.last_mut(), line.trim_ascii());
            continue;
        }
        unfolded.settle(&mut headers, fields, anomalies);
        let Some((name, value)) = split_field(line) else {
            note(anomalies, anomaly::BAD_HEADER, || {
                format!("no colon in a header line of {} bytes", line.len())
            });
            continue;
        };
        let good_name = !name.is_empty() && name.iter().all(|&b| is_token_char(b));
        let good_value = !value.iter().any(|&b| b.is_ascii_control() && b != b'\t');
        if !good_name || !good_value {
            let part = if good_name { "value" } else { "name" };
            note(anomalies, anomaly::BAD_HEADER, || {
                format!("bad character in the {part} of {}", excerpt(name))
            });
        }
        let name = name.trim_ascii();
        unfolded.field = (good_name && good_value).then(|| (slice(head, name), slice(head, value)));
        unfolded.listed = headers.len() < max;
        if unfolded.listed {
            headers.push(Header { name: slice(head, name), value: slice(head, value) });
        } else {
            note(anomalies, anomaly::TOO_MANY_HEADERS, || format!("more than {max} header fields"));
        }
    }
    unfolded.settle(&mut headers, fields, anomalies);
    headers
}

/// Trailer fields stand behind the header fields.
pub(super) fn append_trailer(
    headers: &mut Vec<Header>,
    trailer: Vec<u8>,
    limits: &Limits,
    anomalies: &mut Vec<Anomaly>,
) {
    if trailer.is_empty() {
        return;
    }
    let trailer = Bytes::from(trailer);
    let room = limits.headers.saturating_sub(headers.len());
    // What a trailer says about length or coding comes too late to count (RFC 9110 section 6.5.1).
    let mut ignored = Fields::default();
    headers.extend(read_headers(&trailer, &trailer, room, &mut ignored, anomalies));
}

/// Name and trimmed value of a header line.
fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_at(line.iter().position(|&b| b == b':')?);
    Some((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// The last field, which the next line may continue.
#[derive(Default)]
struct Unfold {
    field: Option<(Bytes, Bytes)>,
    /// Its value with continuations, each joined by one space (RFC 9112 section 5.2).
    joined: Vec<u8>,
    listed: bool,
}

impl Unfold {
    fn add(&mut self, last: Option<&mut Header>, line: &[u8]) {
        if self.joined.is_empty()
            && let Some(header) = last
            && self.listed
        {
            self.joined.extend_from_slice(&header.value);
        }
        self.joined.push(b' ');
        self.joined.extend_from_slice(line);
    }

    fn settle(&mut self, headers: &mut [Header], fields: &mut Fields, anomalies: &mut Vec<Anomaly>) {
        let joined = std::mem::take(&mut self.joined);
        if !joined.is_empty()
            && let Some(header) = headers.last_mut()
            && self.listed
        {
            header.value = joined.into();
            if let Some((_, value)) = &mut self.field {
                *value = header.value.clone();
            }
        }
        if let Some((name, value)) = self.field.take() {
            fields.note(&name, &value, anomalies);
        }
    }
}

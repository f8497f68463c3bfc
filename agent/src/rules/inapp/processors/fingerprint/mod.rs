//! Fingerprints: short texts that are the same for requests of the same make, whoever sends them.
//!
//! | | |
//! |---|---|
//! | [`endpoint`] | `http-<method>-<path>-<names of query parameters>-<names in the body>` |
//! | [`header`] | `hdr-<which of ten usual fields>-<User-Agent>-<number of others>-<their names>` |
//! | [`network`] | `net-<addresses named>-<which of ten fields that name a client>` |
//! | [`session`] | `ssn-<user>-<names of cookies>-<their values>-<session>` |
//!
//! Texts go in as the first 8 hexadecimal digits of their SHA-256, in small letters; what is empty or not
//! there stays empty. Pure functions; Datadog's tracers report the same for the same request.

mod fields;
mod hash;

pub use fields::{header, network};
use hash::{Hash, of_names, of_text};

use super::super::object::Object;

/// Fingerprint of what is asked for: `uri` is the target as sent; query and fragment are passed over.
#[must_use]
pub fn endpoint(method: &[u8], uri: &[u8], query: Option<&Object<'_>>, body: Option<&Object<'_>>) -> String {
    let path = uri.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
    let method = String::from_utf8_lossy(method).to_ascii_lowercase();
    format!("http-{method}-{}-{}-{}", of_text(path), of_names(query), of_names(body))
}

/// Fingerprint of a session: who, with which cookies, under which id.
#[must_use]
pub fn session(cookies: Option<&Object<'_>>, session: Option<&[u8]>, user: Option<&[u8]>) -> String {
    let (mut names, mut values) = (String::new(), String::new());
    if let Some(cookies) = cookies.and_then(Object::entries).filter(|cookies| !cookies.is_empty()) {
        let mut sorted: Vec<_> =
            cookies.iter().map(|(name, value)| (&name[..], value.only_text().unwrap_or_default())).collect();
        sorted.sort_by(|(one, _), (other, _)| hash::name_order(one, other));
        let (mut of_names, mut of_values) = (Hash::default(), Hash::default());
        for (name, value) in sorted {
            of_names.add_name(name);
            of_values.add_value(value);
        }
        (names, values) = (of_names.digits(), of_values.digits());
    }
    let of_id = |id: Option<&[u8]>| of_text(id.unwrap_or_default());
    format!("ssn-{}-{names}-{values}-{}", of_id(user), of_id(session))
}

//! Both readers over captured hellos, and over bytes that are none.

mod captured;
mod fingerprints;
mod made;
mod properties;

use std::{fs, path::PathBuf};

/// A captured file.
fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/tls").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the captured files that end like this.
fn files(end: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/tls");
    let entries = fs::read_dir(folder).expect("the captured hellos are part of the repository");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8")).collect();
    names.retain(|name| name.ends_with(end));
    names.sort();
    names
}

/// The same handshake bytes in records of at most `len` bytes each.
fn in_records(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    let mut message = Vec::new();
    while let [kind, major, minor, high, low, after @ ..] = rest {
        assert_eq!(*kind, 22);
        let end = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        message.extend_from_slice(&after[..end]);
        rest = &after[end..];
        if message.len() >= 4 + usize::from(u16::from_be_bytes([message[2], message[3]])) {
            for fragment in message.chunks(len) {
                out.extend_from_slice(&[22, *major, *minor]);
                out.extend_from_slice(&u16::try_from(fragment.len()).expect("short").to_be_bytes());
                out.extend_from_slice(fragment);
            }
            return out;
        }
    }
    panic!("no whole message");
}

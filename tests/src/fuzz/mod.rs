//! Fuzz targets: each takes any bytes and panics when an invariant does not hold.
//!
//! `cargo xtask fuzz NAME --for 60s` drives a target guided by coverage, from its corpus
//! `tests/corpus/NAME/`; the tests below run the corpus, every input that once crashed it
//! (`tests/crashes/NAME/`), and a moment of mutations.

pub mod api;
pub mod binary;
pub mod body_json;
pub mod body_multipart;
pub mod body_urlencoded;
pub mod body_xml;
pub mod config;
pub mod detection;
pub mod http;
pub mod page;
pub mod pcre;
pub mod program;
pub mod query;
pub mod record;
pub mod rules_inapp;
pub mod rules_json;
pub mod rules_judge;
pub mod rules_object;
pub mod seclang;
pub mod stream;
pub mod tls_hello;
pub mod transforms;
pub mod unicode_map;
pub mod user;

use picket::rules::bodies::{Buffers, File, Sink};

/// A target: the name of its file, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("api", api::run),
    ("binary", binary::run),
    ("body_json", body_json::run),
    ("body_multipart", body_multipart::run),
    ("body_urlencoded", body_urlencoded::run),
    ("body_xml", body_xml::run),
    ("config", config::run),
    ("detection", detection::run),
    ("http", http::run),
    ("page", page::run),
    ("pcre", pcre::run),
    ("program", program::run),
    ("query", query::run),
    ("record", record::run),
    ("rules_inapp", rules_inapp::run),
    ("rules_json", rules_json::run),
    ("rules_judge", rules_judge::run),
    ("rules_object", rules_object::run),
    ("seclang", seclang::run),
    ("stream", stream::run),
    ("tls_hello", tls_hello::run),
    ("transforms", transforms::run),
    ("unicode_map", unicode_map::run),
    ("user", user::run),
];

/// What a reader of bodies told, piece by piece.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(pub Vec<Vec<u8>>);

impl Told {
    /// A reader says the same with buffers that were used before; this is what it said.
    pub fn twice<T: PartialEq + std::fmt::Debug>(
        mut read: impl FnMut(&mut Buffers, &mut Self) -> T,
    ) -> (Self, T) {
        let mut buffers = Buffers::default();
        let (mut first, mut second) = (Self::default(), Self::default());
        let result = read(&mut buffers, &mut first);
        assert_eq!(result, read(&mut buffers, &mut second), "the second time differs");
        assert_eq!(first, second, "the second time differs");
        (first, result)
    }

    fn add(&mut self, pieces: &[&[u8]]) -> bool {
        self.0.extend(pieces.iter().map(|piece| piece.to_vec()));
        true
    }
}

impl Sink for Told {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.add(&[name, value])
    }

    fn file(&mut self, file: &File<'_>) -> bool {
        self.add(&[file.part, file.filename, file.other_filename.unwrap_or_default(), file.content])
    }

    fn part_name(&mut self, name: &[u8]) -> bool {
        self.add(&[name])
    }

    fn part_filename(&mut self, filename: &[u8]) -> bool {
        self.add(&[filename])
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) -> bool {
        self.add(&[part, line])
    }

    fn xml_text(&mut self, text: &[u8]) -> bool {
        self.add(&[text])
    }

    fn xml_attribute(&mut self, name: &[u8], value: &[u8]) -> bool {
        self.add(&[name, value])
    }
}

/// Takes numbers off the front of the input; zeros when it is used up.
pub(crate) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn u8(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) | u32::from(self.u16()) << 16
    }

    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::TARGETS;

    fn inputs(folder: &str, name: &str) -> Vec<Vec<u8>> {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
        let entries = fs::read_dir(&dir).into_iter().flatten();
        let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
        paths.sort();
        paths.into_iter().map(|p| fs::read(p).unwrap()).collect()
    }

    /// xorshift64: the same run every time.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as usize % n.max(1)
        }
    }

    fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() + 1);
            let end = (at + random.below(32)).min(bytes.len());
            match random.below(6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, random.below(256) as u8),
                3 => bytes.extend_from_within(at..end),
                4 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                _ => {
                    let other = &corpus[random.below(corpus.len())];
                    let from = random.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes
    }

    #[test]
    fn every_file_here_is_a_target() {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/fuzz");
        let mut files: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .filter_map(|entry| Some(entry.unwrap().path().file_stem()?.to_string_lossy().into_owned()))
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, targets);
    }

    #[test]
    fn corpora_and_a_moment_of_mutations() {
        const ROUNDS: usize = 1000;
        let mut run = 0;
        for (name, target) in TARGETS {
            let corpus = inputs("corpus", name);
            assert!(!corpus.is_empty(), "tests/corpus/{name} holds seeds");
            for seed in corpus.iter().chain(&inputs("crashes", name)) {
                target(seed);
                run += 1;
            }
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            for _ in 0..ROUNDS {
                target(&mutate(&mut random, &corpus));
                run += 1;
            }
        }
        assert!(run > TARGETS.len() * ROUNDS);
    }
}

//! Fuzz targets: each takes any bytes and panics when an invariant does not hold.
//!
//! `cargo xtask fuzz NAME --for 60s` feeds a target from its corpus, `tests/corpus/NAME/`, and from
//! mutations of it; the tests below do the same for a moment.

pub mod rules_json;
pub mod rules_judge;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[("rules_json", rules_json::run), ("rules_judge", rules_judge::run)];

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::TARGETS;

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
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
    fn corpora_and_a_moment_of_mutations() {
        const ROUNDS: usize = 1000;
        let mut run = 0;
        for (name, target) in TARGETS {
            let corpus = corpus(name);
            assert!(!corpus.is_empty(), "tests/corpus/{name} holds seeds");
            for seed in &corpus {
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

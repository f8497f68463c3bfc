//! Fuzz targets: each takes any bytes and must neither panic nor take more than it may.

pub mod rules_json;
pub mod rules_judge;

/// Name and entry of each target; its corpus is `tests/corpus/NAME`.
pub const TARGETS: &[(&str, fn(&[u8]))] =
    &[("rules_json", rules_json::run), ("rules_judge", rules_judge::run)];

/// Runs a target on each file of its corpus and on `neighbours` damaged copies of each, made the same
/// way every time. How many inputs ran.
#[cfg(test)]
fn run_corpus(name: &str, run: fn(&[u8]), neighbours: usize) -> usize {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut ran = 0;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below.max(1) as u64).unwrap_or(0)
    };
    for path in paths {
        let data = std::fs::read(&path).expect("a file of the corpus");
        run(&data);
        ran += 1;
        for _ in 0..neighbours {
            let mut damaged = data.clone();
            for _ in 0..=random(4) {
                let (at, other) = (random(damaged.len()), random(data.len()));
                match (random(4), damaged.get_mut(at)) {
                    (0, Some(byte)) => *byte = b"\0\"'{}[]\\%<&;,:\n\xff"[random(16)],
                    (1, Some(byte)) => *byte ^= 1 << random(8),
                    (2, Some(_)) => damaged.truncate(at),
                    (_, Some(_)) => drop(damaged.splice(at..at, data.iter().copied().skip(other).take(8))),
                    (_, None) => {}
                }
            }
            run(&damaged);
            ran += 1;
        }
    }
    ran
}

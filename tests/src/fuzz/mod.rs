//! Fuzz targets: one file each, whose `run` takes any bytes and must not panic, take long or take
//! much memory. `cargo xtask fuzz NAME` drives them guided by coverage; the test below runs
//! every input of `tests/corpus/NAME` and `tests/crashes/NAME` once.

pub mod config;

/// A target: the name of its file, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[("config", config::run)];

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::TARGETS;

    #[test]
    fn every_file_here_is_a_target() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fuzz");
        let files: BTreeSet<String> = files(&dir)
            .iter()
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .filter(|name| name != "mod")
            .collect();
        let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(files, targets);
    }

    #[test]
    fn every_input_of_the_corpora_passes() {
        for (name, run) in TARGETS {
            let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
            let corpus = files(&tests.join("corpus").join(name));
            assert!(!corpus.is_empty(), "{name} has no corpus: put inputs into tests/corpus/{name}");
            for input in corpus.into_iter().chain(files(&tests.join("crashes").join(name))) {
                eprintln!("{}", input.display());
                run(&fs::read(&input).unwrap());
            }
        }
    }

    fn files(dir: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
    }
}

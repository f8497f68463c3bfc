//! Configuration files.

use picket::config::Config;

/// Reads the bytes as a configuration. A refusal has to name a place inside the text; what is accepted
/// has to be accepted again, to the same effect.
pub fn run(data: &[u8]) {
    match Config::parse_bytes(data, "fuzz.toml") {
        Ok(config) => {
            let again = Config::parse_bytes(data, "again.toml").expect("the same text");
            assert_eq!(config, again);
            assert!(config.changed(&again).is_empty());
        }
        Err(error) => {
            let lines = data.iter().filter(|&&b| b == b'\n').count() + 1;
            assert!(!error.problems().is_empty());
            assert!(
                error
                    .problems()
                    .iter()
                    .all(|problem| (1..=lines).contains(&problem.line) && problem.column >= 1)
            );
            let shown = error.to_string();
            assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "control characters: {shown:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/config");
        let mut ran = 0;
        for entry in fs::read_dir(corpus).expect("the corpus is part of the repository") {
            super::run(&fs::read(entry.expect("readable").path()).expect("readable"));
            ran += 1;
        }
        assert!(ran >= 12, "only {ran} files");
    }
}

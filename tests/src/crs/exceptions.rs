//! Stages that an engine is known to fail, each with its reason.
//!
//! A file of lines: the stage's id, spaces, the reason. Empty lines and lines that begin with `#` are for
//! people.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};

/// Stages that are known to fail, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(BTreeMap<String, String>);

impl Exceptions {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or not written as it should be.
    pub fn load(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::read(&text).with_context(|| format!("in {}", file.display()))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// A stage without a reason, or twice.
    pub fn read(text: &str) -> Result<Self> {
        let mut all = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some((stage, reason)) = line.split_once(char::is_whitespace) else {
                bail!("`{line}` has no reason");
            };
            if all.insert(stage.to_owned(), reason.trim().to_owned()).is_some() {
                bail!("{stage} is there twice");
            }
        }
        Ok(Self(all))
    }

    /// Stages and reasons, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(stage, reason)| (stage.as_str(), reason.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_one_reason() {
        let read = Exceptions::read("# why\n\n1-1   it is so\n  1-2\tbecause\n").expect("exceptions");
        assert_eq!(read.iter().collect::<Vec<_>>(), [("1-1", "it is so"), ("1-2", "because")]);
        assert!(Exceptions::read("1-1\n").is_err());
        assert!(Exceptions::read("1-1 a\n1-1 b\n").is_err());
    }
}

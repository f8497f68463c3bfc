//! The generated part of `docs/benchmarks.md`, between two marks. What a person wrote around it stays.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

const BEGIN: &str = "<!-- begin: written by `cargo xtask bench`; changes in here are lost -->";
const END: &str = "<!-- end: written by `cargo xtask bench` -->";

/// Heading of a file that is not there yet.
const NEW: &str = "# Benchmarks\n\n";

/// Puts `text` between the marks of the file.
///
/// # Errors
///
/// When it can't be read or written, or has one mark without the other.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let old = match fs::read_to_string(file) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => NEW.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let new = replaced(&old, text).with_context(|| format!("{} is left as it is", file.display()))?;
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    fs::write(file, new).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(old: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let (before, after) = match (old.find(BEGIN), old.find(END)) {
        (None, None) => (old.trim_end(), "\n"),
        (Some(begin), Some(end)) if begin < end => {
            let (before, rest) = old.split_at(begin);
            let after = rest.split_once(END).map_or("\n", |(_, after)| after);
            (before.trim_end(), after)
        }
        _ => bail!("expected the two marks, {BEGIN} and {END}, in this order"),
    };
    Ok(format!("{before}\n\n{BEGIN}\n\n{text}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_stays() {
        let first = replaced("# Benchmarks\n\nMine.\n", "old").expect("no marks yet");
        let with_more = format!("{first}\nAlso mine.\n");
        let second = replaced(&with_more, "new\n\n").expect("both marks");
        assert_eq!(second, format!("# Benchmarks\n\nMine.\n\n{BEGIN}\n\nnew\n\n{END}\n\nAlso mine.\n"));
        assert_eq!(replaced(&second, "new").expect("again"), second, "writing twice changes nothing");
    }

    #[test]
    fn a_lost_mark_is_said() {
        assert!(replaced(&format!("text {END}"), "x").is_err());
        assert!(replaced(&format!("{END} {BEGIN}"), "x").is_err());
    }
}

//! The generated parts of `docs/benchmarks.md`, each between two marks that name the command which writes
//! it. What a person wrote around them stays.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

fn begin(command: &str) -> String {
    format!("<!-- begin: written by `{command}`; changes in here are lost -->")
}

fn end(command: &str) -> String {
    format!("<!-- end: written by `{command}` -->")
}

/// Heading of a file that is not there yet.
const NEW: &str = "# Benchmarks\n\n";

/// Puts `text` between the marks of a command.
///
/// # Errors
///
/// When it can't be read or written, or has one mark without the other.
pub fn write(file: &Path, command: &str, text: &str) -> Result<()> {
    let old = match fs::read_to_string(file) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => NEW.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let new =
        replaced(&old, command, text).with_context(|| format!("{} is left as it is", file.display()))?;
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    fs::write(file, new).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(old: &str, command: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let (begin, end) = (begin(command), end(command));
    let (before, after) = match (old.find(&begin), old.find(&end)) {
        (None, None) => (old.trim_end(), "\n"),
        (Some(at), Some(end_at)) if at < end_at => {
            let (before, rest) = old.split_at(at);
            let after = rest.split_once(&end).map_or("\n", |(_, after)| after);
            (before.trim_end(), after)
        }
        _ => bail!("expected the two marks, {begin} and {end}, in this order"),
    };
    Ok(format!("{before}\n\n{begin}\n\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = "cargo xtask bench";

    #[test]
    fn what_a_person_wrote_stays() {
        let replaced = |old: &str, text: &str| replaced(old, COMMAND, text);
        let (begin, end) = (begin(COMMAND), end(COMMAND));
        let first = replaced("# Benchmarks\n\nMine.\n", "old").expect("no marks yet");
        let with_more = format!("{first}\nAlso mine.\n");
        let second = replaced(&with_more, "new\n\n").expect("both marks");
        assert_eq!(second, format!("# Benchmarks\n\nMine.\n\n{begin}\n\nnew\n\n{end}\n\nAlso mine.\n"));
        assert_eq!(replaced(&second, "new").expect("again"), second, "writing twice changes nothing");
    }

    #[test]
    fn commands_have_parts_of_their_own() {
        let one = replaced("# Benchmarks\n", COMMAND, "one").expect("no marks yet");
        let both = replaced(&one, "cargo xtask bench rules", "two").expect("no marks of this one yet");
        assert!(both.starts_with(one.trim_end()), "{both}");
        let again = replaced(&both, COMMAND, "one").expect("both marks");
        assert_eq!(again, both, "the other part is left alone");
    }

    #[test]
    fn a_lost_mark_is_said() {
        let (begin, end) = (begin(COMMAND), end(COMMAND));
        assert!(replaced(&format!("text {end}"), COMMAND, "x").is_err());
        assert!(replaced(&format!("{end} {begin}"), COMMAND, "x").is_err());
    }
}

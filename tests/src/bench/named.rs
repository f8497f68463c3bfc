//! Parts that are named on the command line; each writes its own part of the docs, so that it can be measured again alone.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Part, docs, machine};

/// How parts are measured.
pub struct Run<'r> {
    /// What a person types, before the part's name.
    pub command: &'static str,
    /// Fewer, shorter turns: the docs are left as they are.
    pub quick: bool,
    /// File whose generated parts are replaced.
    pub docs: Option<&'r Path>,
}

/// The parts of these names; all, if there are none.
///
/// # Errors
/// When there is no part of a name; the message has those there are.
pub fn chosen<T>(parts: &'static [Part<T>], names: &[String]) -> Result<Vec<&'static Part<T>>> {
    for name in names {
        if !parts.iter().any(|part| part.name == name) {
            let known: Vec<&str> = parts.iter().map(|part| part.name).collect();
            bail!("there is no part `{name}`; there are {}", known.join(", "));
        }
    }
    let wanted = |part: &&Part<T>| names.is_empty() || names.iter().any(|name| name == part.name);
    Ok(parts.iter().filter(wanted).collect())
}

/// Measures them, one after the other; prints and writes what came of each.
///
/// # Errors
/// When one can't be measured; those before it are written.
pub fn measure<T: Sync>(run: &Run<'_>, parts: &[&'static Part<T>], given: &T) -> Result<()> {
    for (at, part) in parts.iter().enumerate() {
        let command = format!("{} {}", run.command, part.name);
        let (now, machine, load) = (machine::now(), machine::about(), machine::load());
        let mut about = format!("`{command}` on {now}: {machine}. Load before the run: {load}.");
        if run.quick {
            about.push_str(" Quick: these figures show that it works, not what it costs.");
        }
        eprintln!("==> {}/{} {}: {}", at + 1, parts.len(), part.name, part.about);
        // On a thread of its own, which may bind itself to a CPU.
        let section = std::thread::scope(|scope| scope.spawn(|| (part.run)(given)).join());
        let section = section.unwrap_or_else(|_| bail!("it panicked"));
        let section = section.map_err(|error| error.context(part.name))?;
        println!("{}\n{about}\n\n{}", section.title, section.text());
        match run.docs {
            Some(file) if !run.quick => {
                docs::write(file, &command, &format!("{}\n\n{about}", section.markdown().trim()))?;
                eprintln!("==> written to {}", file.display());
            }
            Some(_) => eprintln!("==> the docs are left as they are: that takes a run without --quick"),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tls;

    #[test]
    fn parts_are_chosen_by_their_names() {
        let names = |chosen: &[&Part]| chosen.iter().map(|part| part.name).collect::<Vec<_>>();
        let all = chosen(tls::PARTS, &[]).expect("all");
        assert_eq!(all.len(), tls::PARTS.len());
        let two = chosen(tls::PARTS, &["rate".to_owned(), "calls".to_owned()]).expect("both are there");
        assert_eq!(names(&two), ["calls", "rate"]);
        let error = chosen(tls::PARTS, &["speed".to_owned()]).map(|_| ()).expect_err("there is none");
        assert!(error.to_string().contains("`speed`; there are calls, nginx"), "{error}");
    }
}

//! `cargo xtask screenshots`: pictures of the web UI, from a running agent that has seen attacks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    build, paths, say,
    setup::{self, Group},
    test::{kernel, report::Report},
};

#[derive(clap::Args)]
#[command(
    after_help = "Without --docs: every page, light and dark, wide and narrow, as PAGE-light-wide.png, after all checks
of the web UI (the scenario ui/browser). With it: what README.md and docs/investigating.md show (the
scenario ui/walk); pictures there that none of them shows any more are removed.

Examples:
  cargo xtask screenshots
  cargo xtask screenshots --to /tmp/pictures
  cargo xtask screenshots --docs"
)]
pub struct Args {
    /// Make the pictures of the docs
    #[arg(long)]
    docs: bool,
    /// Where to put them [default: target/screenshots; with --docs docs/pictures]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Test])?;
    let agent = build::agent(false)?;
    // Made elsewhere first: a run that fails leaves those that are there.
    let made = paths::target().join(if args.docs { "screenshots-docs" } else { "screenshots" });
    empty(&made)?;
    let (scenario, variable, place) = match args.docs {
        true => ("ui/walk", "PICKET_UI_PICTURES", paths::root().join("docs/pictures")),
        false => ("ui/browser", "PICKET_UI_SHOTS", made.clone()),
    };
    let to = args.to.clone().unwrap_or(place);
    let mut report = Report::new(false);
    let environment = [format!("{variable}={}", made.canonicalize()?.display())];
    say::step(&format!("pictures: a town, an agent and a browser ({scenario}), for some minutes"));
    kernel::run_with(Some(scenario), &agent, &environment, &mut report)?;
    report.conclude()?;
    let names = pictures(&made)?;
    ensure!(!names.is_empty(), "{scenario} ran and made no pictures");
    put(&made, &names, &to)?;
    if args.docs && args.to.is_none() {
        for stale in pictures(&to)?.difference(&names) {
            say::step(&format!("{stale} is not made any more: removed"));
            fs::remove_file(to.join(stale))?;
        }
    }
    say::step(&format!("{} pictures are in {}", names.len(), paths::shown(&to)));
    Ok(())
}

/// A directory without pictures.
fn empty(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for name in pictures(dir)? {
        let file = dir.join(name);
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// Names of pictures in a directory.
fn pictures(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        match entry?.file_name().into_string() {
            Ok(name) if name.ends_with(".png") => drop(names.insert(name)),
            Ok(_) => {}
            Err(name) => bail!("{}: {} is no name of a picture", dir.display(), name.display()),
        }
    }
    Ok(names)
}

fn put(from: &Path, names: &BTreeSet<String>, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    if from.canonicalize()? == to.canonicalize()? {
        return Ok(());
    }
    for name in names {
        let copy = to.join(name);
        fs::copy(from.join(name), &copy).with_context(|| format!("cannot write {}", copy.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::pictures;
    use crate::paths;

    /// Paths of pictures in a text, without their directory: Markdown's and HTML's.
    fn shown(text: &str, directory: &str) -> BTreeSet<String> {
        let pieces = text.split(directory).skip(1);
        let names = pieces.map(|rest| rest.split([')', '"', ' ', '\n']).next().unwrap_or_default());
        names.map(str::to_owned).collect()
    }

    #[test]
    fn docs_show_every_picture_that_is_there_and_no_other() {
        let read = |name: &str| fs::read_to_string(paths::root().join(name)).unwrap();
        let readme = shown(&read("README.md"), "docs/pictures/");
        let walk = shown(&read("docs/investigating.md"), "(pictures/");
        assert!(readme.len() >= 3 && walk.len() >= 5, "{readme:?} {walk:?}");
        let there = pictures(&paths::root().join("docs/pictures")).unwrap();
        let named: BTreeSet<String> = readme.union(&walk).cloned().collect();
        assert_eq!(named, there);
    }

    #[test]
    fn pictures_in_a_text_are_found_in_both_ways_of_writing_them() {
        let text =
            "![a](p/one.png) <source srcset=\"p/two.png\"> <img\nsrc=\"p/three.png\" alt=\"\"> q/four.png";
        let expected = ["one.png", "three.png", "two.png"].map(str::to_owned);
        assert_eq!(shown(text, "p/"), BTreeSet::from(expected));
    }
}

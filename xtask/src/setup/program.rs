//! Servers of ours over the TLS libraries that no packaged server uses (`tests/programs`), built into the cache. Built
//! again when their sources have changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::release::{BULLSEYE, Release, TRIXIE};
use crate::{
    paths,
    process::{CommandExt as _, cargo},
    say,
};

/// A program and how it is built.
#[derive(Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    recipe: Recipe,
    /// About how long it takes on two cores, seconds.
    takes: u32,
}

#[derive(Debug)]
enum Recipe {
    /// Files of `tests/programs/c`, against libraries of a release or of the system.
    C { sources: &'static [&'static str], of: Option<&'static Release>, libraries: &'static [&'static str] },
    /// `tests/programs/go`, with the Go of a release (its root, below that of the release) or of the system.
    Go { of: Option<(&'static Release, &'static str)>, stripped: bool },
    /// A program of `tests/programs/rust`, with the feature that it needs.
    Rust { program: &'static str, feature: &'static str, stripped: bool },
}

const fn program(name: &'static str, takes: u32, recipe: Recipe) -> Program {
    Program { name, recipe, takes }
}

const OPENSSL: &[&str] = &["site.h", "site.c", "openssl.c"];

/// With OpenSSL 3, in ways that packaged servers don't use.
pub const OPENSSL_3: Program =
    program("openssl-server", 1, Recipe::C { sources: OPENSSL, of: None, libraries: &["-lssl", "-lcrypto"] });
/// With OpenSSL 1.1.
pub const OPENSSL_1_1: Program = program(
    "openssl-1.1-server",
    1,
    Recipe::C {
        sources: OPENSSL,
        of: Some(&BULLSEYE),
        libraries: &["-l:libssl.so.1.1", "-l:libcrypto.so.1.1"],
    },
);
/// With GnuTLS.
pub const GNUTLS: Program = program(
    "gnutls-server",
    1,
    Recipe::C { sources: &["site.h", "site.c", "gnutls.c"], of: None, libraries: &["-lgnutls"] },
);
/// In this system's Go.
pub const GO: Program = program("go-server", 15, Recipe::Go { of: None, stripped: false });
/// The same without symbols.
pub const GO_STRIPPED: Program = program("go-server-stripped", 1, Recipe::Go { of: None, stripped: true });
/// In the last Go but one that passes arguments on the stack.
pub const GO_1_15: Program =
    program("go-server-1.15", 15, Recipe::Go { of: Some((&BULLSEYE, "usr/lib/go-1.15")), stripped: false });
/// In a newer Go, without symbols.
pub const GO_1_24: Program =
    program("go-server-1.24", 20, Recipe::Go { of: Some((&TRIXIE, "usr/lib/go-1.24")), stripped: true });
/// With rustls.
pub const RUSTLS: Program = program(
    "rustls-server",
    50,
    Recipe::Rust { program: "rustls-server", feature: "rustls", stripped: false },
);
/// The same without symbols.
pub const RUSTLS_STRIPPED: Program = program(
    "rustls-server-stripped",
    1,
    Recipe::Rust { program: "rustls-server", feature: "rustls", stripped: true },
);
/// With BoringSSL.
pub const BORING: Program = program(
    "boring-server",
    150,
    Recipe::Rust { program: "boring-server", feature: "boring", stripped: false },
);

impl Program {
    /// Where it stands.
    ///
    /// # Errors
    /// That it doesn't, or that its sources are others now.
    pub fn find(&self) -> Result<String, String> {
        let file = self.file();
        if !file.is_file() {
            return Err("not built".to_owned());
        }
        let now = self.fingerprint().map_err(|error| format!("{error:#}"))?;
        match fs::read_to_string(self.stamp()) {
            Ok(then) if then == now => Ok(file.display().to_string()),
            _ => Err("its sources have changed".to_owned()),
        }
    }

    /// Builds it.
    pub fn install(&self) -> Result<()> {
        let programs = paths::programs();
        say::step(&format!("building {} into {} (about {} s)", self.name, programs.display(), self.takes));
        fs::create_dir_all(&programs).with_context(|| format!("cannot make {}", programs.display()))?;
        // Whoever runs the one before keeps it.
        let draft = programs.join(format!("{}.draft", self.name));
        match &self.recipe {
            Recipe::C { sources, of, libraries } => build_c(sources, *of, libraries, &draft),
            Recipe::Go { of, stripped } => build_go(*of, *stripped, &draft),
            Recipe::Rust { program, feature, stripped } => build_rust(program, feature, *stripped, &draft),
        }
        .with_context(|| format!("{} did not build", self.name))?;
        fs::rename(&draft, self.file())?;
        fs::write(self.stamp(), self.fingerprint()?)?;
        Ok(())
    }

    /// How a person gets it.
    pub fn by_hand(&self) -> String {
        format!("build it from {} into {}", paths::shown(&self.sources()), self.file().display())
    }

    fn file(&self) -> PathBuf {
        paths::programs().join(self.name)
    }

    fn stamp(&self) -> PathBuf {
        paths::programs().join(format!("{}.stamp", self.name))
    }

    fn sources(&self) -> PathBuf {
        paths::program_sources().join(match self.recipe {
            Recipe::C { .. } => "c",
            Recipe::Go { .. } => "go",
            Recipe::Rust { .. } => "rust",
        })
    }

    /// Of its sources and its recipe.
    fn fingerprint(&self) -> Result<String> {
        let dir = self.sources();
        let files: &[&str] = match self.recipe {
            Recipe::C { sources, .. } => sources,
            Recipe::Go { .. } => &["server.go"],
            Recipe::Rust { feature: "rustls", .. } => {
                &["Cargo.toml", "Cargo.lock", "src/site.rs", "src/rustls.rs"]
            }
            Recipe::Rust { .. } => &["Cargo.toml", "Cargo.lock", "src/site.rs", "src/boring.rs"],
        };
        // The same in every run (its keys are), and nobody forges a source of ours.
        let mut hasher = DefaultHasher::new();
        for file in files {
            let file = dir.join(file);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
        }
        let Self { name, recipe, .. } = self;
        Ok(format!("{name} {recipe:?} {:016x}\n", hasher.finish()))
    }
}

fn build_c(sources: &[&str], of: Option<&Release>, libraries: &[&str], to: &Path) -> Result<()> {
    let mut cc = Command::new("cc");
    cc.current_dir(paths::program_sources().join("c"));
    cc.args(["-O2", "-g", "-pthread", "-Wall", "-Wextra", "-Werror", "-o"]).arg(to);
    cc.args(sources.iter().filter(|file| file.ends_with(".c")));
    if let Some(release) = of {
        let usr = release.root().join("usr");
        let (headers, multiarch) = (usr.join("include"), "x86_64-linux-gnu");
        let library = usr.join("lib").join(multiarch);
        cc.arg("-I").arg(&headers).arg("-I").arg(headers.join(multiarch)).arg("-L").arg(&library);
        // Found there when it runs, too.
        cc.arg(format!("-Wl,-rpath,{}", library.display()));
    }
    cc.args(libraries).run()
}

fn build_go(of: Option<(&Release, &str)>, stripped: bool, to: &Path) -> Result<()> {
    let mut go = match of {
        None => Command::new("go"),
        Some((release, root)) => {
            let root = release.root().join(root);
            let mut go = Command::new(root.join("bin/go"));
            go.env("GOROOT", root);
            go
        }
    };
    // Nothing but its own: no other toolchain, no module, no C.
    go.envs([("GOTOOLCHAIN", "local"), ("GO111MODULE", "off"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")]);
    go.current_dir(paths::program_sources().join("go")).args(["build", "-o"]).arg(to);
    if stripped {
        go.args(["-ldflags", "-s -w"]);
    }
    go.arg("server.go").run()
}

fn build_rust(program: &str, feature: &str, stripped: bool, to: &Path) -> Result<()> {
    let target = paths::target().join("programs");
    let mut command = cargo();
    command.current_dir(paths::rust_programs()).env("CARGO_TARGET_DIR", &target).env_remove("RUSTFLAGS");
    command.args(["build", "--release", "--locked", "--features", feature, "--bin", program]);
    command.run()?;
    let built = target.join("release").join(program);
    if stripped {
        return Command::new("strip").arg("-o").arg(to).arg(&built).run();
    }
    fs::copy(&built, to).map(drop).with_context(|| format!("cannot copy {}", built.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_programs_apart_and_stay() {
        let all = [
            OPENSSL_3,
            OPENSSL_1_1,
            GNUTLS,
            GO,
            GO_STRIPPED,
            GO_1_15,
            GO_1_24,
            RUSTLS,
            RUSTLS_STRIPPED,
            BORING,
        ];
        let prints: std::collections::BTreeSet<String> =
            all.iter().map(|program| program.fingerprint().unwrap()).collect();
        assert_eq!(prints.len(), all.len());
        let again = all.iter().map(|program| program.fingerprint().unwrap()).collect();
        assert_eq!(prints, again);
    }
}

//! Asks Debian's suites for packages of other releases, with an apt state of our own.
//!
//! The system's own sources stay untouched: adding a newer suite to them would change what every later
//! `apt install` on the machine resolves to. Signatures and hashes are checked by apt as always.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Where a Debian suite is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// The main archive.
    Main,
    /// The security archive, which also serves long-term support.
    Security,
}

/// A package as a suite's index describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// The suite whose index listed it.
    pub suite: String,
}

/// Base addresses of the two archives.
#[derive(Debug, PartialEq, Eq)]
pub struct Mirror {
    main: String,
    security: String,
}

impl Mirror {
    /// `explicit` (the main archive's address) when given, else what the system's own apt sources use.
    pub fn find(explicit: Option<&str>) -> Result<Self> {
        if let Some(main) = explicit {
            return Ok(Self::from_uris(&[main]).expect("one address is enough"));
        }
        let out = Command::new("apt-get")
            .args(["indextargets", "--format", "$(CREATED_BY) $(REPO_URI)"])
            .output()
            .context("cannot run apt-get: packages of other Debian releases are fetched with apt")?;
        let listing = String::from_utf8_lossy(&out.stdout);
        let uris: Vec<&str> = listing.lines().filter_map(|line| line.strip_prefix("Packages ")).collect();
        Self::from_uris(&uris).context(
            "no Debian archive among this system's apt sources (expected an address that ends in /debian); \
             name one with --mirror URL",
        )
    }

    fn from_uris(uris: &[&str]) -> Option<Self> {
        let uris: Vec<&str> = uris.iter().map(|uri| uri.trim_end_matches('/')).collect();
        let named = |end: &str| uris.iter().find(|uri| uri.ends_with(end)).map(|uri| (*uri).to_owned());
        let main = match named("/debian") {
            Some(main) => main,
            None if uris.len() == 1 => uris[0].to_owned(),
            None => return None,
        };
        let security = named("/debian-security").unwrap_or_else(|| format!("{main}-security"));
        Some(Self { main, security })
    }

    fn uri(&self, archive: Archive) -> &str {
        match archive {
            Archive::Main => &self.main,
            Archive::Security => &self.security,
        }
    }
}

/// An apt state directory that knows a few suites and nothing of the system's.
pub struct Apt {
    config: PathBuf,
}

impl Apt {
    /// Writes sources and configuration for `suites` below `dir`; nothing is fetched yet.
    pub fn new(dir: &Path, mirror: &Mirror, suites: &[(&str, Archive)]) -> Result<Self> {
        ensure!(
            Path::new(KEYRING).exists(),
            "{KEYRING} is missing: install debian-archive-keyring, so that downloads can be verified"
        );
        for sub in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(dir.join(sub))?;
        }
        let sources: String = suites
            .iter()
            .map(|(suite, archive)| {
                let uri = mirror.uri(*archive);
                format!("deb [signed-by={KEYRING} arch=amd64] {uri} {suite} main\n")
            })
            .collect();
        fs::write(dir.join("sources.list"), sources)?;
        let config = dir.join("apt.conf");
        // The sandbox user could not write below a home directory; hooks of the system are not ours to run.
        fs::write(
            &config,
            format!(
                "Dir::State::Lists \"{dir}/lists\";\n\
                 Dir::Cache \"{dir}/cache\";\n\
                 Dir::Etc::sourcelist \"{dir}/sources.list\";\n\
                 Dir::Etc::sourceparts \"/dev/null\";\n\
                 APT::Architecture \"amd64\";\n\
                 APT::Sandbox::User \"root\";\n\
                 Acquire::Languages \"none\";\n\
                 Acquire::Retries \"3\";\n\
                 Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
                 #clear APT::Update::Post-Invoke;\n\
                 #clear APT::Update::Post-Invoke-Success;\n",
                dir = dir.display()
            ),
        )?;
        Ok(Self { config })
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("-c").arg(&self.config);
        command
    }

    /// Fetches the suites' indexes (nothing, when they did not change).
    pub fn update(&self) -> Result<()> {
        let status = self.apt_get().args(["-qq", "-o", "APT::Update::Error-Mode=any", "update"]).status()?;
        ensure!(status.success(), "apt-get update of other suites failed ({status})");
        Ok(())
    }

    /// All cloud kernel packages in the fetched indexes.
    pub fn kernel_packages(&self) -> Result<Vec<Package>> {
        let targets = self
            .apt_get()
            .args(["indextargets", "--format", "$(RELEASE) $(FILENAME)", "Created-By: Packages"])
            .output()?;
        ensure!(
            targets.status.success(),
            "apt-get indextargets: {}",
            String::from_utf8_lossy(&targets.stderr)
        );
        let mut packages = Vec::new();
        for line in String::from_utf8_lossy(&targets.stdout).lines() {
            let (suite, file) =
                line.split_once(' ').context("apt-get indextargets: no file name in a line")?;
            // Indexes are stored compressed; apt's helper reads whatever it chose.
            let text = Command::new("/usr/lib/apt/apt-helper").args(["cat-file", file]).output()?;
            if !text.status.success() {
                bail!("{file}: {}", String::from_utf8_lossy(&text.stderr).trim());
            }
            packages.extend(cloud_packages(&String::from_utf8_lossy(&text.stdout), suite));
        }
        Ok(packages)
    }

    /// Downloads `packages` into `dir`, with apt's own progress.
    pub fn download(&self, packages: &[&Package], dir: &Path) -> Result<()> {
        let wanted: Vec<String> = packages.iter().map(|p| format!("{}={}", p.name, p.version)).collect();
        self.fetch(&wanted, dir)
    }

    /// Downloads packages into `dir`: `name` for the newest of the fetched indexes, or `name=version`.
    pub fn fetch(&self, wanted: &[impl AsRef<OsStr>], dir: &Path) -> Result<()> {
        // Whatever this system has installed, a newer version most of all, is not what is asked for.
        let nothing_installed = ["-o", "Dir::State::status=/dev/null"];
        let status =
            self.apt_get().args(nothing_installed).arg("download").args(wanted).current_dir(dir).status()?;
        ensure!(status.success(), "apt-get download failed ({status})");
        Ok(())
    }
}

/// The cloud kernel packages in a `Packages` index (RFC 822-like stanzas, deb-control(5)).
fn cloud_packages(index: &str, suite: &str) -> Vec<Package> {
    let field = |stanza: &str, name: &str| {
        stanza.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    index
        .split("\n\n")
        .filter(|stanza| stanza.trim_start().starts_with("Package: linux-"))
        .filter_map(|stanza| {
            let name = field(stanza.trim_start(), "Package:")?;
            let version = field(stanza, "Version:")?;
            name.ends_with("-cloud-amd64").then(|| Package { name, version, suite: suite.to_owned() })
        })
        .collect()
}

/// Orders two versions as Debian does (deb-version(7)), without epochs, which kernels never had:
/// runs of non-digits and of digits in turn, `~` before the end before letters before the rest.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    fn weight(byte: Option<&u8>) -> i32 {
        match byte {
            Some(b'~') => -1,
            None => 0,
            Some(b) if b.is_ascii_digit() => 0,
            Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
            Some(b) => i32::from(*b) + 256,
        }
    }
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        while a.first().is_some_and(|c| !c.is_ascii_digit()) || b.first().is_some_and(|c| !c.is_ascii_digit())
        {
            match weight(a.first()).cmp(&weight(b.first())) {
                Ordering::Equal => {}
                other => return other,
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        let (left, right) = (digits(&mut a), digits(&mut b));
        match left.len().cmp(&right.len()).then_with(|| left.cmp(right)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    Ordering::Equal
}

/// Takes the leading digits off, without leading zeros.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().position(|c| *c != b'0').unwrap_or(number.len());
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_debian_sorts_them() {
        let ascending = [
            "5.10.46~rc1-1",
            "5.10.46-1",
            "5.10.46-1+b1",
            "5.10.46-2",
            "5.10.251-1~deb11u1",
            "5.10.251-1",
            "6.1.9-1",
            "6.1.176-1",
            "6.12.94-1",
            "6.12.107-1",
            "7.2.13-1",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare_versions(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
            assert_eq!(compare_versions(pair[0], pair[0]), Ordering::Equal);
        }
    }

    #[test]
    fn index_stanzas_of_cloud_kernels_are_found() {
        let index = "Package: linux-image-6.1.0-50-cloud-amd64\nSource: linux-signed\nVersion: 6.1.176-1\n\n\
                     Package: linux-image-6.1.0-50-amd64\nVersion: 6.1.176-1\n\n\
                     Package: nginx\nVersion: 1.22\n";
        let packages = cloud_packages(index, "bookworm");
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].name, "linux-image-6.1.0-50-cloud-amd64");
        assert_eq!(packages[0].version, "6.1.176-1");
    }

    #[test]
    fn the_mirror_is_taken_from_the_systems_sources() {
        let mirror = Mirror::from_uris(&["http://a.example/x", "http://m.example/debian/"]).unwrap();
        assert_eq!(mirror.uri(Archive::Main), "http://m.example/debian");
        assert_eq!(mirror.uri(Archive::Security), "http://m.example/debian-security");
        assert_eq!(Mirror::from_uris(&["http://a.example/ubuntu", "http://b.example/ubuntu"]), None);
    }
}

//! The kernels of the matrix: which suite each comes from, and its files in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::debian::{Apt, Archive, Mirror, Package, compare_versions};
use crate::say;

/// One column of the matrix: a series of kernels and the suites that publish it.
pub(super) struct Series {
    /// What `--kernel` calls it.
    pub name: &'static str,
    suites: &'static [(&'static str, Archive)],
    /// Accept only this series; `None`: the newest the suite has (sid moves on).
    only: Option<&'static str>,
}

/// Oldest first: what we support at least, the stable releases between, and what is to come.
pub(super) const MATRIX: [Series; 4] = [
    Series {
        name: "5.10",
        suites: &[("bullseye", Archive::Main), ("bullseye-security", Archive::Security)],
        only: Some("5.10."),
    },
    Series {
        name: "6.1",
        suites: &[("bookworm", Archive::Main), ("bookworm-security", Archive::Security)],
        only: Some("6.1."),
    },
    Series {
        name: "6.12",
        suites: &[("trixie", Archive::Main), ("trixie-security", Archive::Security)],
        only: Some("6.12."),
    },
    Series { name: "7.2", suites: &[("sid", Archive::Main)], only: None },
];

impl Series {
    /// The series that `name` means: a number of the matrix, or the suite that stands for it.
    pub(super) fn named(name: &str) -> Result<&'static Self> {
        MATRIX.iter().find(|series| series.name == name || series.suites[0].0 == name).with_context(|| {
            let known: Vec<&str> = MATRIX.iter().map(|series| series.name).collect();
            format!("no kernel {name:?} in the matrix: expected one of {} (or sid)", known.join(", "))
        })
    }

    /// The packages of the newest kernel of this series.
    fn newest<'a>(&self, packages: &'a [Package]) -> Option<Release<'a>> {
        let image = packages
            .iter()
            .filter(|package| self.suites.iter().any(|(suite, _)| *suite == package.suite))
            .filter(|package| {
                package.name.strip_prefix("linux-image-").is_some_and(|abi| {
                    abi.starts_with(|c: char| c.is_ascii_digit())
                        && self.only.is_none_or(|series| abi.starts_with(series))
                })
            })
            .max_by(|a, b| compare_versions(&a.version, &b.version))?;
        let abi = image.name.trim_start_matches("linux-image-");
        // Since 7.x the image package is empty and depends on three others.
        let names = ["image", "binary", "modules", "base"].map(|part| format!("linux-{part}-{abi}"));
        let parts = packages
            .iter()
            .filter(|p| names.contains(&p.name) && p.version == image.version && p.suite == image.suite)
            .collect();
        Some(Release { version: &image.version, suite: &image.suite, parts })
    }
}

/// A kernel that a suite offers.
struct Release<'a> {
    version: &'a str,
    suite: &'a str,
    parts: Vec<&'a Package>,
}

/// A kernel in the cache, ready to boot.
#[derive(Debug)]
pub(super) struct Kernel {
    pub series: &'static str,
    /// Debian's version, for example `6.1.176-1`.
    pub version: String,
    /// The suite it came from, for example `bullseye-security`.
    pub suite: String,
    /// `uname -r`, for example `6.1.0-50-cloud-amd64`.
    pub release: String,
    /// The bootable image.
    pub image: PathBuf,
    /// `lib/modules/RELEASE`.
    pub modules: PathBuf,
    /// Its build configuration, as `CONFIG_X=y` lines.
    pub config: String,
}

impl Kernel {
    /// How the output names it.
    pub(super) fn title(&self) -> String {
        format!("{} (Debian {}, {})", self.release, self.version, self.suite)
    }

    /// Opens what [`fetch`] left in `dir`.
    fn open(series: &'static str, dir: &Path) -> Result<Self> {
        let version = file_name(dir);
        let suite = fs::read_to_string(dir.join("suite"))?.trim().to_owned();
        let modules = ["usr/lib/modules", "lib/modules"]
            .iter()
            .filter_map(|sub| fs::read_dir(dir.join("root").join(sub)).ok())
            .flat_map(|entries| entries.flatten())
            .map(|entry| entry.path())
            .next()
            .with_context(|| format!("{}: no modules directory", dir.display()))?;
        let release = file_name(&modules);
        let boot = dir.join("root/boot");
        let first = |candidates: [PathBuf; 2]| candidates.into_iter().find(|path| path.exists());
        let image = first([boot.join(format!("vmlinuz-{release}")), modules.join("vmlinuz")])
            .with_context(|| format!("{}: no kernel image", dir.display()))?;
        let config = first([boot.join(format!("config-{release}")), modules.join("config")])
            .with_context(|| format!("{}: no kernel configuration", dir.display()))?;
        let config = fs::read_to_string(config)?;
        Ok(Self { series, version, suite, release, image, modules, config })
    }
}

/// The newest kernel of each series, from the cache or downloaded into it.
///
/// When the suites cannot be asked, the newest kernel in the cache serves, and the output says so.
pub(super) fn fetch(series: &[&'static Series], cache: &Path, mirror: Option<&str>) -> Result<Vec<Kernel>> {
    let root = cache.join("kernels");
    fs::create_dir_all(&root)?;
    let lock = fs::File::create(cache.join("kernels.lock"))?;
    lock.lock().context("another run holds the kernel cache")?;

    let suites: Vec<_> = series.iter().flat_map(|series| series.suites).copied().collect();
    let apt = Apt::new(&cache.join("apt"), &Mirror::find(mirror)?, &suites)?;
    say::step("asking Debian for its newest kernels");
    let packages = match apt.update().and_then(|()| apt.kernel_packages()) {
        Ok(packages) => packages,
        Err(error) => {
            say::warning(&format!(
                "could not ask ({error:#}): the newest kernels in {} serve",
                root.display()
            ));
            return series.iter().map(|series| newest_cached(series, &root)).collect();
        }
    };
    series.iter().map(|series| newest_offered(series, &apt, &packages, &root)).collect()
}

fn newest_offered(series: &'static Series, apt: &Apt, packages: &[Package], root: &Path) -> Result<Kernel> {
    let release = series.newest(packages).with_context(|| {
        let suites: Vec<&str> = series.suites.iter().map(|(suite, _)| *suite).collect();
        format!("no linux-image-*-cloud-amd64 of series {} in {}", series.name, suites.join(" or "))
    })?;
    let dir = root.join(series.name).join(release.version);
    if !dir.exists() {
        download(&release, apt, &dir)?;
        remove_others(&dir)?;
    }
    Kernel::open(series.name, &dir)
}

fn newest_cached(series: &'static Series, root: &Path) -> Result<Kernel> {
    let dir = fs::read_dir(root.join(series.name))
        .ok()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_none_or(|end| end != "partial"))
        .max_by(|a, b| compare_versions(&file_name(a), &file_name(b)))
        .with_context(|| format!("no kernel {} in the cache: connect once to fetch it", series.name))?;
    Kernel::open(series.name, &dir)
}

/// Downloads and unpacks into `dir`, which appears only when complete.
fn download(release: &Release<'_>, apt: &Apt, dir: &Path) -> Result<()> {
    say::step(&format!("downloading Linux {} from {}", release.version, release.suite));
    // Not with_extension: a version has dots of its own.
    let partial = PathBuf::from(format!("{}.partial", dir.display()));
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    let debs = partial.join("debs");
    fs::create_dir_all(&debs)?;
    apt.download(&release.parts, &debs)?;
    let mut unpacked = 0;
    for deb in fs::read_dir(&debs)? {
        let status =
            Command::new("dpkg-deb").arg("--extract").arg(deb?.path()).arg(partial.join("root")).status()?;
        ensure!(status.success(), "dpkg-deb --extract failed ({status})");
        unpacked += 1;
    }
    if unpacked != release.parts.len() {
        bail!("{}: {unpacked} packages arrived, {} asked for", debs.display(), release.parts.len());
    }
    fs::remove_dir_all(&debs)?;
    fs::write(partial.join("suite"), release.suite)?;
    fs::rename(&partial, dir)?;
    Ok(())
}

/// Keeps the cache at one kernel a series.
fn remove_others(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir.parent().context("a kernel stands in its series' directory")?)? {
        let path = entry?.path();
        if path != dir {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, suite: &str) -> Package {
        Package { name: name.into(), version: version.into(), suite: suite.into() }
    }

    #[test]
    fn newest_takes_the_series_own_suites_and_all_parts() {
        let offered = [
            package("linux-image-6.1.0-50-cloud-amd64", "6.1.176-1", "bookworm"),
            package("linux-image-6.1.0-9-cloud-amd64", "6.1.27-1", "bookworm"),
            package("linux-image-6.1.0-0.deb11.52-cloud-amd64", "6.1.199-1~deb11u1", "bullseye-security"),
            package("linux-image-6.12.117+deb12-cloud-amd64", "6.12.117-1~bpo12+1", "bookworm-security"),
            package("linux-image-cloud-amd64", "6.1.176-1", "bookworm"),
            package("linux-image-7.2.13+deb14-cloud-amd64", "7.2.13-1", "sid"),
            package("linux-binary-7.2.13+deb14-cloud-amd64", "7.2.13-1", "sid"),
            package("linux-binary-unsigned-7.2.13+deb14-cloud-amd64", "7.2.13-1", "sid"),
            package("linux-modules-7.2.13+deb14-cloud-amd64", "7.2.13-1", "sid"),
            package("linux-base-7.2.13+deb14-cloud-amd64", "7.2.13-1", "sid"),
        ];
        let bookworm = Series::named("6.1").unwrap().newest(&offered).unwrap();
        assert_eq!((bookworm.version, bookworm.parts.len()), ("6.1.176-1", 1));
        let sid = Series::named("sid").unwrap().newest(&offered).unwrap();
        assert_eq!((sid.version, sid.parts.len()), ("7.2.13-1", 4));
        assert!(Series::named("5.10").unwrap().newest(&offered).is_none());
        assert!(Series::named("4.19").is_err());
    }
}

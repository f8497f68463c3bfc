//! sight: which TLS code a process has, whether what passes through it is seen, and if not why and what to do.
//!
//! Made from what [`binary`](crate::binary) found in the files that a process has mapped; in words for people.
#![forbid(unsafe_code)]

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::binary::{Found, Inspection, Runtime};

/// Whether plaintext is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// All of it.
    Seen,
    /// Not all of it.
    Partly,
    /// Nothing.
    Unseen,
}

impl Sight {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Partly => "partly",
            Self::Unseen => "unseen",
        }
    }

    /// Of a process with this TLS code in it; `None`: it has none.
    #[must_use]
    pub fn of(runtimes: &[TlsRuntime]) -> Option<Self> {
        let mut sights = runtimes.iter().map(|runtime| runtime.sight);
        let first = sights.next()?;
        Some(if sights.all(|sight| sight == first) { first } else { Self::Partly })
    }
}

/// TLS code in a file that a process has mapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsRuntime {
    /// `OpenSSL`, `Go`, `Java`…
    pub name: String,
    /// Its version, as far as the file says.
    #[serde(default)]
    pub version: Option<String>,
    /// The file, in the process's mount namespace.
    pub file: String,
    /// Whether its plaintext is seen.
    pub sight: Sight,
    /// Why not all of it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a person can do about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl TlsRuntime {
    /// `OpenSSL 3.0.19`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    /// How much of it is seen, and why not all: `Java is not seen: …`.
    #[must_use]
    pub fn verdict(&self) -> String {
        let sight = match self.sight {
            Sight::Seen => "seen",
            Sight::Partly => "partly seen",
            Sight::Unseen => "not seen",
        };
        match &self.why {
            Some(why) => format!("{} is {sight}: {why}", self.name),
            None => format!("{} is {sight}", self.name),
        }
    }
}

/// A file that a process has mapped, and what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct Mapped<'a> {
    /// Where it lies, in the process's mount namespace.
    pub file: &'a Path,
    /// What is in it.
    pub what: &'a Inspection,
    /// Why there are no probes in it although there should be; `None`: there are, or nobody tried.
    pub unattached: Option<&'a str>,
}

/// The TLS code in the files of a process. Each is told once, however many files of the process show it; what libraries read
/// through (the C library, libcrypto) is none.
#[must_use]
pub fn runtimes(files: &[Mapped<'_>]) -> Vec<TlsRuntime> {
    let crypto = files
        .iter()
        .flat_map(|mapped| &mapped.what.runtimes)
        .find(|found| found.runtime == Runtime::LibCrypto)
        .and_then(|found| found.version.as_deref());
    let mut told: Vec<TlsRuntime> = Vec::new();
    for mapped in files {
        for found in mapped.what.runtimes.iter().filter(|found| speaks_tls(found)) {
            let new = runtime(mapped, found, crypto);
            let same = |one: &TlsRuntime| {
                (&one.name, &one.version, one.sight) == (&new.name, &new.version, new.sight)
            };
            if !told.iter().any(same) {
                told.push(new);
            }
        }
    }
    told
}

/// A Go program without `crypto/tls` is found too: it has neither places to probe nor something that is not seen.
fn speaks_tls(found: &Found) -> bool {
    !matches!(found.runtime, Runtime::LibC | Runtime::LibCrypto)
        && (found.unseen.is_some() || !found.points.is_empty())
}

fn runtime(mapped: &Mapped<'_>, found: &Found, crypto: Option<&str>) -> TlsRuntime {
    // libssl itself says no more than what its file is called, `3`; its libcrypto says all of it.
    let own = found.version.as_deref();
    let full = crypto.filter(|full| {
        matches!(found.runtime, Runtime::OpenSsl | Runtime::LibreSsl)
            && own.is_some_and(|own| full.starts_with(own))
    });
    let (sight, why, advice) = match (mapped.unattached, found.unseen) {
        (_, Some(unseen)) if !unseen.partly => (Sight::Unseen, Some(unseen.why.into()), Some(unseen.advice)),
        (Some(error), _) => {
            (Sight::Unseen, Some(format!("its probes could not be set: {error}")), Some(DOCTOR))
        }
        (None, Some(unseen)) => (Sight::Partly, Some(unseen.why.into()), Some(unseen.advice)),
        (None, None) => (Sight::Seen, None, None),
    };
    TlsRuntime {
        name: found.runtime.name().to_owned(),
        version: full.or(own).map(Into::into),
        file: mapped.file.to_string_lossy().into_owned(),
        sight,
        why,
        advice: advice.map(Into::into),
    }
}

const DOCTOR: &str = "see what picket doctor says of uprobes";

/// Why connections of a service were not seen, and what a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// In a word, for a table: `Java`, `stripped rustls`.
    pub short: Option<String>,
    /// Why.
    pub why: String,
    /// What to do.
    pub advice: String,
}

impl Reason {
    /// Of a service whose process has this TLS code; `seen`: other connections of it were.
    #[must_use]
    pub fn of(runtimes: &[TlsRuntime], seen: bool) -> Self {
        let of = |runtime: &TlsRuntime| Self {
            short: Some(runtime.name.clone()),
            why: runtime.why.clone().unwrap_or_default(),
            advice: runtime.advice.clone().unwrap_or_default(),
        };
        let first = |sight| runtimes.iter().find(|runtime| runtime.sight == sight);
        if runtimes.is_empty() {
            return Self {
                short: Some("unknown library".into()),
                why: NO_LIBRARY.into(),
                advice: "terminate TLS in a proxy in front of the service, such as nginx or HAProxy on the same host"
                    .into(),
            };
        }
        if let Some(unseen) = first(Sight::Unseen) {
            return of(unseen);
        }
        match first(Sight::Partly) {
            Some(partly) if !seen => of(partly),
            _ => Self {
                short: None,
                why: NO_REQUEST.into(),
                advice: "nothing, if its requests are seen".into(),
            },
        }
    }
}

/// Nothing was found in the files of a process.
pub const NO_LIBRARY: &str = "no TLS library that Picket knows is mapped by this process";
const NO_REQUEST: &str = "its library is seen: these connections ended without a request (health checks, scanners), carried \
                          something else than HTTP, or began before the library was found";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::{Cost, Place, Point, Scope, Unseen};

    const WHOLE: Unseen = Unseen { why: "compiled anew", advice: "a proxy", partly: false };
    const PARTLY: Unseen = Unseen { why: "packets", advice: "nothing", partly: true };

    fn found(runtime: Runtime, version: Option<&str>, points: bool, unseen: Option<Unseen>) -> Found {
        let point = Point {
            program: "picket_ssl_read",
            offset: 0x1000,
            symbol: "SSL_read".into(),
            place: Place::Enter,
            cost: Cost::Emulated,
            scope: Scope::Always,
        };
        let points = if points { vec![point] } else { Vec::new() };
        Found { runtime, version: version.map(Into::into), points, object: None, unseen }
    }

    fn told(files: &[(&str, Vec<Found>, Option<&str>)]) -> Vec<TlsRuntime> {
        let files: Vec<(&str, Inspection, Option<&str>)> = files
            .iter()
            .map(|(path, runtimes, why)| {
                (*path, Inspection { runtimes: runtimes.clone(), ..Inspection::default() }, *why)
            })
            .collect();
        let mapped: Vec<Mapped<'_>> = files
            .iter()
            .map(|(path, what, unattached)| Mapped { file: path.as_ref(), what, unattached: *unattached })
            .collect();
        runtimes(&mapped)
    }

    #[test]
    fn what_is_told_of_files() {
        type File = (&'static str, Vec<Found>, Option<&'static str>);
        type Row = (Vec<File>, &'static [(&'static str, Sight)], Option<Sight>);
        let file = |path, found| -> File { (path, vec![found], None) };
        let libc = || file("/lib/libc.so.6", found(Runtime::LibC, None, true, None));
        let crypto =
            |version| file("/lib/libcrypto.so", found(Runtime::LibCrypto, Some(version), true, None));
        let ssl = |version| file("/lib/libssl.so", found(Runtime::OpenSsl, Some(version), true, None));
        let table: Vec<Row> = vec![
            (vec![libc(), crypto("3.0.19")], &[], None),
            (vec![ssl("3"), crypto("3.0.19"), libc()], &[("OpenSSL 3.0.19", Sight::Seen)], Some(Sight::Seen)),
            (vec![crypto("1.1.1w"), ssl("1.1")], &[("OpenSSL 1.1.1w", Sight::Seen)], Some(Sight::Seen)),
            // Of another OpenSSL than the one that is in the program.
            (vec![ssl("3.5.1"), crypto("3.0.19")], &[("OpenSSL 3.5.1", Sight::Seen)], Some(Sight::Seen)),
            (vec![ssl("3")], &[("OpenSSL 3", Sight::Seen)], Some(Sight::Seen)),
            (
                vec![file("/go", found(Runtime::Go, Some("1.22.1"), true, None))],
                &[("Go 1.22.1", Sight::Seen)],
                Some(Sight::Seen),
            ),
            // Without crypto/tls.
            (vec![file("/go", found(Runtime::Go, Some("1.22.1"), false, None))], &[], None),
            (
                vec![
                    file("/bin/java", found(Runtime::Java, None, false, Some(WHOLE))),
                    file("/lib/libjvm.so", found(Runtime::Java, None, false, Some(WHOLE))),
                ],
                &[("Java", Sight::Unseen)],
                Some(Sight::Unseen),
            ),
            (
                vec![
                    file("/lib/libjvm.so", found(Runtime::Java, None, false, Some(WHOLE))),
                    file("/tmp/libtcnative.so", found(Runtime::BoringSsl, None, true, None)),
                ],
                &[("Java", Sight::Unseen), ("BoringSSL", Sight::Seen)],
                Some(Sight::Partly),
            ),
            (
                vec![file("/lib/libgnutls.so", found(Runtime::GnuTls, Some("3.7.9"), true, Some(PARTLY)))],
                &[("GnuTLS 3.7.9", Sight::Partly)],
                Some(Sight::Partly),
            ),
            (
                vec![("/app", vec![found(Runtime::Go, Some("1.22.1"), true, None)], Some("EPERM"))],
                &[("Go 1.22.1", Sight::Unseen)],
                Some(Sight::Unseen),
            ),
        ];
        assert_eq!(table.len(), 11);
        for (files, expected, sight) in table {
            let told = told(&files);
            let short: Vec<(String, Sight)> = told.iter().map(|one| (one.full_name(), one.sight)).collect();
            let expected: Vec<(String, Sight)> =
                expected.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect();
            assert_eq!(short, expected);
            assert_eq!(Sight::of(&told), sight);
            for one in told {
                assert_eq!(one.why.is_some(), one.sight != Sight::Seen, "{one:?}");
                assert_eq!(one.advice.is_some(), one.why.is_some(), "{one:?}");
            }
        }
    }

    #[test]
    fn reasons_name_what_is_to_blame() {
        let java = || ("/lib/libjvm.so", vec![found(Runtime::Java, None, false, Some(WHOLE))], None);
        let gnutls = || ("/g", vec![found(Runtime::GnuTls, Some("3"), true, Some(PARTLY))], None);
        let ssl = || ("/s", vec![found(Runtime::OpenSsl, Some("3"), true, None)], None);
        let broken = || ("/s", vec![found(Runtime::OpenSsl, Some("3"), true, None)], Some("EPERM"));
        for (files, seen, short, why) in [
            (vec![], false, Some("unknown library"), NO_LIBRARY),
            (vec![ssl(), java()], true, Some("Java"), "compiled anew"),
            (vec![gnutls()], false, Some("GnuTLS"), "packets"),
            (vec![gnutls()], true, None, NO_REQUEST),
            (vec![ssl()], false, None, NO_REQUEST),
            (vec![broken()], false, Some("OpenSSL"), "its probes could not be set: EPERM"),
        ] {
            let reason = Reason::of(&told(&files), seen);
            assert_eq!((reason.short.as_deref(), reason.why.as_str()), (short, why));
            assert!(!reason.advice.is_empty());
        }
    }
}

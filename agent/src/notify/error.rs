//! What can go wrong with notifications.

use std::{io, path::PathBuf, time::Duration};

/// Why nobody can be told. Secrets are never in it.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A secret can't be had.
    #[error("notify target `{target}`: {place}: {problem}")]
    Secret {
        /// The target.
        target: String,
        /// The file, or the variable.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Certificates can't be had.
    #[error("notify target `{target}`: {}: {problem}", path.display())]
    Certificates {
        /// The target.
        target: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The system trusts nobody.
    #[error(
        "notify target `{target}`: this system has no certificates to trust ({problem}): install ca-certificates, or set ca_file"
    )]
    NoRoots {
        /// The target.
        target: String,
        /// What was found instead.
        problem: String,
    },
    /// An address in a file or a variable is none.
    #[error("notify target `{target}`: the address in {place} is none: {problem}")]
    Address {
        /// The target.
        target: String,
        /// The file, or the variable.
        place: String,
        /// What was expected.
        problem: String,
    },
    /// The query is none: our own fault, the configuration checks it.
    #[error("notify target `{target}`: signals: {problem}")]
    Query {
        /// The target.
        target: String,
        /// Why.
        problem: String,
    },
    /// It was tested too often.
    #[error("notify target `{target}` was tested {most} times within a minute: try again in {wait:.0?}", most = crate::limits::NOTIFY_TESTS)]
    Tests {
        /// The target.
        target: String,
        /// How long until it may be tested again.
        wait: Duration,
    },
    /// There is no such target.
    #[error("there is no notify target `{name}`; the configuration has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A test did not arrive.
    #[error("notify target `{target}`: {problem}")]
    Undelivered {
        /// The target.
        target: String,
        /// Why.
        problem: String,
    },
    /// No thread, or no runtime, is to be had.
    #[error("no thread for notifications: {0}")]
    Thread(#[source] io::Error),
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Why, without secrets.
    pub why: String,
    /// What comes of it.
    pub then: Then,
}

/// What comes of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is tried again; not before this time, if the receiver said so.
    Again(Option<Duration>),
    /// It will never be taken.
    Never,
}

impl Failure {
    pub fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), then: Then::Again(None) }
    }

    pub fn never(why: impl Into<String>) -> Self {
        Self { why: why.into(), then: Then::Never }
    }
}

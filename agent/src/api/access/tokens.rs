//! Tokens: random, known by their hash alone, in a file of the state directory.
//!
//! ```text
//! token      pkt_ and 256 random bits, base64url without padding (RFC 4648 section 5)
//! at rest    SHA-256 of the token: 256 bits can't be guessed, so no slow hash is needed
//! ```
//!
//! The file belongs to commands and the agent alike: `picket token` changes it, the agent looks before each use
//! whether it is another one. So a token that was removed is not taken any more at once.

use std::{
    fmt, fs, io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    api::types::{Role, TokenView},
    limits,
    respond::{StateError, state_file},
};

/// Its name in the state directory.
const FILE: &str = "tokens.json";
/// What a token begins with, so that it is known for one wherever it turns up.
const PREFIX: &str = "pkt_";
/// Random bytes of a token.
const RANDOM: usize = 32;

/// Why tokens can't be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is taken.
    #[error("there is a token {0:?} already; take it back with: picket token remove {0}")]
    Taken(String),
    /// There is none with this name.
    #[error("there is no token {0:?}; picket token list shows those there are")]
    Unknown(String),
    /// Not a name.
    #[error("{0:?} is no name of a token: expected 1 to {most} letters, digits, or . _ - @", most = limits::API_NAME)]
    Name(String),
    /// More than there may be.
    #[error("there are {} tokens already, which is the most", limits::API_TOKENS)]
    Full,
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The lock beside it, or random numbers.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it was not done.
        #[source]
        error: io::Error,
    },
}

/// A token, to be shown once.
pub struct Secret(String);

impl Secret {
    /// It. Nothing else of Picket has it.
    #[must_use]
    pub fn show(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Token {
    #[serde(flatten)]
    view: TokenView,
    /// Hexadecimal.
    sha256: String,
}

/// The tokens of an agent.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    read: Mutex<Read>,
}

/// What was read, and of which file.
#[derive(Debug, Default)]
struct Read {
    of: Option<Seen>,
    tokens: Vec<Token>,
}

/// A file is replaced as a whole: it is another one when one of these is.
type Seen = (u64, u64, i64, i64);

impl Tokens {
    /// Those of a state directory; there need be no file.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { path: state.join(FILE), read: Mutex::default() }
    }

    /// Makes a token; only its hash is kept.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn add(&self, name: &str, role: Role, expires: Option<Timestamp>) -> Result<Secret, TokenError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        if name.is_empty() || name.len() > limits::API_NAME || !name.chars().all(is_name) {
            return Err(TokenError::Name(name.chars().take(limits::API_NAME).collect()));
        }
        let secret = Secret(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random()?)));
        let sha256 = hash(&secret.0);
        self.change(|tokens, now| {
            tokens.retain(|token| token.view.expires.is_none_or(|expires| expires > now));
            if tokens.iter().any(|token| token.view.name == name) {
                return Err(TokenError::Taken(name.to_owned()));
            }
            if tokens.len() >= limits::API_TOKENS {
                return Err(TokenError::Full);
            }
            let view = TokenView { name: name.to_owned(), role, created: now, expires };
            tokens.push(Token { view, sha256 });
            Ok(())
        })?;
        Ok(secret)
    }

    /// Takes a token back; gives what it was.
    ///
    /// # Errors
    /// There is none with this name, or the file can't be written.
    pub fn remove(&self, name: &str) -> Result<TokenView, TokenError> {
        self.change(|tokens, _| {
            let at = tokens.iter().position(|token| token.view.name == name);
            at.map(|at| tokens.remove(at).view).ok_or_else(|| TokenError::Unknown(name.to_owned()))
        })
    }

    /// All of them, in the order in which they were made; those that expired too.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<TokenView>, TokenError> {
        let (tokens, _) = state_file::read::<Token>(&self.path, Timestamp::now())?;
        Ok(tokens.into_iter().map(|token| token.view).collect())
    }

    /// Whose token it is; none: nobody's, or it expired. Takes as long whatever is asked for.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<TokenView> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_again(&mut read);
        let asked = hash(token);
        let mut found = None;
        for known in &read.tokens {
            if bool::from(known.sha256.as_bytes().ct_eq(asked.as_bytes())) {
                found = Some(&known.view);
            }
        }
        let now = Timestamp::now();
        found.filter(|view| view.expires.is_none_or(|expires| expires > now)).cloned()
    }

    /// Whether there is a token with this name, role and time, and it has not expired.
    #[must_use]
    pub fn has(&self, token: &TokenView) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        self.look_again(&mut read);
        let now = Timestamp::now();
        read.tokens.iter().any(|known| known.view == *token)
            && token.expires.is_none_or(|expires| expires > now)
    }

    /// Reads the file if it is not the one that was read last. One that can't be read lets nobody in.
    fn look_again(&self, read: &mut Read) {
        let seen = fs::metadata(&self.path)
            .ok()
            .map(|file| (file.dev(), file.ino(), file.mtime(), file.mtime_nsec()));
        if seen.is_some() && seen == read.of {
            return;
        }
        *read = Read { of: seen, tokens: Vec::new() };
        match state_file::read(&self.path, Timestamp::now()) {
            Ok((tokens, notice)) => {
                if let Some(notice) = notice {
                    tracing::error!("tokens: {notice}");
                }
                read.tokens = tokens;
            }
            Err(error) => tracing::error!("tokens can't be read, none is taken: {error}"),
        }
    }

    /// Changes the file; another command that does so waits.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Token>, Timestamp) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let lock = self.path.with_extension("lock");
        let io = |error| TokenError::Io { what: "the lock of the tokens", error };
        let file = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(lock)
            .map_err(io)?;
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| io(errno.into()))?;
        let now = Timestamp::now();
        let (mut tokens, notice) = state_file::read(&self.path, now)?;
        if let Some(notice) = notice {
            tracing::error!("tokens: {notice}");
        }
        let changed = change(&mut tokens, now)?;
        state_file::write(&self.path, &state_file::encode(&tokens))?;
        Ok(changed)
    }
}

fn hash(token: &str) -> String {
    use fmt::Write as _;

    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(token.as_bytes()) {
        // Writing to a text can't fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn random() -> Result<[u8; RANDOM], TokenError> {
    crate::random::bytes().map_err(|error| TokenError::Io { what: "random numbers", error })
}

//! Secrets: out of files and the environment, into requests, and nowhere else.

use std::{
    collections::HashMap, fmt, fs::File, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path,
};

use super::error::NotifyError;
use crate::{
    config::{Address, NotifyTarget, SecretSource, Via},
    limits,
};

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// For whom it is meant.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// All secrets that the targets of a configuration name.
#[derive(Clone, Debug, Default)]
pub struct Secrets(HashMap<SecretSource, Secret>);

impl Secrets {
    /// Reads them.
    ///
    /// # Errors
    /// One of them is not there, or is none: which target, which file or variable, and why.
    pub fn read(targets: &[NotifyTarget]) -> Result<Self, NotifyError> {
        let mut secrets = HashMap::new();
        for target in targets {
            for source in sources(&target.via) {
                let secret = read(source).map_err(|problem| NotifyError::Secret {
                    target: target.name.clone(),
                    place: source.to_string(),
                    problem,
                })?;
                secrets.insert(source.clone(), Secret(secret));
            }
        }
        Ok(Self(secrets))
    }

    pub(super) fn get(&self, target: &str, source: &SecretSource) -> Result<Secret, NotifyError> {
        self.0.get(source).cloned().ok_or_else(|| NotifyError::Secret {
            target: target.to_owned(),
            place: source.to_string(),
            problem: "it was not read".to_owned(),
        })
    }

    /// A text from outside, with the secrets in it covered: receivers like to say what they were sent.
    pub(super) fn cover(&self, text: &str) -> String {
        let mut covered = text.to_owned();
        for secret in self.0.values().filter(|secret| secret.0.len() >= 4) {
            covered = covered.replace(&secret.0, "<redacted>");
        }
        covered
    }
}

fn sources(via: &Via) -> Vec<&SecretSource> {
    let url = |url| match url {
        &Address::Plain(_) => None,
        Address::Secret(source) => Some(source),
    };
    match via {
        Via::Webhook { url: address, secret, token, .. } => {
            url(address).into_iter().chain(secret).chain(token).collect()
        }
        Via::Otlp { url: address, token, .. } => url(address).into_iter().chain(token).collect(),
        Via::Slack { url: address } => url(address).into_iter().collect(),
        Via::Email { password, .. } => password.iter().collect(),
        Via::Syslog { .. } => Vec::new(),
    }
}

fn read(source: &SecretSource) -> Result<String, String> {
    let text = match source {
        SecretSource::File(path) => file(path)?,
        SecretSource::Environment(name) => match std::env::var(name) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => return Err("it is not set".to_owned()),
            Err(std::env::VarError::NotUnicode(_)) => return Err("it is not UTF-8".to_owned()),
        },
    };
    // Editors end the last line.
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err("it is empty; expected the secret and nothing else".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it has more than one line or control characters; expected the secret and nothing else"
            .to_owned());
    }
    Ok(text.to_owned())
}

fn file(path: &Path) -> Result<String, String> {
    let problem = |error: std::io::Error| format!("can't read it: {error}");
    let file = File::open(path).map_err(problem)?;
    let mode = file.metadata().map_err(problem)?.permissions().mode();
    if mode & 0o007 != 0 {
        tracing::warn!(file = %path.display(), "a secret that everybody on this host may read: chmod 0600");
    }
    let mut bytes = Vec::new();
    file.take(limits::NOTIFY_SECRET as u64 + 1).read_to_end(&mut bytes).map_err(problem)?;
    if bytes.len() > limits::NOTIFY_SECRET {
        return Err(format!("it is longer than {} bytes", limits::NOTIFY_SECRET));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

//! A certificate for services on this host, made for one run.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::bench::ground::{Directory, find};

/// The name it is for.
pub const NAME: &str = "shop.example";

const REQUEST: &str = "[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = shop.example
[extensions]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:shop.example
";

/// A certificate and its key (P-256).
pub struct Certificate(Directory);

impl Certificate {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When `openssl` is not installed or refuses.
    pub fn new() -> Result<Self> {
        let made = Self(Directory::new("certificate")?);
        let request = made.0.file("request.cnf");
        fs::write(&request, REQUEST)?;
        let mut command = Command::new(find("openssl")?);
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "7",
        ]);
        command.arg("-config").arg(&request).arg("-out").arg(made.chain()).arg("-keyout").arg(made.key());
        let output = command.stdin(Stdio::null()).output().context("run openssl")?;
        if !output.status.success() {
            bail!("openssl req: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(made)
    }

    /// The certificate, PEM.
    pub fn chain(&self) -> PathBuf {
        self.0.file("certificate.pem")
    }

    /// Its key, PEM.
    pub fn key(&self) -> PathBuf {
        self.0.file("key.pem")
    }
}

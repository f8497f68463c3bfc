//! The services' certificate, made for each scenario anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::client::request::HOST;
use crate::program;

/// Files of a certificate (P-256, for [`HOST`], good for two days, its own authority) and its key.
pub struct Certificate {
    dir: PathBuf,
}

impl Certificate {
    /// Makes one in `dir`.
    pub fn make(dir: &Path) -> Result<Self> {
        let certificate = Self { dir: dir.to_owned() };
        let subject = format!("/CN={HOST}");
        let name = format!("subjectAltName=DNS:{HOST}");
        let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        openssl(
            Command::new(program::find("openssl")?)
                .args(request)
                .args(["-days", "2", "-subj", &subject, "-addext", &name])
                // Not an authority for others: a client must take it as what it is.
                .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
                .arg(certificate.key())
                .arg("-out")
                .arg(certificate.chain()),
        )?;
        Ok(certificate)
    }

    /// The certificate, PEM.
    pub fn chain(&self) -> PathBuf {
        self.dir.join("certificate.pem")
    }

    /// Its key, PEM.
    pub fn key(&self) -> PathBuf {
        self.dir.join("key.pem")
    }

    /// Both in one file, as HAProxy wants them.
    pub fn both(&self) -> Result<PathBuf> {
        let file = self.dir.join("both.pem");
        let both = [std::fs::read(self.chain())?, std::fs::read(self.key())?].concat();
        std::fs::write(&file, both)?;
        Ok(file)
    }

    /// Both as PKCS #12 with [`Certificate::PASSWORD`], as Java wants them.
    pub fn store(&self) -> Result<PathBuf> {
        let file = self.dir.join("store.p12");
        openssl(
            Command::new(program::find("openssl")?)
                .args(["pkcs12", "-export", "-passout"])
                .arg(format!("pass:{}", Self::PASSWORD))
                .arg("-in")
                .arg(self.chain())
                .arg("-inkey")
                .arg(self.key())
                .arg("-out")
                .arg(&file),
        )?;
        Ok(file)
    }

    /// Of the PKCS #12 file.
    pub const PASSWORD: &'static str = "picket";
}

fn openssl(command: &mut Command) -> Result<()> {
    let output = command.output().context("run openssl")?;
    ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

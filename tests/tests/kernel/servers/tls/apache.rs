//! Apache httpd with mod_ssl; mod_lua answers.

use std::fs;

use anyhow::Result;

use super::Certificate;
use crate::servers::{Place, Server, apache};

/// Starts it.
pub fn start(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    let script = place.file("site.lua");
    fs::write(&script, include_str!("apache.lua"))?;
    let extra = format!(
        "SSLEngine on
SSLCertificateFile {}
SSLCertificateKeyFile {}
SSLProtocol TLSv1.2 TLSv1.3
SSLSessionCache shmcb:{}/sessions(512000)
LuaMapHandler ^/ {} answer
",
        certificate.chain().display(),
        certificate.key().display(),
        place.dir.display(),
        script.display()
    );
    apache::start_with(place, &["ssl", "socache_shmcb", "lua"], &extra)
}

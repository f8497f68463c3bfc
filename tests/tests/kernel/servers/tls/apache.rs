//! Apache httpd with mod_ssl; mod_lua answers, and a CGI program where a body may be chunked, which mod_lua does not
//! read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;

use super::Certificate;
use crate::servers::{Place, Server, apache};

/// Starts it.
pub fn start(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    let script = place.file("site.lua");
    fs::write(&script, include_str!("apache.lua"))?;
    let counter = place.file("length.cgi");
    fs::write(&counter, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nlength %s\\n' \"$(wc -c)\"\n")?;
    fs::set_permissions(&counter, Permissions::from_mode(0o755))?;
    let extra = format!(
        "SSLEngine on
SSLCertificateFile {}
SSLCertificateKeyFile {}
SSLProtocol +TLSv1.2 +TLSv1.3
SSLSessionCache shmcb:{}/sessions(512000)
LuaMapHandler ^/(id|big|chunked)/ {} answer
ScriptAliasMatch ^/length/ {}
",
        certificate.chain().display(),
        certificate.key().display(),
        place.dir.display(),
        script.display(),
        counter.display()
    );
    apache::start_with(place, &["ssl", "socache_shmcb", "lua", "cgid"], &extra)
}

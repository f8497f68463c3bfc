//! nginx. What has to be counted or read goes to a second server of the same nginx on a Unix socket, which no tap
//! sees.

use std::fs;

use anyhow::Result;

use super::{BIG, Certificate, STATUSES};
use crate::servers::nginx::{Extra, start_extended};
use crate::servers::{Place, Server};

/// Starts it.
pub fn start(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    let dir = place.dir.display();
    let mut server = format!(
        "ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data on;
    ssl_session_cache shared:sessions:1m; ssl_session_tickets on;
    location /length/ {{ proxy_pass http://unix:{dir}/behind.socket:/; proxy_http_version 1.1; }}
    location ~ ^/big/(?<bytes>[0-9]+)/ {{ try_files /big-$bytes =400; }}
    location /chunked/ {{ ssi on; ssi_types *; try_files /chunked =400; }}
",
        certificate.chain().display(),
        certificate.key().display()
    );
    for (rest, status) in STATUSES.into_iter().enumerate() {
        // N % 5 is in N's last digit.
        let digits = format!("{rest}{}", rest + 5);
        server.push_str(&format!(
            "    location ~ ^/id/(?<n>[0-9]*[{digits}])$ {{ return {status} \"id $n\\n\"; }}\n"
        ));
    }
    // Its length is the body's that was read: nginx reads it to the end before it asks behind.
    let behind =
        format!("server {{ listen unix:{dir}/behind.socket; return 200 \"length $content_length\\n\"; }}");
    let server = start_extended(place, Extra { listen: " ssl http2", server: &server, http: &behind })?;
    for size in BIG {
        fs::write(place.file("www").join(format!("big-{size}")), "0123456789abcdef".repeat(size / 16))?;
    }
    let chunks: String = (0..10).map(|n| format!("chunk {n}\n")).collect();
    // Server-side includes may change a length: nginx sends none, in chunks.
    fs::write(place.file("www").join("chunked"), chunks)?;
    Ok(server)
}

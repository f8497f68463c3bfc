//! A small shop with the holes that shops have, behind nginx, as one would put it on the Internet.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;

use super::{Place, Server, nginx, python};

/// nginx and the application behind it.
pub struct Shop {
    /// What clients talk to.
    pub front: Server,
    /// Who answers.
    pub application: Server,
}

/// Starts both, the application on loopback.
pub fn start(front: &Place<'_>, mut application: Place<'_>) -> Result<Shop> {
    application.listen = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let application = python::start(&application, "shop.py", include_str!("shop.py"))?;
    let pass =
        "location / { proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }";
    let upstream =
        format!("upstream shop {{ server 127.0.0.1:{}; keepalive 32; }}", application.service.port);
    let extra = nginx::Extra { server: pass, http: &upstream, ..nginx::Extra::default() };
    let front = nginx::start_extended(front, extra)?;
    Ok(Shop { front, application })
}

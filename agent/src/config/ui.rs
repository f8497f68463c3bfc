//! `[ui]`: the web UI.

use std::net::{Ipv4Addr, SocketAddr};

use super::{
    api,
    values::{Value, Wrong, because, string},
};

/// Where the web UI listens when it is only asked for.
pub const UI_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7180);

/// `[ui]`: the web UI. Its certificate is that of `[api]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiConfig {
    /// Where it listens; none: there is none.
    pub listen: Option<SocketAddr>,
    /// Names it is called by besides `localhost` and its address.
    pub hosts: Vec<String>,
}

/// What `listen` has to be.
pub(super) const LISTEN: &str = "an address and a port such as \"127.0.0.1:7180\" or \"[::1]:7180\"";
/// What `hosts` has to be.
pub(super) const HOSTS: &str = "a list of host names such as [\"picket.example\"]";

pub(super) fn listen(value: Value<'_, '_>) -> Result<SocketAddr, Wrong> {
    api::listen_on(value, UI_ADDRESS.port())
}

/// A name as browsers send it in `Host`, without a port: whichever port a tunnel or proxy has is good.
pub(super) fn host(value: Value<'_, '_>) -> Result<String, Wrong> {
    let text = string(value)?;
    if text.contains("://") || text.contains('/') {
        return Err(because(value, "the name alone, without http:// and path"));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(bare.to_owned());
    }
    if text.contains(':') {
        return Err(because(value, "the name without a port: any port is good"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.is_empty() || text.len() > 253 || !text.chars().all(fits) {
        return Err(because(
            value,
            "letters, digits, dots and hyphens; other names as browsers send them (xn--…)",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

//! `[metrics]`: where figures are had.

use std::net::SocketAddr;

use super::values::{Value, Wrong, because, string, wrong};

/// `[metrics]`: where figures are had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Where Prometheus may ask; none: on the agent's own socket only.
    pub listen: Option<SocketAddr>,
}

/// What `listen` has to be.
pub(super) const LISTEN: &str = "an address and a port, such as \"127.0.0.1:9464\"";

/// An address of its own: whoever wants to be asked from everywhere has to say from where.
pub(super) fn listen(value: Value<'_, '_>) -> Result<SocketAddr, Wrong> {
    let address: SocketAddr = string(value)?.parse().map_err(|_| wrong(value))?;
    if address.ip().is_unspecified() {
        return Err(because(
            value,
            "figures are not for everybody: name the one address of this host that is asked",
        ));
    }
    Ok(address)
}

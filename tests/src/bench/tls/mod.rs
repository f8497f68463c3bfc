//! `cargo xtask bench tls`: what it costs that Picket sees what TLS hides.

mod calls;
mod certificate;
mod client;
mod rate;
mod runtime;
mod saturate;
mod services;
mod sides;

pub use calls::child;

use super::Part;

/// Every part, in the order they run.
pub const PARTS: &[Part] = &[calls::PART, runtime::NGINX, runtime::NODE, runtime::GO, rate::PART];

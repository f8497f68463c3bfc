//! tls: what Picket knows about TLS connections.

pub mod hello;
pub mod sight;

//! tls: what Picket knows about TLS connections.

pub mod hello;

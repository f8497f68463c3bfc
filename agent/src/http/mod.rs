//! http: ordered bytes of a connection to requests and responses.

pub mod message;

pub use message::{Anomaly, Body, Header, Output, Request, Response};

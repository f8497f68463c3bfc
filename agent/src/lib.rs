//! Picket's agent, as a library so that tests, benchmarks and fuzz targets reach every stage.
//!
//! The data's way, one module a stage; [`pipeline`] wires them and is the place to start reading:
//!
//! ```text
//! probe ─> capture ─> stream ─> http ─> rules ─> event ─> (printed)
//!                                          └───> respond ─> deny maps
//! ```
//!
//! From [`stream`] to [`rules`] the code is pure: bytes and times come in as arguments.

pub mod api;
pub mod binary;
pub mod capture;
pub mod chain;
pub mod cli;
pub mod client_ip;
pub mod config;
pub mod desk;
pub mod detect;
pub mod discover;
pub mod doctor;
pub mod endpoint;
pub mod event;
pub mod geo;
pub mod http;
pub mod kept;
pub mod limits;
pub mod metrics;
pub mod notify;
pub mod pipeline;
pub mod probe;
pub mod query;
mod random;
pub mod respond;
pub mod rules;
pub mod service;
pub mod store;
pub mod stream;
pub mod time;
pub mod tls;
pub mod ui;
pub mod user;

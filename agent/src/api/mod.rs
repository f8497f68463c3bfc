//! api: what the agent tells and takes while it runs, as HTTP and JSON over a Unix socket, and over TCP where the
//! configuration says so.
//!
//! ```text
//! Unix socket ┐
//! TCP, TLS ───┴─> server: connections ─> access: who, what role ─> routes ─┬─> Desk: events, signals
//!                                                                         └─> Control: lists, configuration
//! ```
//!
//! `docs/api.md` describes it for people, `agent/openapi.json` for machines; tests hold both against the handlers.
//! Errors are `{"error":{"code","message","hint"}}`, see [`error::Code`].
#![forbid(unsafe_code)]

pub mod access;
pub mod client;
mod control;
pub mod error;
pub mod find;
mod inside;
pub mod net;
mod routes;
pub mod server;
#[cfg(test)]
pub(crate) mod tests;
pub mod tls;
pub mod types;

pub use access::{Caller, Person, TokenError, Tokens};
pub use client::{Client, ClientError};
pub use control::Control;
pub use error::{ApiError, Code};
pub use find::{Find, ListPage, Place};
pub use inside::{Door, Inside};
pub use routes::{Api, OPENAPI, Route, route_table};
pub use server::{BindError, Server, Tcp};
pub use types::{
    BlockRequest, BlockView, DenyRequest, Denylist, PassView, Reloaded, ServiceView, Stats, Version, Whom,
};

//! ui: the web UI, rendered on the server.
//!
//! ```text
//! browser ── HTTP ──> server ─> guard: Host, Origin, CSP ─> session: who ─> rows ─> pages ─┬─> Inside: the API
//!                                                                                          └─> Page: HTML
//! ```
//!
//! The UI is a client of the API inside the process: a page asks the same routes as the command line, with the role and
//! name of whoever is logged in, and a pure function makes HTML of the JSON. Nothing here touches the store or the
//! pipeline. `docs/ui.md` says how a page is added.
#![forbid(unsafe_code)]

mod answer;
mod assets;
mod command;
mod form;
mod frame;
mod guard;
mod live;
mod page;
mod pages;
mod parts;
mod rows;
mod server;
mod session;
mod target;
mod terms;
#[cfg(test)]
mod tests;
mod views;
mod visit;

use std::sync::Arc;

use axum::Router;
pub use server::Listener;

use self::{guard::Hosts, session::Doors};
use crate::api::Inside;

/// What all requests share.
pub(crate) struct Ui {
    api: Inside,
    doors: Arc<Doors>,
    hosts: Hosts,
    /// Connections are TLS: browsers are told to stay with that.
    tls: bool,
}

type Shared = Arc<Ui>;

impl Ui {
    fn new(api: Inside, doors: Arc<Doors>, hosts: Hosts, tls: bool) -> Arc<Self> {
        Arc::new(Self { api, doors, hosts, tls })
    }

    /// Paths to pages, behind what guards them.
    fn router(self: &Arc<Self>) -> Router {
        rows::router(self)
    }
}

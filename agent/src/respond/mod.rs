//! respond: who is kept out, for how long, and who never is.
//!
//! ```text
//! event ─> Policy (N attacks within a window) ─> Decision ─┐
//! a person ────────────────────────────────────> Block ────┴─> Denylist ─> Enforcer (XDP maps)
//!                                        Passlist says no ──────┘   └────> denylist.json
//! ```
//!
//! [`Policy`] is pure, and so is the blocking [`page`]. [`Denylist`] and [`Passlist`] keep their entries in the state directory and reach the
//! kernel only through an [`Enforcer`].

mod block;
mod denylist;
mod enforce;
mod entry;
pub mod host_addresses;
pub mod page;
mod passlist;
mod policy;
pub(crate) mod state_file;

pub use block::{Block, BlockError, Blocked, Obstacle, UnblockError};
pub use denylist::{Denylist, Listed, Opened, Snapshot};
pub use enforce::{Drops, EnforceError, Enforcer, Standing, boottime};
pub use entry::{By, Cause, Entry};
pub use host_addresses::HostAddresses;
pub use passlist::{PassChange, PassEntry, PassReason, Passlist, PasslistError};
pub use policy::{Attack, Decision, Policy, PolicyStats};
pub use state_file::{Notice, StateError};

#[cfg(test)]
mod tests;

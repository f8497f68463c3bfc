//! judge: rule engines behind one trait, so that the same requests can be put before each of them.
//!
//! Picket's own engine, and two to compare with: libmodsecurity and libddwaf. These are C libraries that
//! are loaded when asked for, by tests and benchmarks only; nothing of them is linked into anything.

mod ddwaf;
mod library;
mod message;
mod modsecurity;
mod picket;

use std::net::IpAddr;

use anyhow::Result;

pub use ddwaf::{Ddwaf, shown};
pub use message::{Field, Message};
pub use modsecurity::{Configuration, Engine, ModSecurity, Regression};
pub use picket::Picket;

/// What a judge says of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Ids of the rules that matched.
    pub rules: Vec<String>,
    /// What it would answer in the service's place; none: it lets the request through.
    pub status: Option<u16>,
}

/// A rule engine, with its rules.
pub trait Judge {
    /// Which engine, which rules.
    fn name(&self) -> String;

    /// Judges a request. The head comes taken apart, the body as it is: what is in there is the engine's
    /// to find.
    ///
    /// # Errors
    /// It could not be judged.
    fn judge(&mut self, client: IpAddr, message: &Message) -> Result<Judged>;
}

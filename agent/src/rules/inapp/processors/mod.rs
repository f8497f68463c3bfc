//! Processors: what In-App WAF makes out of a transaction beside matches.
//!
//! ```text
//! Config ─compile─> Processors ─run─> fingerprints   http-get-0ede9e60-0ac3796a-9798c0e4
//!                       │             schemas        [{"user": [8, {"type": "email", …}]}]
//!   Transaction ─> Store ┘            decoded tokens {"header": …, "payload": …, "signature": …}
//! ```
//!
//! A processor takes objects by their addresses and makes one under an address of its own: for rules to
//! look at (`evaluate`), for the event (`output`), or both. What each makes is byte for byte what libddwaf
//! 2.1 makes of the same objects; `tests/tests/processors.rs` runs both side by side.

mod compile;
mod config;
pub mod fingerprint;
pub mod jwt;
mod matcher;
mod run;
mod scanner;
mod schema;
mod store;
#[cfg(test)]
mod tests;
pub mod uri;

pub use compile::{CompileError, Processors};
pub use config::{
    Checksum, Condition, Config, Generator, Input, Mapping, Operator, Processor, Reference, Scalar, Scanner,
    Scanners, Tags,
};
pub use run::Stage;
pub use store::Store;

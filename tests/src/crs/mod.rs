//! crs: the regression tests of the OWASP Core Rule Set, put before a rule engine.
//!
//! ```text
//! yaml (files) ─> request: bytes that go-ftw would send ─┐
//!             └─> expect: what must come of it ──────────┴─> Stage ─> run (Judge) ─> Report
//!                                                                        exceptions ──┘
//! ```
//!
//! The format is that of ftw, the Framework for Testing WAFs: a file for each rule, tests in it, stages
//! in these (CRS 3.3.4 has one stage a test). A stage that does not hold has to stand, with its reason,
//! in a file of exceptions of that engine; one that stands there and holds is an error too.

pub mod exceptions;
mod expect;
mod report;
mod request;
mod run;
pub mod server;
mod stage;
mod yaml;

pub use exceptions::Exceptions;
pub use expect::Expected;
pub use report::{Outcome, Report};
pub use run::{CLIENT, run};
pub use stage::{Stage, load};

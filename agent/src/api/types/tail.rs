//! What a live tail tells.

use serde::{Deserialize, Serialize};

use crate::{
    detect::signals::{ChangeKind, Signal},
    event::Event,
};

/// One thing of a tail, as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tailed {
    /// An event.
    Event(Box<Event>),
    /// A signal changed.
    Signal(Box<SignalChanged>),
    /// The client was too slow, or asked for more than is kept.
    Lag(Lag),
}

/// `data` of the server-sent event `signal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalChanged {
    /// How.
    pub kind: ChangeKind,
    /// As it is now.
    pub signal: Signal,
}

/// `data` of the server-sent event `lag`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// So many were left out here, whether they would have passed the query or not.
    pub left_out: u64,
}

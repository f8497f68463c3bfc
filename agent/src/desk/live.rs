//! What happens now, for tails.

use std::sync::Arc;

use crate::{detect, event::Event};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Live {
    /// An event.
    Event(Arc<Event>),
    /// A signal was opened, changed, or a person decided on it.
    Signal(Box<detect::Change>),
}

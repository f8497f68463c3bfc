//! Questions to the store, on connections of their own that can only read.

mod actors;
mod outbox;
mod page;
mod parts;
mod pool;
pub(super) mod question;
mod signals;
mod tables;
mod tally;
mod timeline;
mod values;
mod walk;

pub use actors::{Actor, Actors};
pub use page::{Cursor, Page, StoredEvent};
pub use pool::Reader;
pub use signals::RuleSignals;
pub use tables::{Count, CountBy, Counted};
pub use tally::{Facet, Reach, Total};
pub use timeline::{Series, Timeline};
pub use values::FacetValue;

/// A stretch of time in nanoseconds since the epoch: from the first on, before the second. None: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// From here on.
    pub from: Option<i64>,
    /// Before this.
    pub to: Option<i64>,
}

impl Between {
    /// All the time.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Between two moments.
    #[must_use]
    pub fn new(from: i64, to: i64) -> Self {
        Self { from: Some(from), to: Some(to) }
    }

    fn first(self) -> i64 {
        self.from.unwrap_or(0).max(0)
    }

    fn end(self) -> i64 {
        self.to.unwrap_or(i64::MAX)
    }
}

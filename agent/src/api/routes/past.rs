//! Stored events looked at again, the newest first: what something would have done to them.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::{
    api::ApiError,
    query::Sql,
    store::{Reader, read::Between},
};

/// How long it is looked, unless somebody says otherwise.
pub(super) const LONGEST: Duration = Duration::from_secs(2);
/// Events of a page of the store.
const PAGE: usize = 500;
/// What is given as examples.
pub(super) const EXAMPLES: usize = 10;

/// Shows events, at most so many and for so long. Whether they were all.
///
/// # Errors
///
/// When the store can't be read.
pub(super) fn newest<E: DeserializeOwned>(
    reader: &Reader,
    condition: &Sql,
    between: Between,
    (most, longest): (u64, Duration),
    mut see: impl FnMut(E),
) -> Result<bool, ApiError> {
    let began = Instant::now();
    let (mut seen, mut after) = (0, None);
    loop {
        let page = reader.events(condition, between, PAGE, after.as_ref())?;
        for stored in page.rows {
            if seen >= most || began.elapsed() >= longest {
                return Ok(false);
            }
            // What is no event any more, after an update, is not counted.
            let Ok(event) = serde_json::from_str(&stored.json) else { continue };
            seen += 1;
            see(event);
        }
        let Some(next) = page.next else { return Ok(true) };
        after = Some(next);
    }
}

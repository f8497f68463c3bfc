//! A stretch of time is looked through piece by piece, the newest first, until it has to do.

use std::time::Duration;

use rusqlite::Result;

use super::{
    super::rollup,
    parts::{Part, Stretch},
    pool::Deadline,
};

/// First piece of events, nanoseconds; then longer ones as time allows.
const EVENTS: i64 = 1_000_000_000;

/// Where rollups may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coarsest {
    /// Nowhere: no rollup has what is asked for.
    Events,
    /// Those of stretches up to so many nanoseconds.
    Level(i64),
    /// The events are few, and an index has them: all in one piece.
    Few,
    /// There are no such events at all.
    None,
}

/// Looks through a stretch with `look`, which takes each piece as a whole or not at all. Gives the time since when it
/// was looked through. Not even the first piece in time is an error.
pub(super) fn walk(
    stretch: Stretch,
    coarsest: Coarsest,
    deadline: &Deadline,
    look: &mut dyn FnMut(Part) -> Result<()>,
) -> Result<i64> {
    let Stretch { from, to, .. } = stretch;
    let mut walk = Walk { deadline, look, to, since: to, counted: false };
    let parts = match coarsest {
        Coarsest::None => return Ok(from),
        Coarsest::Few => {
            (walk.look)(Part::Events(from, to))?;
            return Ok(from);
        }
        Coarsest::Events => vec![Part::Events(from, to)],
        Coarsest::Level(coarsest) => {
            if coarsest == i64::MAX
                && let Some(all) = stretch.all()
            {
                // A part of the patience; the newest days are better than nothing.
                match deadline.until(deadline.elapsed() + deadline.patience * 2 / 3, || (walk.look)(all)) {
                    Err(error) if Deadline::is_why(&error) && !deadline.over() => (),
                    done => return done.map(|()| from),
                }
            }
            stretch.split(coarsest)
        }
    };
    for part in parts {
        if !walk.part(part)? {
            break;
        }
    }
    Ok(walk.since.clamp(from, to))
}

struct Walk<'w> {
    deadline: &'w Deadline,
    look: &'w mut dyn FnMut(Part) -> Result<()>,
    /// Behind it there is nothing.
    to: i64,
    since: i64,
    /// Something was looked through.
    counted: bool,
}

impl Walk<'_> {
    /// Whether it was looked through to its beginning.
    fn part(&mut self, part: Part) -> Result<bool> {
        let (first, mut end, mut length, size) = match part {
            Part::Events(first, end) => (first, end, EVENTS, 1),
            Part::Level((_, size), first, end) => (first, end, 1, size),
        };
        let deadline = self.deadline;
        while end > first {
            if self.counted && deadline.impatient() {
                return Ok(false);
            }
            let start = first.max(end.saturating_sub(length));
            let (piece, is_level) = match part {
                Part::Events(..) => (Part::Events(start, end), false),
                Part::Level(level, ..) => (Part::Level(level, start, end), true),
            };
            let began = deadline.elapsed();
            let leash = match (self.counted, is_level) {
                (true, _) => deadline.patience,
                // Half of what is left: finer pieces take the other half, should it be too much.
                (false, true) => began + deadline.patience.saturating_sub(began) / 2,
                (false, false) => Duration::MAX,
            };
            match deadline.until(leash, || (self.look)(piece)) {
                Ok(()) => (),
                Err(error) if !Deadline::is_why(&error) => return Err(error),
                Err(_) if self.counted => return Ok(false),
                // A day may have more rows than there is time for, and so may an hour; seconds of events have not.
                Err(_) if is_level && !deadline.over() => return self.finer(size, first, end),
                Err(error) => return Err(error),
            }
            end = start;
            self.counted = true;
            self.since = start.saturating_mul(size);
            let took = deadline.elapsed().saturating_sub(began);
            if took * 32 < deadline.patience {
                length = length.saturating_mul(4);
            } else if took * 8 > deadline.patience {
                length = (length / 2).max(1);
            }
        }
        Ok(true)
    }

    /// The same as a part of a finer level, or of events; from where there are some.
    fn finer(&mut self, size: i64, first: i64, end: i64) -> Result<bool> {
        let (from, to) = (first.saturating_mul(size), end.saturating_mul(size).min(self.to));
        let hour = rollup::HOURS.1;
        let hours = size > hour && size != rollup::ALL.1;
        self.part(if hours {
            Part::Level(rollup::HOURS, from / hour, to.saturating_add(hour - 1) / hour)
        } else {
            Part::Events(from, to)
        })
    }
}

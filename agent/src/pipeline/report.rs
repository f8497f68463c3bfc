//! What the kernel allows, looked at again when somebody wants to know it.
//!
//! That takes a second or two: programs are loaded to see whether they can be. Who is in a hurry gets what was found
//! the last time, and the next one what is found now.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{api::types::DoctorView, doctor};

/// A report that is younger is as good as a new one.
const LASTS: Duration = Duration::from_secs(60);

/// The last report.
#[derive(Debug, Default)]
pub(super) struct Report {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    known: Option<(Instant, DoctorView)>,
    /// Somebody looks just now.
    looking: bool,
    /// Why nobody can.
    failed: Option<String>,
}

impl State {
    /// What was found lately.
    fn fresh(&self) -> Option<&DoctorView> {
        self.known.as_ref().filter(|(at, _)| at.elapsed() < LASTS).map(|(_, view)| view)
    }
}

impl Report {
    /// A report of the last minute; when none comes within the patience, the one before, if there is one.
    ///
    /// # Errors
    ///
    /// When it can't be looked.
    pub fn get(
        self: &Arc<Self>,
        cgroup: Option<PathBuf>,
        patience: Duration,
    ) -> Result<Option<DoctorView>, String> {
        self.looked(patience, move || DoctorView::of(&doctor::examine(cgroup.as_deref()), Timestamp::now()))
    }

    fn looked(
        self: &Arc<Self>,
        patience: Duration,
        look: impl FnOnce() -> DoctorView + Send + 'static,
    ) -> Result<Option<DoctorView>, String> {
        let end = Instant::now() + patience;
        let mut state = self.state();
        if state.fresh().is_none() && !state.looking {
            (state.looking, state.failed) = (true, None);
            drop(state);
            let looking = Looking(Arc::clone(self));
            let begun = thread::Builder::new().name("doctor".to_owned()).spawn(move || looking.with(look));
            begun.map_err(|error| format!("no thread to look at this host: {error}"))?;
            state = self.state();
        }
        while state.fresh().is_none() && state.looking {
            let Some(left) = end.checked_duration_since(Instant::now()) else { break };
            state = self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        match (&state.known, &state.failed) {
            (Some((_, view)), _) => Ok(Some(view.clone())),
            (None, Some(why)) => Err(why.clone()),
            (None, None) => Ok(None),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who looks. However it ends, those who wait learn of it.
struct Looking(Arc<Report>);

impl Looking {
    fn with(self, look: impl FnOnce() -> DoctorView) {
        let view = look();
        self.0.state().known = Some((Instant::now(), view));
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.looking = false;
        if thread::panicking() {
            state.failed = Some("looking at this host ended with a panic; please report it".to_owned());
        }
        drop(state);
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn found(seconds: i64) -> DoctorView {
        let time = Timestamp::from_second(seconds).expect("a time");
        DoctorView { time, watch: true, block: true, items: Vec::new(), tls: doctor::Runtimes::default() }
    }

    /// Makes what is known old.
    fn age(report: &Report) {
        let mut state = report.state();
        let (at, _) = state.known.as_mut().expect("a report");
        *at = at.checked_sub(LASTS).expect("this host runs for a minute");
    }

    #[test]
    fn who_is_in_a_hurry_gets_the_last_one_and_all_wait_for_the_same() {
        let report = Arc::new(Report::default());
        let (go, wait) = mpsc::channel::<()>();
        let slow = move || {
            wait.recv().expect("told to go on");
            found(1)
        };
        assert_eq!(report.looked(Duration::ZERO, slow), Ok(None), "there is none before");
        let other = {
            let report = Arc::clone(&report);
            thread::spawn(move || report.looked(LONG, || panic!("nobody else looks meanwhile")))
        };
        go.send(()).expect("it waits");
        assert_eq!(other.join().expect("no panic"), Ok(Some(found(1))));
        assert_eq!(report.looked(LONG, || panic!("it is fresh")), Ok(Some(found(1))));
        age(&report);
        let (go, wait) = mpsc::channel::<()>();
        let slow = move || {
            wait.recv().expect("told to go on");
            found(2)
        };
        assert_eq!(report.looked(Duration::ZERO, slow), Ok(Some(found(1))), "the one before");
        go.send(()).expect("it waits");
        assert_eq!(report.looked(LONG, || panic!("somebody looks")), Ok(Some(found(2))));
    }

    #[test]
    fn a_look_that_fails_holds_nobody_up() {
        let report = Arc::new(Report::default());
        let why = report.looked(LONG, || panic!("of this test")).expect_err("nothing was found");
        assert!(why.contains("panic"), "{why}");
        assert_eq!(report.looked(LONG, || found(1)), Ok(Some(found(1))), "it is tried again");
    }
}

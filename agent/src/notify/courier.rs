//! The courier: a thread that goes the rounds of all targets.

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    runtime::Runtime,
    sync::{Notify, watch},
    task::JoinSet,
};

use super::{
    error::NotifyError,
    message::{Notification, What},
    outbox::{self, Outbox},
    pace::Pace,
    retry::Schedule,
    round::Round,
    route::{Making, Target},
    secret::Secrets,
    stats::{Tally, TargetStats},
};
use crate::{
    config::NotifyTarget,
    limits::NOTIFY_TESTS,
    store::{Reader, StoreHandle},
};

/// What is under way when the courier stops may end within this; it is sent again otherwise.
const GRACE: Duration = Duration::from_secs(2);

/// Delivers what the outbox holds. Dropped, it stops; what is not delivered stays in the store.
pub struct Courier {
    outbox: Outbox,
    schedule: Schedule,
    /// Held only as long as it takes to look: those who wake us handle events.
    work: Mutex<Work>,
    /// One change of targets at a time.
    changing: Mutex<()>,
}

/// What goes on.
#[derive(Default)]
struct Work {
    targets: Vec<Arc<Target>>,
    tallies: BTreeMap<String, Arc<Tally>>,
    /// How often targets may be tested.
    tests: BTreeMap<String, Pace>,
    running: Option<Running>,
}

struct Running {
    wakes: Vec<Arc<Notify>>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Courier {
    /// Starts with the targets of a configuration. Without any there is no thread, and what waits for targets that are
    /// no more is dropped.
    ///
    /// # Errors
    /// Secrets, certificates or a thread are not to be had.
    pub fn start(
        targets: &[NotifyTarget],
        handle: StoreHandle,
        reader: Reader,
        secrets: &Secrets,
    ) -> Result<Self, NotifyError> {
        Self::start_with(targets, Outbox { reader, handle }, secrets, Schedule::default())
    }

    pub(super) fn start_with(
        targets: &[NotifyTarget],
        outbox: Outbox,
        secrets: &Secrets,
        schedule: Schedule,
    ) -> Result<Self, NotifyError> {
        let courier = Self { outbox, schedule, work: Mutex::default(), changing: Mutex::default() };
        courier.reconfigure(targets, secrets)?;
        Ok(courier)
    }

    /// Goes on with other targets; what waits for those that are still there is delivered. Nothing changes if this fails.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn reconfigure(&self, targets: &[NotifyTarget], secrets: &Secrets) -> Result<(), NotifyError> {
        let making = Making { secrets, host: host().into(), system: OnceLock::new() };
        let targets = targets.iter().map(|target| Target::new(target, &making).map(Arc::new));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.work().running.take();
        if let Some(running) = running {
            running.stop();
        }
        let known: Vec<String> = targets.iter().map(|target| target.config.name.clone()).collect();
        for (target, count) in self.outbox.sweep(&known) {
            tracing::warn!(
                target_name = target,
                count,
                "notifications of a target that is no more were dropped"
            );
        }
        let mut work = self.work();
        work.tallies.retain(|name, _| known.contains(name));
        work.tests.retain(|name, _| known.contains(name));
        for target in &targets {
            let name = target.config.name.clone();
            let tally = work.tallies.entry(name.clone()).or_default();
            tally.count(|stats| {
                stats.name = name;
                stats.via = target.config.via.name().to_owned();
                stats.address = target.address.clone();
            });
        }
        work.targets = targets;
        if !work.targets.is_empty() {
            work.running = Some(self.run(&work).map_err(NotifyError::Thread)?);
        }
        Ok(())
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, work: &Work) -> io::Result<Running> {
        let (stop, stopped) = watch::channel(false);
        let mut wakes = Vec::new();
        let mut rounds = Vec::new();
        for target in &work.targets {
            let wake = Arc::new(Notify::new());
            wakes.push(Arc::clone(&wake));
            let tally = work.tallies.get(&target.config.name).cloned().unwrap_or_default();
            let parts = (tally, wake, stopped.clone());
            rounds.push(Round::new(Arc::clone(target), self.outbox.clone(), self.schedule, parts));
        }
        let runtime = runtime()?;
        let thread = thread::Builder::new().name("notify".to_owned()).spawn(move || {
            runtime.block_on(go(rounds, stopped));
            // A name that is being looked up can't be stopped.
            runtime.shutdown_background();
        })?;
        Ok(Running { wakes, stop, thread })
    }

    /// There is something new in the outbox, or will be once what was given to the store is written.
    pub fn wake(&self) {
        let work = self.work();
        for wake in work.running.iter().flat_map(|running| &running.wakes) {
            wake.notify_one();
        }
    }

    /// What became of each target's notifications, by name. Asks the store how many wait.
    #[must_use]
    pub fn stats(&self) -> Vec<TargetStats> {
        let tallies: Vec<Arc<Tally>> = {
            let work = self.work();
            work.tallies.values().cloned().collect()
        };
        if tallies.is_empty() {
            return Vec::new();
        }
        let waiting: BTreeMap<String, u64> =
            self.outbox.reader.outbox_counts().unwrap_or_default().into_iter().collect();
        let stats = tallies.iter().map(|tally| {
            let stats = tally.read();
            TargetStats { waiting: waiting.get(&stats.name).copied().unwrap_or(0), ..stats }
        });
        stats.collect()
    }

    /// The targets as they are configured, and what became of the notifications of each.
    #[must_use]
    pub fn targets(&self) -> Vec<(NotifyTarget, TargetStats)> {
        let configured: Vec<NotifyTarget> =
            self.work().targets.iter().map(|target| target.config.clone()).collect();
        let mut stats: BTreeMap<String, TargetStats> =
            self.stats().into_iter().map(|stats| (stats.name.clone(), stats)).collect();
        configured
            .into_iter()
            .map(|target| {
                let stats = stats.remove(&target.name).unwrap_or_default();
                (target, stats)
            })
            .collect()
    }

    /// Sends a test to a target, now, past everything that waits. Gives the receiver's words. Blocks the thread, at most as
    /// long as the target's timeout; not to be called within an asynchronous task.
    ///
    /// # Errors
    /// There is no such target, it was tested too often, or the test did not arrive.
    pub fn test(&self, target: &str) -> Result<String, NotifyError> {
        let found = {
            let mut work = self.work();
            let found = named(work.targets.iter(), |known| known.config.name.as_str(), target)?.clone();
            let now = Instant::now();
            let pace = work.tests.entry(target.to_owned()).or_insert_with(|| Pace::new(NOTIFY_TESTS, now));
            if pace.left(now) == 0 {
                return Err(NotifyError::Tests { target: target.to_owned(), wait: pace.wait(now) });
            }
            pace.take();
            found
        };
        try_out(&found)
    }
}

/// Sends a test to a target of a configuration, without an agent. Gives the receiver's words; blocks the thread.
///
/// # Errors
/// Secrets or certificates are not to be had, or the test did not arrive.
pub fn test(target: &NotifyTarget) -> Result<String, NotifyError> {
    let secrets = Secrets::read(std::slice::from_ref(target))?;
    let making = Making { secrets: &secrets, host: host().into(), system: OnceLock::new() };
    try_out(&Target::new(target, &making)?)
}

fn try_out(target: &Target) -> Result<String, NotifyError> {
    let time = Timestamp::now();
    let notification =
        Notification { id: outbox::id(crate::time::since_epoch(time), "test"), time, what: What::Test };
    let runtime = runtime().map_err(NotifyError::Thread)?;
    let sent = runtime.block_on(target.send(&notification));
    runtime.shutdown_background();
    sent.map_err(|failure| NotifyError::Undelivered {
        target: target.config.name.clone(),
        problem: failure.why,
    })
}

/// The one of this name.
///
/// # Errors
/// There is none; which there are.
pub fn named<T>(
    targets: impl Iterator<Item = T> + Clone,
    name_of: impl Fn(&T) -> &str,
    name: &str,
) -> Result<T, NotifyError> {
    targets.clone().find(|target| name_of(target) == name).ok_or_else(|| {
        let known: Vec<String> = targets.map(|target| name_of(&target).to_owned()).collect();
        NotifyError::Unknown {
            name: name.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        }
    })
}

impl Drop for Courier {
    fn drop(&mut self) {
        let running = self.work().running.take();
        if let Some(running) = running {
            running.stop();
        }
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

impl Running {
    fn stop(self) {
        // The thread may have ended already.
        let _ = self.stop.send(true);
        if self.thread.join().is_err() {
            tracing::error!("the thread for notifications ended with a panic; please report it");
        }
    }
}

/// Goes all rounds until it is stopped.
async fn go(rounds: Vec<Round>, mut stopped: watch::Receiver<bool>) {
    let mut going = JoinSet::new();
    for round in rounds {
        going.spawn(round.run());
    }
    // An error: nobody is left who could stop us.
    let _ = stopped.wait_for(|stop| *stop).await;
    let ended = async { while going.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The name of this machine (uname(2)).
fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

//! Discovery as others see it: started with what to attach, asked what it found, dropped.
#![forbid(unsafe_code)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    Stats, StreamError, View,
    attachments::Attach,
    jobs::Jobs,
    perf::{Stream, Wake},
    processes::Caps,
    watch::Watch,
};
use crate::limits::DISCOVER_RINGS;

/// Time between two looks at whether the first look is over.
const FIRST_LOOK_STEP: Duration = Duration::from_millis(2);

/// How discovery behaves.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a file stays attached to after the last process that had it mapped, so that programs that are started
    /// again and again are not attached to each time. As long, the mount it lies in is busy.
    pub grace: Duration,
    /// Bytes of all CPUs' ring buffers together; at least a page a CPU, at most 512 KiB.
    pub rings: usize,
    /// Caps of the table.
    pub caps: Caps,
}

impl Default for Options {
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), rings: DISCOVER_RINGS, caps: Caps::default() }
    }
}

/// Discovery at work. Dropping it ends its threads and takes all probes off, which takes the kernel up to 0.1 s a probe.
pub struct Discovery<A: Attach> {
    view: View<A::What>,
    jobs: Arc<Jobs<A>>,
    stop: Arc<AtomicBool>,
    wake: Wake,
    threads: Vec<JoinHandle<()>>,
}

impl<A: Attach> Discovery<A> {
    /// Begins to follow the kernel's records, looks at all processes that run, and goes on in threads of its own.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell what processes map, or there is no thread to be had.
    pub fn start(attach: A, options: Options) -> Result<Self, StreamError> {
        // The stream first: what happens during the look must not be missed.
        let stream = Stream::open(options.rings)?;
        let (done, finished) = mpsc::channel();
        let jobs = Jobs::new(attach, Arc::default(), done, stream.wake()?);
        let (view, stop, wake) = (View::default(), Arc::new(AtomicBool::new(false)), stream.wake()?);
        // Dropped on an early return, which ends the threads that run already.
        let mut discovery = Self {
            view: view.clone(),
            jobs: Arc::clone(&jobs),
            stop: Arc::clone(&stop),
            wake,
            threads: vec![],
        };
        discovery.threads = jobs.start()?;
        let mut watch = Watch::new(stream, jobs, view, options);
        let thread = thread::Builder::new().name("picket-discover".to_owned());
        discovery.threads.push(thread.spawn(move || watch.run(&finished, &stop))?);
        Ok(discovery)
    }

    /// Which runtimes processes have mapped.
    #[must_use]
    pub fn view(&self) -> View<A::What> {
        self.view.clone()
    }

    /// Its counters.
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.jobs.stats)
    }

    /// Files that are attached to, those included that are just being detached from.
    #[must_use]
    pub fn attached(&self) -> usize {
        self.jobs.attachments.len()
    }

    /// Waits until what ran when discovery began is attended to. False: it took too long, and goes on.
    #[must_use]
    pub fn wait_for_first_look(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while !self.jobs.stats.looked.load(Ordering::Acquire) || self.waiting() > 0 {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(FIRST_LOOK_STEP);
        }
        true
    }

    /// Files that wait to be inspected and attached to, or just are.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.jobs.waiting()
    }
}

impl<A: Attach> Drop for Discovery<A> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake.wake();
        self.jobs.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of discovery ended with a panic; please report it");
            }
        }
    }
}

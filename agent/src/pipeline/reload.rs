//! Reloading: the configuration is read, its rules compiled and put in force on a thread of its own.
//!
//! The settings before stay in force until the new ones are ready, and when they are not to be had. Workers notice
//! only a number that has changed. Who asks while a reload runs gets the next one, which serves all that asked by then.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use super::{configuration, memory, settings::Settings, shared::Shared, spawn};
use crate::{
    api::{ApiError, Code, Reloaded},
    cli::run::RunOptions,
    config::{self, Config},
    limits,
};

/// How much nicer than the others the thread is (setpriority(2), which Linux has for each thread): beside a busy worker it
/// gets about a tenth of a CPU, so that a compile of half a second stays one of seconds under full load, and takes next
/// to nothing from judging.
const NICE: i32 = 10;
/// Settings that were replaced are kept this long: responses to what they judged still come in.
const KEPT: Duration = Duration::from_secs(30);

type Answer = Result<Reloaded, ApiError>;
/// Somebody who asked for a reload; without a sender nobody waits for its answer.
type Asked = Option<SyncSender<Answer>>;

/// Where reloads are asked for.
pub struct Reloader {
    asked: SyncSender<Asked>,
}

impl Reloader {
    /// Starts the thread. `config` is what is in force.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub fn start(shared: Arc<Shared>, options: RunOptions, config: Config) -> io::Result<Self> {
        Self::doing(Reloads { shared, options, config, before: None })
    }

    fn doing(mut work: impl Work) -> io::Result<Self> {
        let (asked, waiting) = mpsc::sync_channel(limits::RELOADS_WAITING);
        // It ends with its sender; at the agent's end nobody waits for a compile.
        spawn("picket-reload", move || serve(&waiting, &mut work))?;
        Ok(Self { asked })
    }

    /// Asks for a reload.
    ///
    /// # Errors
    ///
    /// [`Code::Refused`] when too many wait for one already.
    pub fn ask(&self, answer: Asked) -> Result<(), ApiError> {
        self.asked.try_send(answer).map_err(|error| match error {
            TrySendError::Full(_) => ApiError::new(Code::Refused, "too many wait for a reload already")
                .hint("one that waits serves all of them"),
            TrySendError::Disconnected(_) => ApiError::new(Code::Internal, "the agent is stopping"),
        })
    }

    /// Asks for a reload and waits for what comes of it.
    ///
    /// # Errors
    ///
    /// [`Code::BadRequest`] when the configuration is wrong; what was in force is still.
    pub fn reload(&self) -> Answer {
        let (answer, answered) = mpsc::sync_channel(1);
        self.ask(Some(answer))?;
        answered.recv().unwrap_or_else(|_| {
            Err(ApiError::new(Code::Internal, "the reload did not end; see the agent's log"))
        })
    }
}

/// What the thread does.
trait Work: Send + 'static {
    /// Reloads.
    fn reload(&mut self) -> Answer;

    /// How long it can rest until something is to be put away; none: until somebody asks.
    fn rest(&self) -> Option<Duration> {
        None
    }

    /// Puts it away.
    fn put_away(&mut self) {}
}

fn serve(waiting: &Receiver<Asked>, work: &mut impl Work) {
    // The worst there is comes of itself where this would be more.
    let nicer = rustix::process::getpriority_process(None)
        .and_then(|own| rustix::process::setpriority_process(None, own + NICE));
    if let Err(error) = nicer {
        tracing::debug!(%error, "reloads run with the agent's own priority");
    }
    while let Some(first) = next(waiting, work) {
        // All that asked until now want what the file says now.
        let all: Vec<Asked> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let reloaded = work.reload();
        log(&reloaded);
        for answer in all.into_iter().flatten() {
            // Who asked may have gone.
            let _ = answer.try_send(reloaded.clone());
        }
    }
}

/// The next that asks.
fn next(waiting: &Receiver<Asked>, work: &mut impl Work) -> Option<Asked> {
    loop {
        let Some(rest) = work.rest() else { return waiting.recv().ok() };
        match waiting.recv_timeout(rest) {
            Ok(asked) => return Some(asked),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => work.put_away(),
        }
    }
}

/// The agent's reloads.
struct Reloads {
    shared: Arc<Shared>,
    options: RunOptions,
    config: Config,
    /// What was in force, and since when it is not. Held here so that no worker has to take its rules apart.
    before: Option<(Instant, Arc<Settings>)>,
}

impl Work for Reloads {
    fn rest(&self) -> Option<Duration> {
        self.before.as_ref().map(|(since, _)| KEPT.saturating_sub(since.elapsed()))
    }

    fn put_away(&mut self) {
        self.before = None;
        memory::give_back();
    }

    fn reload(&mut self) -> Answer {
        let began = Instant::now();
        let wrong = |error: String| {
            ApiError::new(Code::BadRequest, error).hint("what was in force before is in force still")
        };
        let new = configuration(&self.options).map_err(|error| wrong(format!("{error:#}")))?;
        let settings =
            Settings::make(&new, self.shared.generation() + 1).map_err(|error| wrong(error.to_string()))?;
        let mut files: Vec<String> = Vec::new();
        for file in settings.policies.rules().into_iter().flat_map(|rules| rules.files()) {
            let file = file.display().to_string();
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let mut reloaded = Reloaded {
            changes: self.config.changed(&new).into_iter().map(str::to_owned).collect(),
            needs_restart: self.config.needs_restart(&new).into_iter().map(str::to_owned).collect(),
            generation: 0,
            config: config_file(&self.options).map(|file| file.display().to_string()),
            files,
            rules: settings.rules() as u64,
            policies: settings.policies.iter().count().saturating_sub(1) as u64,
            warnings: settings.policies.warnings.clone(),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        self.shared.desk.reload(&new).map_err(|error| wrong(error.to_string()))?;
        self.shared.responder().reconfigure(&new, Arc::clone(&settings.page))?;
        let before = self.shared.replace_settings(&settings);
        reloaded.generation = self.shared.generation();
        self.before = Some((Instant::now(), before));
        self.config = new;
        Ok(reloaded)
    }
}

/// The configuration file that is read; none: there is none.
pub(super) fn config_file(options: &RunOptions) -> Option<PathBuf> {
    let default = Path::new(config::DEFAULT_PATH);
    let file = options.config.as_deref().or_else(|| default.exists().then_some(default))?;
    Some(std::path::absolute(file).unwrap_or_else(|_| file.to_owned()))
}

fn log(reloaded: &Answer) {
    match reloaded {
        Ok(Reloaded { changes, needs_restart, generation, rules, took_ms, warnings, .. }) => {
            tracing::info!(
                changes = changes.join(", "),
                generation,
                rules,
                took_ms,
                "configuration reloaded"
            );
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            if !needs_restart.is_empty() {
                tracing::warn!(
                    keys = needs_restart.join(", "),
                    "changed, but only a restart takes these over"
                );
            }
        }
        Err(error) => tracing::error!("the running configuration stays in force: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reloads only when it is let, and says when it has begun.
    struct Slow {
        number: u64,
        begun: mpsc::Sender<u64>,
        may_end: Receiver<()>,
    }

    impl Work for Slow {
        fn reload(&mut self) -> Answer {
            self.number += 1;
            self.begun.send(self.number).unwrap();
            self.may_end.recv().unwrap();
            Ok(Reloaded { generation: self.number, ..Reloaded::default() })
        }
    }

    #[test]
    fn who_asks_meanwhile_gets_the_next_one_and_that_is_one() {
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel();
        let reloader = Reloader::doing(Slow { number: 0, begun, may_end }).unwrap();
        let ask = || {
            let (answer, answered) = mpsc::sync_channel(1);
            reloader.ask(Some(answer)).map(|()| answered)
        };
        let first = ask().unwrap();
        assert_eq!(has_begun.recv(), Ok(1));
        // A signal waits for nothing.
        reloader.ask(None).unwrap();
        let waiting: Vec<_> = (1..limits::RELOADS_WAITING).map(|_| ask().unwrap()).collect();
        let error = ask().unwrap_err();
        assert_eq!(error.code, Code::Refused, "{error}");
        end.send(()).unwrap();
        assert_eq!(first.recv().unwrap().unwrap().generation, 1);
        assert_eq!(has_begun.recv(), Ok(2));
        let third = ask().unwrap();
        end.send(()).unwrap();
        for answered in waiting {
            assert_eq!(answered.recv().unwrap().unwrap().generation, 2);
        }
        end.send(()).unwrap();
        assert_eq!(third.recv().unwrap().unwrap().generation, 3);
        drop(reloader);
        assert_eq!(has_begun.iter().collect::<Vec<_>>(), [3], "three reloads, and the thread has ended");
    }
}

//! Reloading: the configuration is read, its rules compiled and put in force on a thread of its own.
//!
//! The settings before stay in force until the new ones are ready, and when they are not to be had. Workers notice
//! only a number that has changed. Who asks while a reload runs gets the next one, which serves all that asked by then.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use super::{configuration, settings::Settings, shared::Shared, spawn};
use crate::{
    api::{ApiError, Code, Reloaded},
    cli::run::RunOptions,
    config::{self, Config},
    limits,
};

/// How nice the thread is (setpriority(2)): beside a busy worker it gets about a tenth of a CPU, so that a compile of
/// half a second stays one of seconds under full load, and takes next to nothing from judging.
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
        let (asked, waiting) = mpsc::sync_channel(limits::RELOADS_WAITING);
        let mut reloads = Reloads { waiting, shared, options, config, before: None };
        // It ends with its sender; at the agent's end nobody waits for a compile.
        spawn("picket-reload", move || reloads.run())?;
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
        answered.recv().unwrap_or_else(|_| Err(ApiError::new(Code::Internal, "the reload did not end; see the agent's log")))
    }
}

/// The thread's own.
struct Reloads {
    waiting: Receiver<Asked>,
    shared: Arc<Shared>,
    options: RunOptions,
    config: Config,
    /// What was in force, and until when. Held here so that no worker has to take its rules apart.
    before: Option<(Instant, Arc<Settings>)>,
}

impl Reloads {
    fn run(&mut self) {
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::debug!(%error, "reloads run with the agent's own priority");
        }
        while let Some(first) = self.next() {
            // All that asked until now want what the file says now.
            let all: Vec<Asked> = std::iter::once(first).chain(self.waiting.try_iter()).collect();
            let reloaded = self.reload();
            log(&reloaded);
            for answer in all.into_iter().flatten() {
                // Who asked may have gone.
                let _ = answer.try_send(reloaded.clone());
            }
        }
    }

    /// The next that asks; meanwhile old settings go when their time is over.
    fn next(&mut self) -> Option<Asked> {
        loop {
            let Some((since, _)) = &self.before else { return self.waiting.recv().ok() };
            match self.waiting.recv_timeout(KEPT.saturating_sub(since.elapsed())) {
                Ok(asked) => return Some(asked),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => self.before = None,
            }
        }
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
        let reloaded = Reloaded {
            changes: self.config.changed(&new).into_iter().map(str::to_owned).collect(),
            needs_restart: self.config.needs_restart(&new).into_iter().map(str::to_owned).collect(),
            generation: settings.generation,
            config: self.file(),
            files,
            rules: settings.rules() as u64,
            policies: settings.policies.iter().count().saturating_sub(1) as u64,
            warnings: settings.policies.warnings.clone(),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        self.shared.responder().reconfigure(&new)?;
        let before = self.shared.replace_settings(settings);
        self.before = Some((Instant::now(), before));
        self.config = new;
        Ok(reloaded)
    }

    /// The configuration file that is read.
    fn file(&self) -> Option<String> {
        let default = Path::new(config::DEFAULT_PATH);
        let file = self.options.config.as_deref().or_else(|| default.exists().then_some(default))?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Some(file.display().to_string())
    }
}

fn log(reloaded: &Answer) {
    match reloaded {
        Ok(Reloaded { changes, needs_restart, generation, rules, took_ms, warnings, .. }) => {
            tracing::info!(changes = changes.join(", "), generation, rules, took_ms, "configuration reloaded");
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            if !needs_restart.is_empty() {
                tracing::warn!(keys = needs_restart.join(", "), "changed, but only a restart takes these over");
            }
        }
        Err(error) => tracing::error!("the running configuration stays in force: {error}"),
    }
}

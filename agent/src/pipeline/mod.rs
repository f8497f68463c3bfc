//! pipeline: wires the stages, and runs the agent.
//!
//! ```text
//!            ring          record           bytes in order      transaction
//!  probe ──────────> capture ────> stream ─────────────> http ────────────> rules ──┬──> user ──> event ──┬──> store
//!    ^                     connections (worker.rs)                       (judge.rs) │        (events.rs)  ├──> detect ──> signal
//!    │                                                                              │                     └──> printer      │
//!    └────────── deny maps <── respond <────────────────────────────────────────────┴──────────────────────────────────────┘
//! ```
//!
//! [`worker`] is the way from the ring to the http stage, [`judge`] from there to user, [`events`] from there to the desk.

mod chains;
mod connection;
mod connections;
mod control;
mod counters;
mod events;
mod judge;
mod judged;
mod known;
mod libraries;
mod lists;
mod memory;
mod modes;
mod older;
mod page;
mod parked;
mod policies;
mod printer;
mod queue;
mod reload;
mod report;
mod responder;
mod settings;
mod shared;
mod sight;
mod tls;
mod transaction;
mod worker;

use std::{
    fs,
    io::{self, IsTerminal, PipeWriter},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

pub use counters::{Counter, Counters};
pub use policies::{Policies, PolicyError};
pub use settings::{Settings, SettingsError};

use self::{
    chains::Chains,
    control::{Agent, Kernel},
    events::{Events, random},
    known::Known,
    libraries::Libraries,
    modes::Modes,
    older::Older,
    printer::{Printer, Style},
    reload::Reloader,
    responder::Responder,
    shared::{Caps, Shared},
    worker::{View, Worker},
};
use crate::{
    api::{self, Api, Control, Tokens},
    cli::run::RunOptions,
    config::{self, Colour, Config, Rings},
    desk::{Desk, Enforce},
    discover::{self, Discovery},
    event::Render,
    kept::KeptRules,
    metrics,
    probe::{
        self, ProbeError,
        cgroup::Cgroup,
        deny::{self, Deny, Mode},
        tap::{self, TapOptions},
        tls::TlsProbes,
    },
    rules::policy::Kept,
    service::Services,
    ui,
    user::{Observer, Sessions},
};

/// How long the agent waits for the TLS libraries of processes that run already.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// Time between two looks at what is due: ends of blocks, rates.
const SECOND: Duration = Duration::from_secs(1);

/// Runs the agent until it is told to stop.
///
/// # Errors
///
/// When the configuration is wrong, another agent runs with the same state, or the kernel refuses.
pub fn run(options: RunOptions) -> anyhow::Result<()> {
    memory::keep_together();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(start(options))
}

async fn start(options: RunOptions) -> anyhow::Result<()> {
    // Signals first: one that comes while programs load must not kill half an agent.
    let mut stop = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let mut reload = signal(SignalKind::hangup())?;

    let config = configuration(&options)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&options.paths.state)
        .with_context(|| format!("can't make the state directory {}", options.paths.state.display()))?;
    let server = api::Server::bind(&options.paths.socket)?;
    let config_file = reload::config_file(&options);
    if options.clean {
        return clean(&options);
    }

    let tcp = api::Tcp::bind(&config.api, &options.paths.state)?;
    let server = server.with_tcp(tcp);
    let ui = ui::Listener::bind(&config)?;
    let figures = match config.metrics.listen {
        Some(address) => {
            let listener = TcpListener::bind(address).await;
            Some(listener.with_context(|| format!("[metrics] listen: can't listen on {address}"))?)
        }
        None => None,
    };
    let settings = settings::at_start(&config)?;
    for warning in &settings.policies.warnings {
        tracing::warn!("{warning}");
    }
    let rules = settings.rules();
    let desk = Arc::new(Desk::open(&options.paths.state, &config)?);
    let responder = Responder::new(
        &options.paths.state,
        &config,
        Arc::clone(&settings.page),
        enforcement(&options, &config)?,
        Arc::clone(&desk),
    )?;
    let (modes, notice) = Modes::open(&options.paths.state, Timestamp::now())?;
    if let Some(notice) = notice {
        tracing::warn!("{notice}");
    }
    let services = Services::new();
    services.prime();
    let tap = tap::attach(&tap_options(&config))?;
    let watched = tap
        .cgroup
        .path
        .as_ref()
        .map_or_else(|| "a private mount of cgroup v2".into(), |p| p.display().to_string());

    let workers = tap.rings.len();
    let caps = Caps {
        connections: config.limits.connections.div_ceil(workers),
        memory: config.limits.memory / workers,
    };
    let below = config.capture.cgroup.as_deref().and_then(|path| cgroup_path(&tap.cgroup, path));
    let discovery = discover(tap.tls, config.capture.tls, below);
    let libraries = discovery.as_ref().map(Discovery::view).unwrap_or_default();
    let looking = discovery.as_ref().map(Discovery::stats).map_err(Clone::clone);
    let (events, transactions) = queue::queue();
    if let Err(error) = &tap.clients {
        tracing::warn!(%error, "which processes of this host connect to services is looked up");
    }
    let chains = Chains::new(workers, random())?;
    let sessions = Arc::new(Sessions::new(desk.key().clone()));
    let users = Arc::clone(&settings.users);
    let shared = Arc::new(Shared::new(
        tap.advice,
        services,
        libraries,
        events,
        Arc::clone(&desk),
        caps,
        settings,
        responder,
        chains,
        modes,
    ));
    desk.enforce_with(Arc::clone(&shared) as Arc<dyn Enforce>);
    let recounted = desk.catch_up();
    let kernel = Kernel { counts: tap.counts, _attached: tap.programs };

    let mut printer = Printer::new(Arc::clone(&shared), io::stdout(), style(&config));
    // What an agent that was killed had not come to tell.
    recounted.iter().for_each(|change| printer.signal(change));
    let events = Events::new(transactions, Arc::clone(&shared), printer);
    let making = spawn("picket-events", move || events.run())?;
    let (stopped, stopper) = io::pipe()?;
    let stopped: Arc<OwnedFd> = Arc::new(stopped.into());
    let observer = || Arc::new(Mutex::new(Observer::new(Arc::clone(&users), Arc::clone(&sessions))));
    let observers = (0..workers).map(|_| observer()).collect();
    let known = Arc::new(Known::new(Arc::clone(&desk), Arc::clone(&sessions), observers));
    let mut views = Vec::new();
    let mut working = Vec::new();
    for (index, ring) in tap.rings.into_iter().enumerate() {
        let view = Arc::new(Mutex::new(View::default()));
        views.push(Arc::clone(&view));
        let Some(observer) = known.observers().get(index).map(Arc::clone) else { break };
        let worker = Worker::new(index, ring, Arc::clone(&shared), Arc::clone(&stopped), view, observer);
        working.push(spawn(&format!("picket-{index}"), move || worker.run())?);
    }

    let state = options.paths.state.clone();
    let (ticking, stop_ticking) = tick(Arc::clone(&desk), Arc::clone(&known))?;
    let reloader = Reloader::start(Arc::clone(&shared), options, config)?;
    let agent = Arc::new(Agent::new(
        Arc::clone(&shared),
        kernel,
        looking,
        views,
        Arc::clone(&known),
        reloader,
        config_file,
        Kept::of(&state),
        KeptRules::of_detections(&state),
        KeptRules::of_requests(&state),
    ));
    let (served, serving) = tokio::sync::watch::channel(());
    // Either way it is time to stop.
    let stopping =
        |mut serving: tokio::sync::watch::Receiver<()>| async move { drop(serving.changed().await) };
    let api = Arc::new(Api::new(Arc::clone(&agent) as Arc<dyn Control>, Tokens::of(&state)));
    let pages = ui.map(|ui| {
        tracing::info!(url = ui.url(), "web UI; log in with: picket ui login");
        tokio::spawn(ui.serve(&api, stopping(serving.clone())))
    });
    let api = tokio::spawn(server.serve_api(api, stopping(serving)));
    let figures = figures.map(|listener| {
        let agent = Arc::clone(&agent);
        tokio::spawn(metrics::serve(listener, move || agent.render_metrics()))
    });
    // What reading and compiling rules needed is free by now.
    memory::give_back();
    tracing::info!(cgroup = %watched, workers, rules, pid = std::process::id(), "ready");

    let mut tick = tokio::time::interval(SECOND);
    loop {
        let [terminate, interrupt] = &mut stop;
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = reload.recv() => agent.reload_later(),
            _ = tick.tick() => agent.tick(),
        }
    }
    tracing::info!("stopping");
    let _ = served.send(());
    if let Some(figures) = figures {
        figures.abort();
    }
    stop_workers(&shared, stopper, working);
    let serving = tokio::time::timeout(SECOND, api).await;
    if let Ok(Ok(Err(error))) = serving {
        tracing::warn!(%error, "the API failed");
    }
    if let Some(pages) = pages {
        // Its connections had the same second to end.
        pages.abort();
    }
    // Behind all that the workers sent.
    shared.events.stop();
    join("thread of events", making);
    drop(stop_ticking);
    join("desk", ticking);
    known.save();
    desk.close();
    let left = probe::reaper::leave_behind();
    tracing::debug!(probes = left, "left to be taken off");
    // Ending the process closes all of it; taking it apart would wait for the kernel.
    std::mem::forget(discovery);
    Ok(())
}

/// Follows what processes map, and attaches to TLS libraries; or says why not. Returns when the processes that run are
/// attended to.
fn discover(
    probes: Result<TlsProbes, ProbeError>,
    enabled: bool,
    below: Option<PathBuf>,
) -> Result<Discovery<Libraries>, String> {
    if !enabled {
        return Err("TLS is not looked into: [capture] tls is false".to_owned());
    }
    let start = |probes| -> anyhow::Result<Discovery<Libraries>> {
        let probes = Arc::new(probes);
        let mut older = Older::new(Arc::clone(&probes));
        let (started, candidates) = mpsc::channel();
        let discovery =
            Discovery::start(Libraries::new(probes, started, below), discover::Options::default())?;
        if !discovery.wait_for_first_look(FIRST_LOOK) {
            tracing::warn!(files = discovery.waiting(), "still looking for TLS libraries in what runs");
        }
        older.catch_up(&candidates);
        spawn("picket-older", move || older.run(&candidates))?;
        Ok(discovery)
    };
    probes.map_err(anyhow::Error::from).and_then(start).map_err(|error| {
        tracing::warn!("{error:#}: TLS is not looked into, requests in the clear are seen as before");
        format!("TLS is not looked into: {error:#}")
    })
}

/// The path of the watched control group from the hierarchy's root, as `/proc/PID/cgroup` says it; `None`: the root, or
/// not to be had, and every process counts.
fn cgroup_path(watched: &Cgroup, given: &Path) -> Option<PathBuf> {
    let root = probe::cgroup::mounted()?;
    let path = watched.path.as_deref().unwrap_or(given).canonicalize().ok()?;
    let below = path.strip_prefix(root.canonicalize().ok()?).ok()?;
    (below != Path::new("")).then(|| Path::new("/").join(below))
}

/// The configuration file's word, then the command line's.
fn configuration(options: &RunOptions) -> anyhow::Result<Config> {
    let default = Path::new(config::DEFAULT_PATH);
    let mut config = match &options.config {
        Some(path) => Config::load(path)?,
        None if default.exists() => Config::load(default)?,
        None => Config::default(),
    };
    if options.cgroup.is_some() {
        config.capture.cgroup.clone_from(&options.cgroup);
    }
    if !options.deny.is_empty() {
        config.deny.interfaces.clone_from(&options.deny);
    }
    config.ui.listen = options.ui.or(config.ui.listen);
    config.rules.files.extend(options.rules.iter().cloned());
    let kept =
        Kept::of(&options.paths.state).exclusions().context("can't read the exclusions that people made")?;
    config.rules.exclusions.extend(kept);
    config.rules.kept = KeptRules::of_requests(&options.paths.state)
        .list()
        .context("can't read the rules that people wrote")?;
    config.detection.kept = KeptRules::of_detections(&options.paths.state)
        .list()
        .context("can't read the detection rules that people wrote")?;
    config.output.all |= options.all;
    config.output.json |= options.json;
    Ok(config)
}

/// Removes what outlives the agent in the kernel.
fn clean(options: &RunOptions) -> anyhow::Result<()> {
    let removed = deny::clean(&options.paths.pins)?;
    let forgotten = Responder::forget(&options.paths.state)?;
    tracing::info!(pins = %options.paths.pins.display(), removed, blocks = forgotten, "cleaned: no block of this agent is left");
    Ok(())
}

/// The denylist in the kernel: on the chosen interfaces, and where an agent before this one left it.
fn enforcement(options: &RunOptions, config: &Config) -> anyhow::Result<Option<Deny>> {
    let pins = &options.paths.pins;
    let mode = match config.deny.mode {
        config::DenyMode::Auto => None,
        config::DenyMode::Native => Some(Mode::Native),
        config::DenyMode::Generic => Some(Mode::Generic),
    };
    if config.deny.interfaces.is_empty() {
        let left = deny::pinned_interfaces(pins);
        if left.is_empty() {
            return Ok(None);
        }
        tracing::warn!(
            interfaces = left.join(", "),
            "a denylist is still in force from an earlier run, though no interface is chosen; it stays until `picket run --clean`"
        );
        return Ok(Some(Deny::attach(pins, &left, None)?));
    }
    let deny = Deny::attach(pins, &config.deny.interfaces, mode)?;
    for attached in &deny.attached {
        tracing::info!(
            interface = attached.interface,
            mode = attached.mode.name(),
            adopted = attached.adopted,
            "denylist in force"
        );
    }
    Ok(Some(deny))
}

fn tap_options(config: &Config) -> TapOptions<'_> {
    TapOptions {
        cgroup: config.capture.cgroup.as_deref(),
        rings: match config.capture.rings {
            Rings::Auto => std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2)),
            Rings::Count(count) => count,
        },
        ring_size: config.capture.ring_size,
        request_body: config.capture.request_body,
        response_body: config.capture.response_body,
    }
}

fn style(config: &Config) -> Style {
    if config.output.json {
        return Style::Json;
    }
    let terminal = io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = match config.output.colour {
        Colour::Auto => terminal && !plain,
        Colour::Always => true,
        Colour::Never => false,
    };
    let columns = terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()).ok()).flatten();
    let columns = columns.map(|size| usize::from(size.ws_col)).filter(|&columns| columns > 0);
    Style::Human(Render { colour, columns, zone: jiff::tz::TimeZone::system() })
}

/// What the desk does once a second, until the sender is dropped.
fn tick(desk: Arc<Desk>, known: Arc<Known>) -> io::Result<(JoinHandle<()>, mpsc::Sender<()>)> {
    let (stop, stopped) = mpsc::channel();
    let ticking = spawn("picket-desk", move || {
        while stopped.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
            desk.tick(Timestamp::now());
            known.tick();
        }
    })?;
    Ok((ticking, stop))
}

/// Workers read what is in their rings, and end.
fn stop_workers(shared: &Shared, stopper: PipeWriter, working: Vec<JoinHandle<()>>) {
    shared.stop();
    // Closing the pipe wakes those that sleep.
    drop(stopper);
    for worker in working {
        join("worker", worker);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

fn join(what: &str, thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("the {what} ended with a panic; please report it");
    }
}

//! What the workers share: settings, services, the response, counters. Nothing per connection.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    chains::Chains,
    counters::Counters,
    modes::{Modes, ModesError},
    queue::Sender,
    responder::Responder,
    settings::Settings,
};
use crate::{
    binary::Inspection,
    desk::Desk,
    discover::View,
    probe::tap::AdviceMap,
    rules::{Match, policy::Mode, program::collections::Collections},
    service::Services,
    time::Ktime,
};

/// Shared by all threads of the agent.
pub struct Shared {
    /// Words to the tap.
    pub advice: AdviceMap,
    /// Whose connections are.
    pub services: Services,
    /// TLS libraries of processes.
    pub libraries: View<Inspection>,
    /// To the thread that makes events of them.
    pub events: Sender,
    /// Where events come together.
    pub desk: Arc<Desk>,
    /// Counts.
    pub counters: Counters,
    /// What rules keep from transaction to transaction; it outlives a reload of the rules.
    pub collections: Arc<Collections>,
    /// What requests come from.
    pub chains: Chains,
    /// Caps of each worker.
    pub caps: Caps,
    settings: RwLock<Arc<Settings>>,
    /// Modes that people set. Whoever puts other settings in force holds them meanwhile: of a reload and a change of a
    /// mode at the same time neither is lost.
    modes: Mutex<Modes>,
    /// Of the settings in force.
    generation: AtomicU64,
    responder: Mutex<Responder>,
    stopping: AtomicBool,
}

/// Caps of one worker.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Connections.
    pub connections: usize,
    /// Bytes they hold.
    pub memory: usize,
}

impl Shared {
    /// What the workers will share.
    #[expect(clippy::too_many_arguments, reason = "each is a part")]
    #[must_use]
    pub fn new(
        advice: AdviceMap,
        services: Services,
        libraries: View<Inspection>,
        events: Sender,
        desk: Arc<Desk>,
        caps: Caps,
        settings: Settings,
        responder: Responder,
        chains: Chains,
        modes: Modes,
    ) -> Self {
        let settings = settings.with_modes(modes.by_service());
        Self {
            advice,
            services,
            libraries,
            events,
            desk,
            counters: Counters::default(),
            collections: Arc::default(),
            chains,
            caps,
            generation: AtomicU64::new(settings.generation),
            settings: RwLock::new(Arc::new(settings)),
            modes: Mutex::new(modes),
            responder: Mutex::new(responder),
            stopping: AtomicBool::new(false),
        }
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Which settings are in force.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Puts other settings in force, with the modes that people set; workers take them over within a batch. Those that
    /// were are given back: rules are large, and whoever lets go of them last has the work.
    #[must_use]
    pub fn replace_settings(&self, settings: &Settings) -> Arc<Settings> {
        let modes = self.modes();
        self.put_in_force(settings, &modes)
    }

    /// Sets the mode of the services of a name, or takes it back. It holds for requests that are judged from now on;
    /// rules are not compiled for it, and the policies that judged what is still to be answered stay.
    ///
    /// # Errors
    /// When it can't be kept; then nothing was changed.
    pub fn set_mode(&self, service: &str, mode: Option<Mode>, by: &str) -> Result<(), ModesError> {
        self.change_modes([(service, mode)], by)
    }

    /// The same for several.
    ///
    /// # Errors
    /// As above.
    pub fn change_modes<'m>(
        &self,
        changed: impl IntoIterator<Item = (&'m str, Option<Mode>)>,
        by: &str,
    ) -> Result<(), ModesError> {
        let mut modes = self.modes();
        modes.set(changed, by)?;
        drop(self.put_in_force(&self.settings(), &modes));
        Ok(())
    }

    /// Modes that people set.
    pub fn modes(&self) -> MutexGuard<'_, Modes> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_in_force(&self, settings: &Settings, modes: &Modes) -> Arc<Settings> {
        let generation = self.generation() + 1;
        let settings = Settings { generation, ..settings.with_modes(modes.by_service()) };
        let mut held = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *held, Arc::new(settings));
        self.generation.store(generation, Ordering::Release);
        before
    }

    /// Who is kept out.
    pub fn responder(&self) -> MutexGuard<'_, Responder> {
        self.responder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attack event: true if it led to a block.
    pub fn attack(&self, peer: IpAddr, client: IpAddr, at: Ktime, matches: &[Match]) -> bool {
        let blocked = self.responder().attack(peer, client, at, matches);
        if blocked {
            self.counters.blocks.add(1);
        }
        blocked
    }

    /// Tells the workers to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether workers should stop.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

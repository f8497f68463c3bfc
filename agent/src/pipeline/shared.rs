//! What the workers share: settings, services, the response, counters. Nothing per connection.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{chains::Chains, counters::Counters, queue::Sender, responder::Responder, settings::Settings};
use crate::{
    binary::Inspection,
    desk::Desk,
    discover::View,
    probe::tap::AdviceMap,
    rules::{Match, program::collections::Collections},
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
    ) -> Self {
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

    /// Puts other settings in force; workers take them over within a batch. Those that were are given back: rules are
    /// large, and whoever lets go of them last has the work.
    #[must_use]
    pub fn replace_settings(&self, settings: Settings) -> Arc<Settings> {
        let generation = settings.generation;
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

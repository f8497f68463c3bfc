//! respond at work: the policy, the denylist and the passlist of the running agent.

use std::{collections::BTreeSet, fs, io, net::IpAddr, path::Path, sync::Arc, time::Duration};

use ipnet::IpNet;
use jiff::Timestamp;

use super::page::Paging;
use crate::{
    api::{
        ApiError, BlockView, Code, Denylist as DenylistView, Find, ListPage, PassView, Place, Whom,
        net::display,
        types::{Capacity, DenyInterface, Kept, Protection, RespondView},
    },
    config::Config,
    desk::Desk,
    probe::{deny::Deny, enforce::XdpEnforcer},
    respond::{
        Attack, Block, BlockError, By, Cause, Denylist, Enforcer, Entry, HostAddresses, Listed, Opened,
        PassChange, PassEntry, PassReason, Passlist, PasslistError, Policy, UnblockError, page::Page,
    },
    rules::Match,
    store::ListState,
    time::Ktime,
};

/// Who does what nobody asked for.
const PICKET: &str = "picket";
/// Seconds between two looks at the host's own addresses.
const HOST_EVERY: u32 = 15;

/// Who is kept out.
pub struct Responder {
    desk: Arc<Desk>,
    policy: Policy,
    denylist: Denylist,
    passlist: Passlist,
    xdp: Option<XdpEnforcer>,
    paging: Paging,
    ticks: u32,
}

impl Responder {
    /// With what stands in the state directory and in the kernel.
    ///
    /// # Errors
    ///
    /// When the state directory can't be read, or the host's own addresses: without them it might block
    /// itself.
    pub fn new(
        state: &Path,
        config: &Config,
        page: Arc<Page>,
        deny: Option<Deny>,
        desk: Arc<Desk>,
    ) -> anyhow::Result<Self> {
        let now = Timestamp::now();
        let (passlist, notice) = Passlist::open(state, HostAddresses::read()?, config, now)?;
        if let Some(notice) = notice {
            tracing::warn!("{notice}");
        }
        let xdp = deny.map(XdpEnforcer::new);
        let enforcer = xdp.clone().map(|xdp| Box::new(xdp) as Box<dyn Enforcer>);
        let Opened { denylist, notice, refused } = Denylist::open(state, enforcer, &passlist, now)?;
        if let Some(notice) = notice {
            tracing::warn!("{notice}");
        }
        for error in refused {
            tracing::error!(%error, "not in force");
        }
        if !denylist.is_empty() {
            tracing::info!(entries = denylist.len(), "blocks from an earlier run stand");
        }
        let policy = Policy::new(config.respond.clone());
        let paging = Paging::new(xdp.clone(), &config.deny, page);
        let mut responder = Self { desk, policy, denylist, passlist, xdp, paging, ticks: 0 };
        responder.apply();
        responder.save();
        Ok(responder)
    }

    /// Forgets every block in the state directory; gives how many there were.
    ///
    /// # Errors
    ///
    /// When the directory can't be read or written.
    pub fn forget(state: &Path) -> anyhow::Result<usize> {
        let Opened { denylist, .. } = Denylist::open(state, None, &Passlist::default(), Timestamp::now())?;
        match fs::remove_file(state.join("denylist.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(denylist.len()),
        }
    }

    /// An attack event: true if it led to a block.
    pub fn attack(&mut self, peer: IpAddr, client: IpAddr, at: Ktime, matches: &[Match]) -> bool {
        let matches =
            matches.iter().map(|m| (m.rule.id.as_str(), m.rule.tags.get("type").map(String::as_str)));
        let attack = Attack { client, peer, event: None, matches: matches.collect() };
        let Some(decision) = self.policy.observe(&attack, at, &self.passlist) else { return false };
        if decision.obstacle.is_some() {
            tracing::warn!("{decision}");
            return false;
        }
        match self.denylist.block(decision.block.clone(), &self.passlist, Timestamp::now()) {
            Ok(blocked) => {
                self.desk.note_block(&blocked.entry, blocked.not_enforced.is_none());
                match &blocked.not_enforced {
                    None => tracing::warn!("{decision}"),
                    Some(why) => tracing::warn!("{decision}; not enforced: {why}"),
                }
                blocked.not_enforced.is_none()
            }
            Err(error) => {
                tracing::warn!("{error}");
                false
            }
        }
    }

    /// Once a second: takes off what ended, writes down what changed.
    pub fn tick(&mut self) {
        for entry in self.denylist.sweep(Timestamp::now()) {
            tracing::info!("the block of {} has ended", display(&entry.address));
            self.desk.note_unblock(entry.address, ListState::Ended, PICKET);
        }
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(HOST_EVERY) {
            match HostAddresses::read() {
                Ok(host) => {
                    if self.passlist.set_host(host) {
                        self.apply();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the host's own addresses can't be read; those known stay")
                }
            }
        }
        self.save();
    }

    /// After a reload of the configuration.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the passlist.
    pub fn reconfigure(&mut self, config: &Config, page: Arc<Page>) -> Result<(), ApiError> {
        self.paging.configure(&config.deny, page);
        self.policy.configure(config.respond.clone());
        self.passlist.configure(config);
        let lifted = self.denylist.apply(&self.passlist);
        lifted.map(drop).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
    }

    /// Blocks an address or a network for a person or a signal.
    ///
    /// # Errors
    ///
    /// When the passlist holds them, or the denylist is full.
    pub fn block(
        &mut self,
        net: IpNet,
        duration: Option<Duration>,
        cause: Cause,
    ) -> Result<BlockView, ApiError> {
        let by = cause.author.clone().unwrap_or_else(|| "a signal".to_owned());
        let wish = Block { net, block_for: duration, cause };
        let blocked = self.denylist.block(wish, &self.passlist, Timestamp::now()).map_err(|error| {
            let code = match error {
                BlockError::Passlisted { .. } => Code::Passlisted,
                BlockError::TooWide { .. } | BlockError::NoSender(_) => Code::Refused,
                BlockError::Full { .. } => Code::Full,
            };
            ApiError::new(code, error.to_string())
        })?;
        self.save();
        let net = blocked.entry.address;
        let enforced = blocked.not_enforced.is_none() && self.obstacle(net).is_none();
        self.desk.note_block(&blocked.entry, enforced);
        tracing::info!("{} is blocked by {by}", display(&net));
        self.view_of(net).ok_or_else(|| ApiError::new(Code::Internal, "the block did not stay"))
    }

    /// Whether an address is on the denylist.
    #[must_use]
    pub fn covers(&self, ip: IpAddr) -> bool {
        self.denylist.covers(ip)
    }

    /// Whether the passlist holds a network.
    #[must_use]
    pub fn passes(&self, net: IpNet) -> bool {
        self.passlist.why(net).is_some()
    }

    /// Why dropping an address's packets keeps its requests out only in part: they come through a proxy, and blocking
    /// that would block others.
    fn obstacle(&self, net: IpNet) -> Option<String> {
        let single = net.prefix_len() == net.max_prefix_len();
        let proxy = self.desk.proxy_of(net.addr()).filter(|_| single)?;
        Some(format!(
            "its requests come through the proxy {proxy}, and blocking that would block others; they are marked \
             security_response.block_ip"
        ))
    }

    /// Ends a block.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn unblock(&mut self, net: IpNet, who: &str) -> Result<BlockView, ApiError> {
        let before = self.view_of(net);
        let ended = self.lift(net, who);
        self.save();
        ended.and_then(|()| before.ok_or_else(|| ApiError::new(Code::Internal, "it was not listed")))
    }

    /// Ends all blocks; gives how many.
    ///
    /// # Errors
    ///
    /// When the kernel does not let one go.
    pub fn unblock_all(&mut self, who: &str) -> Result<u64, ApiError> {
        let nets = self.denylist.nets();
        let ended = nets.iter().try_for_each(|net| self.lift(*net, who));
        self.save();
        ended.map(|()| nets.len() as u64)
    }

    fn lift(&mut self, net: IpNet, who: &str) -> Result<(), ApiError> {
        let entry = self.denylist.unblock(net).map_err(|error| {
            let code = match error {
                UnblockError::Unknown(_) | UnblockError::Covered { .. } => Code::NotFound,
                UnblockError::Enforcer { .. } => Code::Internal,
            };
            ApiError::new(code, error.to_string())
        })?;
        tracing::info!("{} is unblocked by {who}", display(&entry.address));
        self.desk.note_unblock(entry.address, ListState::Lifted, who);
        Ok(())
    }

    /// A page of the denylist, newest first.
    pub fn denylist(&mut self, wanted: &ListPage) -> DenylistView {
        let mut found = 0;
        let taken = self.denylist.entries().filter(|entry| takes(&wanted.find, entry));
        let page = wanted.page(taken.inspect(|_| found += 1).map(place), Place::clone);
        let total = self.denylist.len() as u64;
        let interfaces = self.interfaces();
        let mut entries = Vec::new();
        for place in page {
            // What they dropped is asked of the kernel for those that are shown.
            if let Some(listed) = place.net().and_then(|net| self.denylist.listed(net)) {
                let obstacle = self.obstacle(listed.entry.address);
                entries.push(block_view(listed, &interfaces, obstacle));
            }
        }
        DenylistView { total, found, interfaces, entries, next: None }
    }

    /// The passlist.
    #[must_use]
    pub fn passlist(&self) -> Vec<PassView> {
        self.passlist.list().into_iter().map(pass_view).collect()
    }

    /// Adds to the passlist, and ends blocks it now holds.
    ///
    /// # Errors
    ///
    /// When there are too many, or it can't be written down.
    pub fn passlist_add(
        &mut self,
        net: IpNet,
        comment: Option<String>,
        who: &str,
    ) -> Result<PassView, ApiError> {
        let noted = comment.clone().unwrap_or_default();
        if self.passlist.add(net, comment, Timestamp::now()).map_err(pass_error)? == PassChange::Changed {
            self.apply();
            self.save();
            self.desk.note_pass(net, &noted, who, true);
        }
        let entry = self.passlist.list().into_iter().rev().find(|e| e.address == net.trunc());
        entry.map(pass_view).ok_or_else(|| ApiError::new(Code::Internal, "the entry did not stay"))
    }

    /// Takes an entry that a person added off the passlist.
    ///
    /// # Errors
    ///
    /// When it is not there, or not a person's.
    pub fn passlist_remove(&mut self, net: IpNet, who: &str) -> Result<PassView, ApiError> {
        let before = self.passlist.list().into_iter().rev().find(|e| e.address == net.trunc());
        self.passlist.remove(net).map_err(pass_error)?;
        self.desk.note_pass(net, "", who, false);
        self.apply();
        before.map(pass_view).ok_or_else(|| ApiError::new(Code::NotFound, "it was not on the passlist"))
    }

    /// What keeps attackers out, and what it did; users on the lists are the desk's to say.
    #[must_use]
    pub fn protection(&self) -> Protection {
        let (dropped, passed) = self.packets();
        let nets = self.denylist.nets();
        let addresses = nets.iter().filter(|net| net.prefix_len() == net.max_prefix_len()).count() as u64;
        let total = nets.len() as u64;
        let (config, stats) = (self.policy.config(), self.policy.stats());
        Protection {
            interfaces: self.interfaces(),
            packets_dropped: dropped.iter().sum(),
            packets_passed: passed.iter().sum(),
            denylist: Kept { total, addresses, networks: total - addresses, users: 0 },
            capacity: Capacity::default(),
            passlist: self.passlist.list().len() as u64,
            page: self.paging.view(),
            respond: RespondView {
                enabled: config.enabled,
                events: config.events as u64,
                window_seconds: config.window.as_secs(),
                block_seconds: config.block_for.map(|span| span.as_secs()),
                ipv6_prefix: config.ipv6_prefix,
                except_rules: config.except_rules.clone(),
                except_types: config.except_types.clone(),
                counted: stats.counted,
                decisions: stats.decisions,
                obstacles: stats.obstacles,
            },
        }
    }

    /// Packets dropped and packets passlisted, per CPU.
    #[must_use]
    pub fn packets(&self) -> (Vec<u64>, Vec<u64>) {
        self.xdp.as_ref().and_then(|xdp| xdp.deny().packets().ok()).unwrap_or_default()
    }

    /// Whether the blocking page is on ports on which HTTP is seen.
    #[must_use]
    pub fn finds_ports(&self) -> bool {
        self.paging.finds_ports()
    }

    /// Ports of this host on which HTTP is seen.
    pub fn see_ports(&mut self, ports: BTreeSet<u16>) {
        self.paging.see(ports);
    }

    /// What the policy counted, and the blocking page.
    #[must_use]
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let stats = self.policy.stats();
        let of_policy = [
            ("attacks_counted", stats.counted),
            ("attacks_passlisted", stats.passlisted),
            ("attacks_excepted", stats.excepted),
            ("decisions", stats.decisions),
            ("obstacles", stats.obstacles),
            ("actors_forgotten", stats.actors_forgotten),
        ];
        of_policy.into_iter().chain(self.paging.counters()).collect()
    }

    fn interfaces(&self) -> Vec<DenyInterface> {
        let Some(xdp) = &self.xdp else { return Vec::new() };
        let deny = xdp.deny();
        let view = |a: &crate::probe::deny::Attached| DenyInterface {
            name: a.interface.clone(),
            mode: a.mode.name().to_owned(),
        };
        deny.attached.iter().map(view).collect()
    }

    fn view_of(&mut self, net: IpNet) -> Option<BlockView> {
        let listed = self.denylist.listed(net)?;
        let obstacle = self.obstacle(listed.entry.address);
        Some(block_view(listed, &self.interfaces(), obstacle))
    }

    /// Tells the kernel the passlist.
    fn apply(&mut self) {
        match self.denylist.apply(&self.passlist) {
            Ok(lifted) => {
                for entry in lifted {
                    tracing::info!("{} is unblocked: it is on the passlist now", display(&entry.address));
                    self.desk.note_unblock(entry.address, ListState::Lifted, PICKET);
                }
            }
            Err(error) => tracing::error!(%error, "the kernel refuses the passlist"),
        }
    }

    fn save(&mut self) {
        if let Err(error) = self.denylist.save() {
            tracing::error!("the denylist can't be written down; it is in force all the same: {error}");
        }
    }
}

/// Where an entry stands on the list.
fn place(entry: &Entry) -> Place {
    Place::new(Some(entry.since), Whom::Net(entry.address))
}

fn takes(find: &Find, entry: &Entry) -> bool {
    let Cause { reason, author, rules, .. } = &entry.cause;
    let words = [reason.as_str(), author.as_deref().unwrap_or_default(), &rules.join(" ")];
    *find == Find::All || find.takes(&Whom::Net(entry.address), &words)
}

fn block_view(listed: Listed, interfaces: &[DenyInterface], obstacle: Option<String>) -> BlockView {
    let Listed { entry, enforced, not_enforced, drops, .. } = listed;
    let rules = if entry.cause.rules.is_empty() {
        String::new()
    } else {
        format!(" ({})", entry.cause.rules.join(", "))
    };
    let origin = match entry.cause.by {
        By::Respond => "respond",
        By::Signal => "signal",
        By::User => "manual",
        By::Adopted => "adopted",
    };
    let in_force = if enforced { interfaces } else { &[] };
    BlockView {
        net: display(&entry.address),
        since: Some(entry.since),
        ends: entry.until,
        drops,
        cause: format!("{}{rules}", entry.cause.reason),
        origin: origin.to_owned(),
        enforced: !in_force.is_empty() && obstacle.is_none(),
        not_enforced: not_enforced.or(obstacle),
        author: entry.cause.author,
        signal: entry.cause.signal,
        enforced_on: in_force.iter().map(|interface| interface.name.clone()).collect(),
        ..BlockView::default()
    }
}

fn pass_view(entry: PassEntry) -> PassView {
    let origin = match entry.reason {
        PassReason::Added => "manual",
        PassReason::Configured | PassReason::Proxy => "config",
        PassReason::Loopback | PassReason::Own | PassReason::Gateway => "always",
    };
    PassView {
        net: display(&entry.address),
        origin: origin.to_owned(),
        user: None,
        author: None,
        comment: Some(entry.note.unwrap_or_else(|| entry.reason.to_string())),
    }
}

fn pass_error(error: PasslistError) -> ApiError {
    let code = match error {
        PasslistError::Fixed { .. } => Code::Refused,
        PasslistError::Unknown(_) => Code::NotFound,
        PasslistError::Full(_) => Code::Full,
        PasslistError::State(_) => Code::Internal,
    };
    ApiError::new(code, error.to_string())
}

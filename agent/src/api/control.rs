//! What the agent does for the API.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ApiError, BlockView, Code, DenyRequest, Denylist, ListPage, PassView, Reloaded, ServiceView, Stats, Whom,
    types::{DoctorView, Protection, ServicePolicy, SetMode},
};
use crate::{
    desk::Desk,
    endpoint,
    kept::KeptRules,
    pipeline::Settings,
    rules::policy::{Kept, Mode},
    store::{AuditEntry, Change},
    time::since_epoch,
};

/// How long it is waited for the audit to be stored.
const AUDITED_WITHIN: Duration = Duration::from_secs(5);

/// What the agent does for the API. Called on a thread that may block. What is changed with a `who` is in the audit
/// when it returns.
pub trait Control: Send + Sync + 'static {
    /// Counters and gauges.
    fn stats(&self) -> Stats;

    /// Where events and signals are.
    fn desk(&self) -> Arc<Desk>;

    /// Routes of all services.
    fn endpoints(&self) -> endpoint::Snapshot;

    /// Services that had requests.
    fn services(&self) -> Vec<ServiceView>;

    /// How the services of a name are judged.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`] when there is none, and nobody set anything for it.
    fn policy(&self, service: &str) -> Result<ServicePolicy, ApiError>;

    /// Sets the mode of the services of a name, or takes it back; the audit is for the caller to write.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`] as above, and [`Code::Full`].
    fn set_policy(&self, service: &str, mode: Option<Mode>, who: &str) -> Result<ServicePolicy, ApiError>;

    /// Modes that people set, by the service's name.
    fn modes(&self) -> BTreeMap<String, SetMode>;

    /// Sets modes of services, also of those that had no requests yet; all or none. The audit is for the caller to write.
    ///
    /// # Errors
    ///
    /// [`Code::Full`].
    fn set_modes(&self, modes: &BTreeMap<String, Mode>, who: &str) -> Result<(), ApiError>;

    /// What keeps attackers out, and what it did.
    ///
    /// # Errors
    ///
    /// When the lists can't be read.
    fn protection(&self) -> Result<Protection, ApiError>;

    /// Who is blocked: a page of entries, newest first, and how many there are.
    ///
    /// # Errors
    ///
    /// When the deny maps cannot be read.
    fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError>;

    /// Whether an entry of the denylist holds somebody.
    fn denies(&self, whom: &Whom) -> bool;

    /// Whether an entry of the passlist does.
    fn passes(&self, whom: &Whom) -> bool;

    /// Blocks; an entry that is there already is replaced.
    ///
    /// # Errors
    ///
    /// [`Code::Passlisted`] when the passlist holds the address or a part of the network,
    /// [`Code::Full`] when the denylist is.
    fn block(&self, request: DenyRequest) -> Result<BlockView, ApiError>;

    /// Ends a block; gives what it was.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`] when there is no such entry.
    fn unblock(&self, whom: Whom, who: &str) -> Result<BlockView, ApiError>;

    /// Ends all blocks; gives how many.
    ///
    /// # Errors
    ///
    /// When the deny maps cannot be changed.
    fn unblock_all(&self, who: &str) -> Result<u64, ApiError>;

    /// Who is never blocked.
    fn passlist(&self) -> Vec<PassView>;

    /// Adds to the passlist, and unblocks what it holds from then on.
    ///
    /// # Errors
    ///
    /// [`Code::Full`] when the passlist is.
    fn passlist_add(&self, whom: Whom, comment: Option<String>, who: &str) -> Result<PassView, ApiError>;

    /// Takes an entry a person added off the passlist; gives what it was.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`]; [`Code::Refused`] for entries that always stand (loopback, own addresses,
    /// gateways) or come from the configuration file.
    fn passlist_remove(&self, whom: Whom, who: &str) -> Result<PassView, ApiError>;

    /// Reads the configuration again. A bad file leaves the running one in force.
    ///
    /// # Errors
    ///
    /// [`Code::BadRequest`] with file, line and what was expected.
    fn reload(&self) -> Result<Reloaded, ApiError>;

    /// What requests are judged by at the moment.
    fn settings(&self) -> Arc<Settings>;

    /// Exclusions that people made; the next reload puts them in force.
    fn exclusions(&self) -> &Kept;

    /// Detection rules that people wrote or switched; the next reload puts them in force.
    fn detections(&self) -> &KeptRules;

    /// Rules that judge requests and that people wrote or switched; the next reload puts them in force.
    fn rules(&self) -> &KeptRules;

    /// What this kernel allows, looked at a minute ago at most; when that takes longer than the patience, what was found the
    /// last time.
    ///
    /// # Errors
    ///
    /// [`Code::TooSlow`] when there is no last time.
    fn doctor(&self, patience: Duration) -> Result<DoctorView, ApiError>;

    /// The configuration file that [`reload`](Self::reload) reads; none: the agent runs without.
    fn config_file(&self) -> Option<PathBuf> {
        None
    }

    /// The agent's metrics, and their media type.
    ///
    /// # Errors
    ///
    /// When it has none.
    fn metrics(&self) -> Result<(&'static str, String), ApiError> {
        Err(ApiError::new(Code::Unavailable, "this agent has no metrics"))
    }
}

/// Writes down who did what. It is done already: when it can't be written down, the log says so.
pub(super) fn audit(desk: &Desk, who: &str, action: &str, what: &str, after: &impl Serialize) {
    audit_change(desk, who, action, what, None::<&()>, after);
}

/// The same, with how it was before.
pub(super) fn audit_change(
    desk: &Desk,
    who: &str,
    action: &str,
    what: &str,
    before: Option<&impl Serialize>,
    after: &impl Serialize,
) {
    let entry = AuditEntry {
        time: since_epoch(Timestamp::now()),
        who: who.to_owned(),
        action: action.to_owned(),
        what: what.to_owned(),
        before: before.and_then(|before| serde_json::to_string(before).ok()),
        after: serde_json::to_string(after).ok(),
    };
    let written = desk.handle().write(vec![Change::Audit(entry)]).and_then(|ack| ack.wait(AUDITED_WITHIN));
    if let Err(error) = written {
        tracing::error!(who, action, what, %error, "done, but not in the audit");
    }
}

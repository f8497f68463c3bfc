//! What goes over the API, as JSON. Fields are added, never renamed or removed, within `/v1`.
//!
//! Events are [`Event`](crate::event::Event), signals [`Signal`](crate::detect::Signal), as they are everywhere.

mod actors;
mod agent;
mod audit;
mod detection;
mod events;
mod exclusions;
mod lists;
mod notifications;
mod policy;
mod portable;
mod protection;
mod rules;
mod services;
mod settings;
mod signals;
mod tail;
mod tokens;
mod trial;
mod ui;

pub use actors::{Actor, EndpointView, Logins, Ranking, User};
pub use agent::{KernelCounter, Reloaded, StageCounter, Stats, Version};
pub use audit::AuditView;
pub use detection::{
    CaseView, DetectionRuleDetails, DetectionRuleView, FilterView, RuleOff, RuleQueryView, RuleState,
    RulesChecked, RulesPast, StepView, SwitchBody, WouldRaise,
};
pub use events::{
    CompletionView, CompletionsView, FacetCount, FacetValue, FacetView, TimelineBucket, TimelineView,
};
pub use exclusions::{Excluded, ExcludedEvent, ExcludedPast, ExclusionView};
pub use lists::{
    BlockBody, BlockRequest, BlockView, DenyInterface, DenyRequest, Denylist, PassBody, PassView, Unblocked,
    Whom,
};
pub use notifications::{NotificationCounts, NotificationTarget, NotificationTest, NotificationTested};
pub use policy::{ListenerPolicy, PolicyBody, ServicePolicy, SetMode};
pub use portable::{Entry, Export, Imported, KeptEntry, ModeEntry, Refusal};
pub use protection::{BlockingPage, Capacity, Kept, Protection, RespondView};
pub use rules::{ConditionView, KeptView, PolicyOff, RuleBody, RuleDetails, RuleList, RulePolicy, RuleView};
use serde::{Deserialize, Serialize};
pub use services::{RecentView, ServiceView};
pub use settings::{CheckView, DoctorView, SettingView, SettingsView, TokenBody, TokenMade};
pub use signals::{HistoryView, TriageBody, TriageManyBody, Triaged, Untriaged};
pub use tail::{Lag, SignalChanged, Tailed};
pub use tokens::{Role, TokenView};
pub use trial::{TrialBody, TrialExchange, Tried, TriedEvent, TriedMatch, TriedPast, TriedStep};
pub use ui::{LoginBody, LoginLink};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What `cursor=` is for the next page; none: there are no more.
    pub next: Option<String>,
}

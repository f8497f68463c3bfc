//! What every page knows besides what it shows: who looks at it, when, how they like it.

use axum::http::HeaderMap;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    guard::Nonce,
    session::{Cookies, Flash, Known},
    target::Target,
    views::{self, View},
};
use crate::api::{ApiError, Person, types::Role};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// What is around a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Who looks at it; none: nobody is logged in.
    pub person: Option<Person>,
    /// The token of forms.
    pub csrf: String,
    pub nonce: Nonce,
    pub now: Timestamp,
    /// The viewer's zone, which a script has told us in a cookie; else UTC.
    pub zone: TimeZone,
    pub theme: Theme,
    /// What was asked for.
    pub here: Target,
    /// Views that were saved in this browser.
    pub views: Vec<View>,
    /// What is said once.
    pub flash: Option<Flash>,
}

impl Frame {
    /// For a request, and whoever is logged in.
    pub fn new(headers: &HeaderMap, here: Target, known: Option<&Known>) -> Result<Self, ApiError> {
        let cookies = Cookies::of(headers);
        let zone = cookies.named("picket-zone").and_then(|name| TimeZone::get(name).ok());
        Ok(Self {
            person: known.map(|known| known.person.clone()),
            csrf: known.map(|known| known.csrf.masked()).transpose()?.unwrap_or_default(),
            nonce: Nonce::new()?,
            now: Timestamp::now(),
            zone: zone.unwrap_or(TimeZone::UTC),
            theme: cookies.named("picket-theme").map(Theme::named).unwrap_or_default(),
            here,
            views: views::of(headers),
            flash: None,
        })
    }

    /// Whether the viewer may do what a role may: what they may not is not offered. The API decides.
    pub fn may(&self, role: Role) -> bool {
        self.person.as_ref().is_some_and(|person| person.role >= role)
    }
}

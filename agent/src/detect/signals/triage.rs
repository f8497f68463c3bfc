//! A person's word on a signal, whether it is under way or ended long ago.

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::signal::{Archive, Signal, Status};
use crate::limits;

/// What a person says of a signal. What is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Triage {
    /// How far people are with it.
    pub status: Option<Status>,
    /// Why it is put away; goes with [`Status::Archived`].
    pub reason: Option<Archive>,
    /// Who works on it; `Some(None)`: nobody any more.
    #[serde(deserialize_with = "given")]
    pub assignee: Option<Option<String>>,
    /// The case it belongs to; `Some(None)`: none any more.
    #[serde(deserialize_with = "given")]
    pub case: Option<Option<String>>,
    /// A comment; an empty one takes the comment away.
    pub note: Option<String>,
}

/// `null` says that there is to be none, a missing key nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Why a person's word is not taken. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TriageError {
    /// It is not under way.
    #[error("signal {0} is not under way: it ended, and is changed in the store alone")]
    Unknown(Uuid),
    /// It says nothing.
    #[error("nothing to change: expected at least one of status, reason, assignee, case, note")]
    Empty,
    /// A reason for a signal that is not put away.
    #[error("`reason` says why a signal is archived: give the status `archived` with it")]
    Reason,
    /// A text that is too long.
    #[error("`{name}` has {bytes} bytes; at most {most} are kept")]
    TooLong {
        /// Which.
        name: &'static str,
        /// Its bytes.
        bytes: usize,
        /// How many there may be.
        most: usize,
    },
    /// A text with characters that do something to a terminal.
    #[error("`{0}` has control characters; write it in plain text")]
    Control(&'static str),
}

impl Triage {
    /// Whether it says something, in texts that can be kept.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self) -> Result<(), TriageError> {
        if *self == Self::default() {
            return Err(TriageError::Empty);
        }
        let texts = [
            ("assignee", self.assignee.as_ref().and_then(Option::as_deref), limits::TRIAGE_NAME),
            ("case", self.case.as_ref().and_then(Option::as_deref), limits::TRIAGE_NAME),
            ("note", self.note.as_deref(), limits::TRIAGE_NOTE),
        ];
        for (name, text, most) in texts {
            let text = text.unwrap_or_default();
            if text.len() > most {
                return Err(TriageError::TooLong { name, bytes: text.len(), most });
            }
            let breaks = |c: char| name == "note" && matches!(c, '\n' | '\t');
            if text.chars().any(|c| c.is_control() && !breaks(c)) {
                return Err(TriageError::Control(name));
            }
        }
        Ok(())
    }
}

impl Signal {
    /// Takes a person's word; says whether that changed anything. An archived signal without a reason has
    /// [`Archive::None`], one that is opened again has no reason any more.
    ///
    /// # Errors
    /// Why it can't be taken; nothing is changed then.
    pub fn triage(&mut self, triage: &Triage) -> Result<bool, TriageError> {
        triage.check()?;
        let status = triage.status.unwrap_or(self.status);
        if triage.reason.is_some() && status != Status::Archived {
            return Err(TriageError::Reason);
        }
        let before = self.clone();
        self.status = status;
        self.archive_reason = match status {
            Status::Archived => triage.reason.or(self.archive_reason).or(Some(Archive::None)),
            Status::Open | Status::UnderReview => None,
        };
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        if let Some(assignee) = &triage.assignee {
            self.assignee = given(assignee);
        }
        if let Some(case) = &triage.case {
            self.case = given(case);
        }
        if triage.note.is_some() {
            self.comment = given(&triage.note);
        }
        Ok(*self != before)
    }
}

//! In-App WAF rules as they are read: every construct of the format, typed, nothing looked up yet.
//!
//! [`File`] is one file; [`Set`](super::Set) is several of them put together. What each construct means is
//! libddwaf's meaning (its `docs/` and `src/configuration/`, and what version [`super::LIBDDWAF`] of it does).

mod action;
mod condition;
mod data;
mod exclusion;
mod operator;
mod processor;
mod rule;

use std::sync::Arc;

pub use action::{Action, ActionKind};
pub use condition::{Condition, Input, Key};
pub use data::{Data, DataValues, Expiring};
pub use exclusion::{Exclusion, Exempt, ExemptInput, OnMatch, Override, Reference};
pub use operator::{Argument, Checksum, Detector, DetectorKind, Expected, List, Number, Operator, Pattern};
pub use processor::{Generator, Mapping, Processor, ProcessorOverride, Scanner, ScannerChange};
pub use rule::{Attribute, AttributeValue, Module, Origin, Output, Rule, Scalar};

pub use super::address::{Address, Known, Sight};
pub use crate::rules::model::{Source, Transform};
pub use crate::rules::seclang::ast::Place;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// How the caller named it.
    pub name: Arc<str>,
    /// `version`: major (always 2) and minor. Absent counts as 2.2, as libddwaf takes it for 2.
    pub version: (u32, u32),
    /// `metadata.rules_version`.
    pub rules_version: Option<String>,
    /// `rules`, `rules_compat` and `custom_rules`, in this order.
    pub rules: Vec<Rule>,
    /// `exclusions`.
    pub exclusions: Vec<Exclusion>,
    /// `rules_override`.
    pub overrides: Vec<Override>,
    /// `rules_data`.
    pub rules_data: Vec<Data>,
    /// `exclusion_data`.
    pub exclusion_data: Vec<Data>,
    /// `actions`.
    pub actions: Vec<Action>,
    /// `processors`.
    pub processors: Vec<Processor>,
    /// `processor_overrides`, and `processor_override` of libddwaf before 2.0.
    pub processor_overrides: Vec<ProcessorOverride>,
    /// `scanners`.
    pub scanners: Vec<Scanner>,
}

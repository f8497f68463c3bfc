//! Pages: one file each. A handler asks the API, a pure function makes HTML of what came.

pub(super) mod actor;
pub(super) mod actors;
pub(super) mod endpoints;
pub(super) mod error;
pub(super) mod event;
pub(super) mod events;
mod explorer;
pub(super) mod login;
pub(super) mod overview;
mod past;
mod people;
pub(super) mod preferences;
pub(super) mod protection;
mod request;
pub(super) mod respond;
pub(super) mod service;
pub(super) mod services;
pub(super) mod signal;
pub(super) mod signals;
pub(super) mod user;
pub(super) mod users;

//! The language, and that its two readings are one.

mod agreement;
mod errors;
mod events;
mod matching;
mod plain;
mod samples;
mod syntax;
mod tables;

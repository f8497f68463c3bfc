//! Data: values that rules refer to by id.

use std::sync::Arc;

use ipnet::IpNet;

use super::Place;

/// Values that rules refer to by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Entries with the same id, of any file, are put together.
    pub id: Arc<str>,
    /// What they are.
    pub values: DataValues,
    /// Where it stands.
    pub place: Place,
}

/// Values that count for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataValues {
    /// `ip_with_expiration`, for `ip_match`.
    Ip(Vec<Expiring<IpNet>>),
    /// `data_with_expiration`, for `exact_match`.
    Text(Vec<Expiring<String>>),
}

/// A value that counts for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring<T> {
    /// The value.
    pub value: T,
    /// The last second (since 1970) in which it counts; 0: it always does.
    pub until: u64,
}

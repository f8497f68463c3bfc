//! What is counted while transactions are taken apart and judged.

/// Counters of asking rules; all only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions judged.
    pub transactions: u64,
    /// Values of transactions.
    pub values: u64,
    /// Operators run.
    pub operators: u64,
    /// Transactions of which not everything was judged.
    pub cut: u64,
    /// Values longer than is judged of one value, or of all together.
    pub values_cut: u64,
    /// Times that a request had more values than are taken apart (the rest is judged as one text).
    pub values_over_limit: u64,
    /// JSON bodies nested deeper than is kept (deeper values are judged under the deepest name).
    pub depth_over_limit: u64,
    /// Multipart bodies with more parts than are taken apart.
    pub parts_over_limit: u64,
    /// JSON bodies that were not JSON (judged as far as they went and as text).
    pub malformed_json: u64,
    /// Bodies not judged as text: pictures, sound, archives.
    pub media_bodies: u64,
    /// Values that libinjection was not asked about: the transaction had had its share.
    pub injection_cut: u64,
}

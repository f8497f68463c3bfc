//! event: a transaction worth keeping, as one JSON object.

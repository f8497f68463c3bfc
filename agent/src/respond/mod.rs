//! respond: who is kept out, and for how long.
#![forbid(unsafe_code)]

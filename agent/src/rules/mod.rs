//! rules: requests judged.

//! Hashes of values with a key: who sends the values can't choose which of them collide.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// A hash of a value, or of a combination of values.
pub type Hash = u64;

/// The key; a saved state keeps it, so that hashes in it go on being the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    /// Of bytes.
    #[must_use]
    pub fn hash(&self, bytes: &[u8]) -> Hash {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(bytes);
        hasher.finish()
    }
}

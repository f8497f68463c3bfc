//! The installation's key: what identities and session tokens become that must not be kept as they are.

use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A secret of this installation. What it makes can't be made, nor guessed at, without it (HMAC-SHA-256, RFC 2104).
#[derive(Clone)]
pub struct Key {
    sessions: Hmac<Sha256>,
    users: Hmac<Sha256>,
}

impl Key {
    /// With 32 random bytes that stay the same for an installation: with others, the same user has another
    /// hashed identity, and sessions are forgotten.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        // HMAC fills a key up to a block with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
        // What is hashed for one purpose says nothing about another.
        let keyed = |purpose: &[u8]| Hmac::<Sha256>::new(&block.into()).chain_update(purpose);
        Self { sessions: keyed(b"session\0"), users: keyed(b"user\0") }
    }

    /// What a session token is known by.
    #[must_use]
    pub fn session(&self, token: &[u8]) -> Digest {
        let tag = self.sessions.clone().chain_update(token).finalize().into_bytes();
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(tag) {
            *to = from;
        }
        Digest(digest)
    }

    /// A user's identity, hashed: `u:` and 24 hexadecimal digits.
    #[must_use]
    pub fn user(&self, id: &str) -> String {
        let tag = self.users.clone().chain_update(id.as_bytes()).finalize().into_bytes();
        let mut text = String::from("u:");
        hex(tag.iter().take(12), &mut text);
        text
    }
}

/// Says nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The keyed hash of a session token: all that is kept of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 16]);

impl Digest {
    /// A number below `of`, evenly.
    pub(super) fn place(self, of: usize) -> usize {
        usize::from(self.0[0]) % of.max(1)
    }

    /// 16 hexadecimal digits: what events call the session by.
    #[must_use]
    pub fn id(self) -> String {
        let mut text = String::with_capacity(16);
        hex(self.0.iter().take(8), &mut text);
        text
    }
}

fn hex<'b>(bytes: impl Iterator<Item = &'b u8>, text: &mut String) {
    for byte in bytes {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
    }
}

#[cfg(test)]
#[test]
fn hashes_have_a_purpose_and_a_key() {
    let (one, other) = (Key::new(&[1; 32]), Key::new(&[2; 32]));
    assert_eq!(one.user("alice"), one.clone().user("alice"));
    assert_ne!(one.user("alice"), other.user("alice"));
    assert_ne!(one.user("alice"), one.user("Alice"));
    assert_ne!(one.user("alice").get(2..18), Some(&one.session(b"alice").id()[..]));
    assert_ne!(one.session(b"a"), other.session(b"a"));
    assert_eq!((one.user("").len(), one.session(b"").id().len()), (26, 16));
    assert_eq!(format!("{one:?}"), "Key");
    // HMAC-SHA-256 with the key 0x01…01 of "user\0alice", as Python's hmac module has it.
    assert_eq!(one.user("alice"), USER_ALICE);
}

#[cfg(test)]
const USER_ALICE: &str = "u:ed295cec39e33e4195a92f4e";

//! The token in each form: that a request which changes something comes from a page that we made for this session.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

use super::random;
use crate::api::ApiError;

/// Bytes of a token.
const LENGTH: usize = 32;

/// A session's token.
#[derive(Clone)]
pub(in crate::ui) struct Csrf([u8; LENGTH]);

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(…)")
    }
}

impl Csrf {
    pub fn new() -> Result<Self, ApiError> {
        Ok(Self(random()?))
    }

    /// As a form carries it: a random pad, and the token under it. Pages are compressed together with what visitors
    /// typed; the same text on each of them could be found out by its length (BREACH).
    pub fn masked(&self) -> Result<String, ApiError> {
        let pad: [u8; LENGTH] = random()?;
        let under = pad.iter().zip(self.0).map(|(pad, byte)| pad ^ byte);
        let both: Vec<u8> = pad.iter().copied().chain(under).collect();
        Ok(URL_SAFE_NO_PAD.encode(both))
    }

    /// Whether a form carried it. Takes as long whatever is in it.
    pub fn fits(&self, text: &str) -> bool {
        let both = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let Some((pad, under)) = both.split_at_checked(LENGTH) else { return false };
        let shown: Vec<u8> = pad.iter().zip(under).map(|(pad, byte)| pad ^ byte).collect();
        under.len() == LENGTH && shown.ct_eq(&self.0).into()
    }
}

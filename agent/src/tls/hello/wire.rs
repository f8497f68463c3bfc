//! Numbers and vectors of the TLS presentation language (RFC 8446 section 3), taken off the front of a message.

/// What of a message is not read yet. Each method takes something off the front, or says `None` and leaves it
/// unspecified what is left: the message is malformed then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire<'a>(pub &'a [u8]);

impl<'a> Wire<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A vector whose length is told in one byte.
    pub fn vector8(&mut self) -> Option<Self> {
        let len = self.u8()?;
        self.bytes(len.into()).map(Self)
    }

    /// A vector whose length is told in two bytes.
    pub fn vector16(&mut self) -> Option<Self> {
        let len = self.u16()?;
        self.bytes(len.into()).map(Self)
    }

    /// The next extension: its type and its data.
    pub fn extension(&mut self) -> Option<(u16, Self)> {
        Some((self.u16()?, self.vector16()?))
    }

    /// All of it as numbers of two bytes, if that comes out even.
    pub fn numbers(self) -> Option<impl Iterator<Item = u16> + use<'a>> {
        let (pairs, rest) = self.0.as_chunks();
        rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
    }
}

//! `md5` (RFC 1321), `sha1` (RFC 3174): the hash of the value, as bytes (`hex_encode` makes text of
//! it). Of the empty value, too.

use ::md5::Md5;
use ::sha1::{Digest, Sha1};

pub(super) fn md5(value: &[u8], out: &mut Vec<u8>) -> bool {
    hash::<Md5>(value, out)
}

pub(super) fn sha1(value: &[u8], out: &mut Vec<u8>) -> bool {
    hash::<Sha1>(value, out)
}

fn hash<D: Digest>(value: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(&D::digest(value));
    out.as_slice() != value
}

#[cfg(test)]
#[test]
fn digest() {
    super::vectors(
        super::Transform::Md5,
        3,
        &[
            (b"", b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e"),
            (b"abc", b"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72"),
            (b"message digest", b"\xf9\x6b\x69\x7d\x7c\xb7\x93\x8d\x52\x5a\x2f\x31\xaa\xf1\x61\xd0"),
        ],
    );
    super::vectors(
        super::Transform::Sha1,
        2,
        &[
            (b"", b"\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09"),
            (b"abc", b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d"),
        ],
    );
}

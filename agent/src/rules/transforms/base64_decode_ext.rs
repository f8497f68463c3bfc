//! `base64_decode_ext`: base64 as PHP decodes it, bytes of no alphabet passed over. Both alphabets, as
//! ModSecurity's tests have it. A `=` that comes when a group of four has but one digit makes nothing
//! of all of it, there as here.
//!
//! `P.HNjcmlwdD4=` → `<script>`

use super::base64_decode::{Bytes, sextet};

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = Bytes::default();
    let mut digits = 0_usize;
    let mut rest = value;
    while let [byte, after @ ..] = rest {
        if let Some(six) = sextet(*byte) {
            bytes.push(six, out);
            digits += 1;
        } else if *byte == b'=' && digits % 4 == 1 && after.first() != Some(&b'=') {
            out.clear();
            break;
        }
        rest = after;
    }
    !value.is_empty()
}

#[cfg(test)]
#[test]
fn base64_decode_ext() {
    super::vectors(
        super::Transform::Base64DecodeExt,
        12,
        &[
            (b"", b""),
            (b"VGVzdENhc2U=", b"TestCase"),
            (b"VGVzdENhc2Ux", b"TestCase1"),
            (b"VGVzdENhc2UxMg==", b"TestCase12"),
            (b"VGVzdABDYXNl", b"Test\0Case"),
            (b"P.HNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", b"<script>alert(1)</script>"),
            (b"\0P H\nN\xffjcmlwdD4", b"<script>"),
            (b"dzBzV==YWxlcnQoMSk=", b""),
            (b"eyJwIjoieHh-Iiw_", b"{\"p\":\"xx~\",?"),
            (b"Zm9v=YmFy", b"foobar"),
            (b"A", b""),
            (b"!?.", b""),
        ],
    );
}

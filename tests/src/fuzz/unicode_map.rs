//! A file for `SecUnicodeMapFile`: read, and asked.

use picket::rules::model::{Transform, UnicodeMap};

/// Input: a map, its code page 7. It is read or says where it is wrong; what is read maps every character to one byte.
pub fn run(data: &[u8]) {
    let map = match UnicodeMap::read(data, 7) {
        Ok(map) => map,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut out = Vec::new();
    for character in [0x41, 0xe4, 0x2019, 0xff1c, u16::MAX] {
        let text = format!("%u{character:04x}");
        assert!(Transform::UrlDecodeUni.apply_mapped(text.as_bytes(), &map, &mut out));
        assert_eq!(out.len(), 1, "{text}");
        if let Some(byte) = map.get(character) {
            assert_eq!(out, [byte], "{text}");
        }
    }
}

//! `base64_decode`: base64 in the standard or the URL alphabet, padded or not, when the whole value
//! (white space at its ends aside) is that and has at least four characters; any other value stays.
//!
//! `PHNjcmlwdD4=` → `<script>`

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let text = value.trim_ascii();
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    let complete = padding == 0 || (padding <= 2 && (digits.len() + padding) % 4 == 0);
    if text.len() < 4 || digits.len() % 4 == 1 || !complete {
        return false;
    }
    let mut bits = 0u32;
    let mut count = 0;
    for &digit in digits {
        let Some(six) = sextet(digit) else { return false };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    true
}

fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
#[test]
fn base64_decode() {
    super::vectors(
        super::Transform::Base64Decode,
        12,
        &[
            (b"", b""),
            (b"abc", b"abc"),
            (b"PHNjcmlwdD4=", b"<script>"),
            (b"PHNjcmlwdD4", b"<script>"),
            (b" PHNjcmlwdD4=\n", b"<script>"),
            (b"Zm9vYmE=", b"fooba"),
            (b"Zm9vYg==", b"foob"),
            (b"Zm9vYg=", b"Zm9vYg="),
            (b"Zm9vY", b"Zm9vY"),
            (b"-_-_", b"\xfb\xff\xbf"),
            (b"+/+/", b"\xfb\xff\xbf"),
            (b"not base64!", b"not base64!"),
        ],
    );
}

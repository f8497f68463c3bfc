//! Which ASCII character another one is taken for: the "best fit" of a Windows code page, as
//! `SecUnicodeMapFile` gives it for `%uXXXX` (`unicode.mapping`, reference manual).

use std::{collections::BTreeMap, sync::LazyLock};

use super::hex;

/// A map from characters (UTF-16 units) to bytes. The default is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnicodeMap(
    /// Sorted by character.
    Box<[(u16, u8)]>,
);

/// Why a map could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnicodeMapError {
    /// Something that is not a pair stands among the pairs of the code page.
    #[error("line {line}: `{text}` is not a pair such as `00e4:61`")]
    Pair {
        /// From 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// The file has no such code page.
    #[error("no code page {0} in it")]
    NoCodePage(u32),
}

impl UnicodeMap {
    /// The map of code page 20127 (US-ASCII), which ModSecurity's recommended configuration names.
    #[must_use]
    pub fn us_ascii() -> &'static Self {
        static MAP: LazyLock<UnicodeMap> = LazyLock::new(|| {
            let runs = US_ASCII.iter().flat_map(|(first, bytes)| (*first..).zip(bytes.iter().copied()));
            let wide = (0xff01..=0xff5e).zip(b'!'..=b'~');
            UnicodeMap(runs.filter(|(_, byte)| *byte != 0).chain(wide).collect())
        });
        &MAP
    }

    /// Reads the map of one code page out of a file: a line that begins with the number of the code
    /// page, then pairs `character:byte` in hexadecimal; `#` begins a comment line.
    ///
    /// # Errors
    /// See [`UnicodeMapError`].
    pub fn read(file: &[u8], code_page: u32) -> Result<Self, UnicodeMapError> {
        let mut pairs = None;
        let mut here = false;
        for (number, line) in (1..).zip(String::from_utf8_lossy(file).lines()) {
            let Some(first) = line.split_ascii_whitespace().next().filter(|word| !word.starts_with('#'))
            else {
                continue;
            };
            if !first.contains(':') {
                here = first.parse() == Ok(code_page);
                if here {
                    pairs.get_or_insert_with(BTreeMap::new);
                }
                continue;
            }
            if let Some(pairs) = pairs.as_mut().filter(|_| here) {
                for word in line.split_ascii_whitespace() {
                    let problem =
                        || UnicodeMapError::Pair { line: number, text: word.chars().take(40).collect() };
                    let (character, byte) = pair(word).ok_or_else(problem)?;
                    pairs.insert(character, byte);
                }
            }
        }
        let pairs = pairs.ok_or(UnicodeMapError::NoCodePage(code_page))?;
        Ok(Self(pairs.into_iter().collect()))
    }

    /// The byte of a character.
    #[must_use]
    pub fn get(&self, character: u16) -> Option<u8> {
        let at = self.0.binary_search_by_key(&character, |(character, _)| *character).ok()?;
        self.0.get(at).map(|(_, byte)| *byte)
    }
}

/// `00e4:61`.
fn pair(word: &str) -> Option<(u16, u8)> {
    let (character, byte) = word.split_once(':')?;
    Some((number(character, 4)?, u8::try_from(number(byte, 2)?).ok()?))
}

/// A number of at most so many hexadecimal digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    let fits = !text.is_empty() && text.len() <= digits;
    text.bytes().try_fold(0, |number, digit| Some(number << 4 | u16::from(hex(digit)?))).filter(|_| fits)
}

/// Code page 20127 without full-width ASCII: the bytes for a character and those that follow it, zero
/// for none.
const US_ASCII: [(u16, &[u8]); 20] = [
    (0x00a0, b" !c\0$Y|\0\0Ca<\0-R\0\0\0\x32\x33\0\0\0.,1o>"),
    (0x00c0, b"AAAAAAACEEEEIIIIDNOOOOO\0OUUUUY\0\0aaaaaaaceeeeiiii\0nooooo\0ouuuuy\0y"),
    (0x0100, b"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi\0\0JjKk\0LlLlLl"),
    (0x0141, b"LlNnNnNn\0\0\0OoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZ\0ZzZz"),
    (0x0180, b"b"),
    (0x0189, b"D"),
    (0x0191, b"Ff\0\0\0\0I\0\0l\0\0\0\0OOo"),
    (0x01ab, b"t\0\0TUu\0\0\0\0\0z"),
    (0x01cd, b"AaIiOoUuUuUuUuUu\0Aa\0\0\0\0GgGgKkOoOo\0\0j"),
    (0x0261, b"g"),
    (0x02b9, b"'\"\0'"),
    (0x02c4, b"^\0^\0'\0\0`\0_"),
    (0x02dc, b"~"),
    (0x0300, b"`\0^~"),
    (0x030e, b"\""),
    (0x0331, b"__"),
    (0x2000, b"       "),
    (0x2010, b"--\0--\0\0\0'',\0\"\"\"\0\0\0.\0\0\0."),
    (0x2032, b"'\0\0`\0\0\0<>"),
    (0x2122, b"T"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn us_ascii() {
        let map = UnicodeMap::us_ascii();
        assert!(map.0.is_sorted_by(|(a, _), (b, _)| a < b));
        // `unicode.mapping` has 370, `%uff1f` not among them, which full-width ASCII has.
        assert_eq!(map.0.len(), 371);
        assert!(map.0.iter().all(|(_, byte)| (0x20..0x7f).contains(byte)));
        let cases = [
            (0x00a0, b' '),
            (0x00b2, b'2'),
            (0x00bb, b'>'),
            (0x00e4, b'a'),
            (0x00ff, b'y'),
            (0x013e, b'l'),
            (0x0141, b'L'),
            (0x017e, b'z'),
            (0x01b6, b'z'),
            (0x01f0, b'j'),
            (0x02bc, b'\''),
            (0x02cd, b'_'),
            (0x0303, b'~'),
            (0x2006, b' '),
            (0x2019, b'\''),
            (0x201e, b'"'),
            (0x2026, b'.'),
            (0x2035, b'`'),
            (0x2039, b'<'),
            (0x203a, b'>'),
            (0x2122, b'T'),
            (0xff01, b'!'),
            (0xff1c, b'<'),
            (0xff5e, b'~'),
        ];
        let mut ran = 0;
        for (character, byte) in cases {
            assert_eq!(map.get(character), Some(byte), "{character:04x}");
            ran += 1;
        }
        assert_eq!(ran, 24);
        for without in [0, 0x41, 0x9f, 0xa3, 0xdf, 0x140, 0x2007, 0x20ac, 0xff00, 0xff5f, 0xffff] {
            assert_eq!(map.get(without), None, "{without:04x}");
        }
    }

    #[test]
    fn files() {
        let file = b"(MAC - Roman)\n\n\n1250  (ANSI)\n00a1:21 00c0:41 \n\n# comment 00e4:62\n\
                     20127 (US-ASCII)\r\n00e4:61 ff1c:3c\r\n00E5:7F 00e4:62\n1:x\n";
        let map = UnicodeMap::read(file, 1250).unwrap();
        assert_eq!((map.get(0xa1), map.get(0xe4)), (Some(b'!'), None));
        let broken = UnicodeMap::read(file, 20127).unwrap_err();
        assert_eq!(broken, UnicodeMapError::Pair { line: 11, text: "1:x".to_owned() });
        assert_eq!(broken.to_string(), "line 11: `1:x` is not a pair such as `00e4:61`");
        let map = UnicodeMap::read(file.strip_suffix(b"1:x\n").unwrap(), 20127).unwrap();
        assert_eq!((map.get(0xe4), map.get(0xe5), map.get(0xff1c)), (Some(b'b'), Some(0x7f), Some(b'<')));
        assert_eq!(UnicodeMap::read(file, 1251), Err(UnicodeMapError::NoCodePage(1251)));
        for broken in ["+0e4:61", "00e4:+6", "00e4:611", "100e4:61", ":61", "00e4:"] {
            let file = format!("1\n{broken}");
            let expected = UnicodeMapError::Pair { line: 2, text: broken.to_owned() };
            assert_eq!(UnicodeMap::read(file.as_bytes(), 1), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_it_holds(pairs: BTreeMap<u16, u8>, other: u16) {
            let text: String = pairs.iter().map(|(character, byte)| format!("{character:04x}:{byte:02x} ")).collect();
            let map = UnicodeMap::read(format!("1 (x)\n00e4:61\n7 (y)\n{text}\n\n8\n").as_bytes(), 7).unwrap();
            prop_assert_eq!(map.get(other), pairs.get(&other).copied());
            prop_assert_eq!(&*map.0, &*pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn any_file(file in prop::collection::vec(prop::sample::select(&b"17 \n#:0aF\xff("[..]), 0..60)) {
            let _ = UnicodeMap::read(&file, 7);
        }
    }
}

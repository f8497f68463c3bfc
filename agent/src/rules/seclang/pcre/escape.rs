//! What begins with a backslash (pcrepattern(3), section Backslash).

use super::ast::{Look, Node};
use super::parse::Parser;
use crate::rules::bytes::ByteSet;

/// `\d`, `\H` and the like.
///
/// Of PCRE without UTF mode in the C locale: `\s` holds the vertical tab, `\h` the byte A0, `\v` the
/// byte 85.
pub(super) fn shorthand(letter: u8) -> Option<ByteSet> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => ByteSet::of_bytes(b'0'..=b'9'),
        b'w' => word(),
        b's' => ByteSet::of_bytes(*b" \t\n\x0b\x0c\r"),
        b'h' => ByteSet::of_bytes(*b" \t\xa0"),
        b'v' => ByteSet::of_bytes(*b"\n\x0b\x0c\r\x85"),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.complement() } else { set })
}

/// `[0-9A-Za-z_]`.
pub(super) fn word() -> ByteSet {
    ByteSet::of_bytes((b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').chain([b'_']))
}

impl Parser<'_> {
    /// From behind the backslash, outside a class.
    pub(super) fn escape(&mut self) -> Result<Node, String> {
        let Some(letter) = self.peek() else { return Err("a backslash at the end".to_owned()) };
        if let Some(set) = shorthand(letter) {
            self.at += 1;
            return Ok(Node::Set(set));
        }
        let node = match letter {
            b'A' | b'G' => Node::Look(Look::Start),
            b'z' => Node::Look(Look::End),
            b'Z' => Node::Look(Look::LastLine),
            b'b' => Node::Look(Look::Word),
            b'B' => Node::Look(Look::NotWord),
            b'C' => Node::Set(ByteSet::ALL),
            b'N' => Node::Set(ByteSet::of_bytes(*b"\n").complement()),
            b'K' => Node::Keep,
            b'R' => newline(),
            b'p' | b'P' => return Ok(Node::Set(self.property()?)),
            b'X' => return Err("\\X is not supported".to_owned()),
            b'g' | b'k' => return self.reference(),
            b'1'..=b'9' => {
                if let Some(group) = self.numbered() {
                    return Ok(self.back(group));
                }
                let byte = self.escaped_byte()?;
                return Ok(self.byte(byte));
            }
            _ => {
                let byte = self.escaped_byte()?;
                return Ok(self.byte(byte));
            }
        };
        self.at += 1;
        Ok(node)
    }

    /// `\1` to `\9` always refer to a group, more digits only to one that began before.
    fn numbered(&mut self) -> Option<u32> {
        let digits = self.pattern.get(self.at..)?.iter().take_while(|byte| byte.is_ascii_digit());
        let len = digits.count();
        let number = decimal(self.pattern.get(self.at..self.at + len)?)?;
        if number >= 10 && number > self.groups {
            return None;
        }
        self.at += len;
        Some(number)
    }

    /// `\g1`, `\g{-1}`, `\g{name}`, `\k<name>`, `\k'name'`, `\k{name}`; from the letter.
    fn reference(&mut self) -> Result<Node, String> {
        let letter = self.next();
        let name = match self.next() {
            Some(b'{') => self.until(b'}'),
            Some(b'<') if letter == Some(b'k') => self.until(b'>'),
            Some(b'\'') if letter == Some(b'k') => self.until(b'\''),
            Some(b'<' | b'\'') => return Err("calling a group, \\g<…>, is not supported".to_owned()),
            Some(first) if letter == Some(b'g') => {
                self.at -= 1;
                let sign = usize::from(first == b'-');
                let rest = self.pattern.get(self.at..).unwrap_or_default();
                let len = sign + rest.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).count();
                self.at += len;
                rest.get(..len)
            }
            _ => None,
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Err("a back-reference without a group".to_owned());
        };
        if letter == Some(b'k') {
            return self.back_to(name);
        }
        let group = match name.strip_prefix(b"-") {
            Some(back) => decimal(back).and_then(|back| (self.groups + 1).checked_sub(back)),
            None => decimal(name),
        };
        match group {
            Some(0) => Err("a back-reference to group 0".to_owned()),
            Some(group) => Ok(self.back(group)),
            None => self.back_to(name),
        }
    }

    /// The byte that an escape stands for, from behind the backslash; the same inside a class and out.
    pub(super) fn escaped_byte(&mut self) -> Result<u8, String> {
        let Some(letter) = self.next() else { return Err("a backslash at the end".to_owned()) };
        Ok(match letter {
            b'a' => 0x07,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'c' => match self.next() {
                Some(of @ b' '..=b'~') => of.to_ascii_uppercase() ^ 0x40,
                _ => return Err("\\c without a printable character behind it".to_owned()),
            },
            b'x' if self.take(b"{") => self.braced(16)?,
            b'x' => self.digits(16, 2),
            b'o' if self.take(b"{") => self.braced(8)?,
            b'0'..=b'7' => {
                self.at -= 1;
                self.digits(8, 3)
            }
            b'L' | b'U' | b'l' | b'u' => {
                return Err(format!("\\{} is not supported, by PCRE neither", char::from(letter)));
            }
            // PCRE1 takes a letter without a meaning for itself; rules rely on it.
            other => other,
        })
    }

    /// Up to so many digits; none are zero.
    fn digits(&mut self, radix: u32, most: usize) -> u8 {
        let mut value = 0u32;
        for _ in 0..most {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(radix));
            let Some(digit) = digit else { break };
            value = value * radix + digit;
            self.at += 1;
        }
        // As PCRE: of three octal digits the lowest eight bits.
        (value & 0xff) as u8
    }

    fn braced(&mut self, radix: u32) -> Result<u8, String> {
        let inside = self.until(b'}').and_then(|inside| std::str::from_utf8(inside).ok());
        let value = inside.and_then(|digits| u32::from_str_radix(digits, radix).ok());
        let value = value.ok_or_else(|| "\\x{…} or \\o{…} without a number inside".to_owned())?;
        u8::try_from(value).map_err(|_| format!("\\x{{{value:x}}}: a character here is a byte, at most ff"))
    }

    /// `\p{L}`, `\PN`, `\p{^Lu}`, from the letter: the bytes whose character in Latin-1 has the property.
    pub(super) fn property(&mut self) -> Result<ByteSet, String> {
        let mut negated = self.next() == Some(b'P');
        let name = if self.take(b"{") {
            self.until(b'}')
        } else {
            self.at += 1;
            self.pattern.get(self.at - 1..self.at)
        };
        let name = name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
        let plain = name.strip_prefix('^').inspect(|_| negated = !negated).unwrap_or(name);
        let known =
            !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let parsed = known.then(|| regex_syntax::parse(&format!("\\p{{{plain}}}")).ok()).flatten();
        let hir = parsed.ok_or_else(|| format!("unknown property \\p{{{}}}", name.escape_debug()))?;
        let set = match hir.kind() {
            regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                let latin = |byte: &u8| {
                    class.ranges().iter().any(|r| (r.start()..=r.end()).contains(&char::from(*byte)))
                };
                ByteSet::of_bytes((0..=u8::MAX).filter(latin))
            }
            _ => ByteSet::EMPTY,
        };
        Ok(if negated { set.complement() } else { set })
    }
}

/// `\R`: CRLF is one.
fn newline() -> Node {
    let one = |byte: u8| Node::Set(ByteSet::of_bytes([byte]));
    let crlf = Node::Concat(vec![one(b'\r'), one(b'\n')]);
    let single = Node::Set(ByteSet::of_bytes(*b"\n\x0b\x0c\r\x85"));
    Node::Atomic(Box::new(Node::Alternate(vec![crlf, single])))
}

fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

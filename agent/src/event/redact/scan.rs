//! Finds credentials in any text, by the look of them. One pass, linear.
//!
//! ```text
//! name = value     name: value     "name": value     'name' => value     form, query, header, JSON, code
//! <name>value</    name="name"␍␊␍␊value              XML, multipart
//! <methodName>name</ … <value>value</                XML-RPC: by its place among the parameters
//! scheme://user:password@host                        URLs
//! Bearer value     eyJhbGci….eyJzdWIi….sig           tokens
//! /reset/value     /verify/MTI/value                 tokens in links that mails have
//! ```
#![forbid(unsafe_code)]

use std::ops::Range;

use super::{names::Names, xmlrpc::Parameters};

/// Bytes of a name that are looked at.
const MAX_NAME: usize = 128;
/// Bytes of the head of a multipart part that are looked through for its end.
const MAX_PART_HEAD: usize = 1024;
/// Blanks allowed between a name, its separator and its value.
const MAX_BLANKS: usize = 16;

/// Calls `found` with each credential's range, in order and apart. Ranges start and end at character
/// boundaries and are not empty.
pub(super) fn scan(text: &str, names: &Names, found: &mut dyn FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let scanner = Scanner { text, bytes, names };
    let mut at = 0;
    // Where the text that no credential was found in begins: names are not sought before it.
    let mut floor = 0;
    // Up to where it is known that there is no web token.
    let mut tokenless = 0;
    let mut parameters = Parameters::default();
    while let Some(&byte) = bytes.get(at) {
        let range = match byte {
            b'=' => scanner.assigned(floor, at),
            b':' if bytes.get(at + 1..at + 3) == Some(b"//") => scanner.userinfo(at + 3),
            b':' => scanner.assigned(floor, at),
            b'<' => scanner.element(at).or_else(|| scanner.not_done(parameters.password(text, at)?)),
            b'/' => scanner.linked(at),
            b'B' | b'b' | b'T' | b't' => scanner.scheme(at),
            b'e' if at >= tokenless => scanner.web_token(at, &mut tokenless),
            _ => None,
        };
        match range {
            Some(range) if range.start < range.end => {
                at = range.end;
                floor = at;
                found(range);
            }
            _ => at += 1,
        }
    }
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    names: &'t Names,
}

impl Scanner<'_> {
    /// `name=value` and its kin, at the separator.
    fn assigned(&self, floor: usize, separator: usize) -> Option<Range<usize>> {
        let (name, quoted) = self.name_before(floor, separator)?;
        let mut start = separator + 1;
        while matches!(self.bytes.get(start), Some(b'=' | b'>')) {
            start += 1;
        }
        start = self.past_blanks(start);
        if name.as_str(self.text) == "name" {
            return self.multipart(separator, start);
        }
        if !self.names.is_credential(name.as_str(self.text)) {
            return None;
        }
        let colon = self.bytes.get(separator) == Some(&b':');
        let before = name.start.checked_sub(1).and_then(|at| self.bytes.get(at));
        let in_form = !colon && !quoted && matches!(before, None | Some(b'&' | b'?' | b'\n' | b';'));
        let range = if in_form {
            // A form's or query's value: whatever it holds, up to the next pair.
            let semicolon = before == Some(&b';');
            start..self.until(start, |b| matches!(b, b'&' | b'\n' | b'\r') || (b == b';' && semicolon))
        } else if let Some(range) = self.quoted(start) {
            range
        } else if matches!(self.bytes.get(start), Some(b'{' | b'[')) {
            start..self.past_brackets(start)
        } else if colon && !quoted {
            // A header field: to the end of its line.
            start..self.until(start, |b| matches!(b, b'\n' | b'\r'))
        } else {
            let first = usize::from(self.bytes.get(start).is_some_and(|b| b"<>(){}[]".contains(b)));
            let end = |b: u8| b.is_ascii_whitespace() || b"&;,\"'<>(){}[]".contains(&b);
            start..self.until(start + first, end)
        };
        self.not_done(range)
    }

    /// The name that ends before `separator`, and whether it is in quotation marks.
    fn name_before(&self, floor: usize, separator: usize) -> Option<(Span, bool)> {
        let floor = floor.max(separator.saturating_sub(MAX_NAME));
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        let mut end = separator;
        while end > floor && separator - end < MAX_BLANKS && matches!(byte(end - 1), b' ' | b'\t') {
            end -= 1;
        }
        let quoted = end > floor && matches!(byte(end - 1), b'"' | b'\'');
        if quoted {
            end -= 1;
            while end > floor && byte(end - 1) == b'\\' {
                end -= 1;
            }
        }
        let mut start = end;
        while start > floor && is_name(byte(start - 1)) {
            start -= 1;
        }
        (start < end).then_some((Span { start, end }, quoted))
    }

    /// The inside of a quoted string that starts at `at`; in a string within a string the marks are
    /// escaped: `\"value\"`.
    fn quoted(&self, at: usize) -> Option<Range<usize>> {
        let mut open = at;
        while self.bytes.get(open) == Some(&b'\\') {
            open += 1;
        }
        let mark = *self.bytes.get(open).filter(|b| matches!(b, b'"' | b'\''))?;
        let escapes = open - at;
        let mut run = 0;
        let mut end = open + 1;
        while let Some(&byte) = self.bytes.get(end) {
            match byte {
                b'\\' => run += 1,
                // As many backslashes as before the opening mark; more mean a mark inside.
                _ if byte == mark && (run == escapes || (escapes == 0 && run % 2 == 0)) => {
                    return Some(open + 1..end - run.min(escapes));
                }
                _ => run = 0,
            }
            end += 1;
        }
        Some(open + 1..self.bytes.len())
    }

    /// Behind a JSON list or object that starts at `at`.
    fn past_brackets(&self, at: usize) -> usize {
        let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
        for (offset, &byte) in self.bytes.iter().enumerate().skip(at) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return offset + 1;
                    }
                }
                _ => {}
            }
        }
        self.bytes.len()
    }

    /// `Content-Disposition: form-data; name="password"`: the field's content (RFC 7578).
    fn multipart(&self, separator: usize, start: usize) -> Option<Range<usize>> {
        let line = self.bytes.get(separator.saturating_sub(MAX_NAME)..separator)?;
        if !line.to_ascii_lowercase().windows(9).any(|word| word == b"form-data") {
            return None;
        }
        let name_end = self.until(start + 1, |b| matches!(b, b'"' | b'\'' | b';' | b'\r' | b'\n'));
        let name = start..name_end.min(start + MAX_NAME);
        if !self.names.is_credential(self.text.get(name.clone())?) {
            return None;
        }
        let head = self.bytes.get(name.end..)?;
        let head = head.get(..MAX_PART_HEAD).unwrap_or(head);
        let after =
            |blank: &[u8]| head.windows(blank.len()).position(|w| w == blank).map(|at| at + blank.len());
        let content = name.end + [after(b"\r\n\r\n"), after(b"\n\n")].into_iter().flatten().min()?;
        let end = self.text.get(content..)?.find("\n--").map_or(self.text.len(), |at| content + at);
        self.not_done(content..end)
    }

    /// `<name …>value</`, at the `<`.
    fn element(&self, at: usize) -> Option<Range<usize>> {
        let end = self.until(at + 1, |b| !(is_name(b) || b == b':')).min(at + 1 + MAX_NAME);
        let name = self.text.get(at + 1..end)?;
        let local = name.rsplit(':').next().unwrap_or(name);
        if local.is_empty() || !self.names.is_credential(local) {
            return None;
        }
        let start = self.until(end, |b| b == b'>' || b == b'<') + 1;
        if self.bytes.get(start - 1) != Some(&b'>') {
            return None;
        }
        let value_end = self.text.get(start..)?.find("</").map_or(self.text.len(), |at| start + at);
        self.not_done(start..value_end)
    }

    /// The userinfo of a URL (RFC 3986 section 3.2.1), behind its `://`.
    fn userinfo(&self, start: usize) -> Option<Range<usize>> {
        let end = self.until(start, |b| b.is_ascii_whitespace() || b"/?#\"'<>&".contains(&b));
        let at = self.bytes.get(start..end)?.iter().rposition(|&b| b == b'@')?;
        self.not_done(start..start + at)
    }

    /// A token in a link that a mail has: a segment that looks like one, right behind a segment that says what it is for or one
    /// further, at the slash before it.
    fn linked(&self, slash: usize) -> Option<Range<usize>> {
        const FOR: [&[u8]; 12] = [
            b"reset",
            b"verify",
            b"verification",
            b"confirm",
            b"confirmation",
            b"activate",
            b"activation",
            b"magic",
            b"invite",
            b"invitation",
            b"token",
            b"unsubscribe",
        ];
        let start = slash + 1;
        let longest = self.bytes.get(start..)?.len().min(MAX_NAME);
        let segment = self.bytes.get(start..start + longest)?;
        let end = segment.iter().position(|&b| !(is_base64url(b) || b == b'.' || b == b'~'));
        let segment = segment.get(..end.unwrap_or(longest))?;
        let count = |of: fn(&u8) -> bool| segment.iter().filter(|b| of(b)).count();
        if segment.len() < 16 || count(u8::is_ascii_digit) < 2 || count(u8::is_ascii_alphabetic) < 2 {
            return None;
        }
        let before = self.bytes.get(slash.saturating_sub(MAX_NAME)..slash)?;
        let mut segments = before.rsplit(|&b| b == b'/').take(2);
        let says = |segment: &[u8]| {
            let mut words = segment.split(|b| !b.is_ascii_alphanumeric());
            words.any(|word| FOR.iter().any(|of| word.eq_ignore_ascii_case(of)))
        };
        segments.any(says).then(|| start..start + segment.len())
    }

    /// `Bearer value` and the like, at the scheme's first letter.
    fn scheme(&self, at: usize) -> Option<Range<usize>> {
        const SCHEMES: [(&[u8], usize); 3] = [(b"bearer", 4), (b"basic", 8), (b"token", 16)];
        if self.in_word(at) {
            return None;
        }
        let is = |scheme: &[u8]| {
            self.bytes.get(at..at + scheme.len()).is_some_and(|b| b.eq_ignore_ascii_case(scheme))
        };
        let (scheme, shortest) = SCHEMES.iter().find(|(scheme, _)| is(scheme))?;
        let start = self.until(at + scheme.len(), |b| !matches!(b, b' ' | b'\t' | b'+'));
        if start == at + scheme.len() {
            return None;
        }
        let end = self.until(start, |b| b.is_ascii_whitespace() || b"&\"'<>,;(){}[]".contains(&b));
        (end - start >= *shortest).then_some(start..end)
    }

    /// A JSON web token or its like (RFC 7519): base64url of an object, a dot, more of it.
    fn web_token(&self, at: usize, tokenless: &mut usize) -> Option<Range<usize>> {
        if self.bytes.get(at..at + 3) != Some(b"eyJ") || self.in_word(at) {
            return None;
        }
        let head = self.until(at, |b| !is_base64url(b));
        if head - at < 8 || self.bytes.get(head) != Some(&b'.') {
            *tokenless = head;
            return None;
        }
        Some(at..self.until(head, |b| !(is_base64url(b) || b == b'.' || b == b'=')))
    }

    /// Nothing when it was replaced before, at an outer layer.
    fn not_done(&self, range: Range<usize>) -> Option<Range<usize>> {
        let text = self.text.get(range.clone())?.trim_end();
        // Unquoted values end at `>`.
        (text != super::REDACTED && text != "<redacted").then_some(range)
    }

    fn in_word(&self, at: usize) -> bool {
        at.checked_sub(1).and_then(|before| self.bytes.get(before)).is_some_and(u8::is_ascii_alphanumeric)
    }

    fn past_blanks(&self, at: usize) -> usize {
        self.until(at, |b| !matches!(b, b' ' | b'\t')).min(at + MAX_BLANKS)
    }

    /// The first position from `at` on whose byte ends what is read; ASCII only, so a character boundary.
    fn until(&self, at: usize, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at.min(self.bytes.len()) + rest.iter().position(|&b| ends(b)).unwrap_or(rest.len())
    }
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn as_str(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.[]%+$".contains(&byte)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

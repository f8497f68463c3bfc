//! Passwords of XML-RPC: they have no name but their place among the parameters of a method.
#![forbid(unsafe_code)]

use std::ops::Range;

/// Bytes of a method's name that are looked at.
const MAX_METHOD: usize = 64;

/// Where in a message it is.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// Values between here and the password.
    left: Option<usize>,
}

impl Parameters {
    /// At a `<`: the password, if it is the value that begins here.
    pub fn password(&mut self, text: &str, at: usize) -> Option<Range<usize>> {
        let rest = text.get(at..)?;
        if let Some(name) = rest.strip_prefix("<methodName>") {
            self.left = place(name);
        } else if let Some(behind) = rest.strip_prefix("<name>methodName</name>") {
            // A call among others; its method is a value, too.
            let value = behind.trim_start().strip_prefix("<value>")?.trim_start();
            self.left = place(value.strip_prefix("<string>").unwrap_or(value)).map(|left| left + 1);
        } else if let Some(inner) = rest.strip_prefix("<value>") {
            let typed = inner.trim_start();
            if typed.starts_with("<array") || typed.starts_with("<struct") {
                return None;
            }
            let left = self.left.as_mut()?;
            if *left > 0 {
                *left -= 1;
                return None;
            }
            self.left = None;
            // `<string>`, `<base64>`.
            let is_typed =
                typed.starts_with('<') && !typed.starts_with("</") && !typed.starts_with(super::REDACTED);
            let inner = if is_typed { typed.get(typed.find('>')? + 1..)? } else { inner };
            let start = text.len() - inner.len();
            return Some(start..start + inner.find("</").unwrap_or(inner.len()));
        }
        None
    }
}

/// How many values stand before the password of a method whose name begins a text: WordPress' own, those of the blogs before it,
/// Odoo's.
fn place(text: &str) -> Option<usize> {
    let text = text.trim_start();
    let end = text.bytes().take(MAX_METHOD).position(|byte| byte == b'<' || byte.is_ascii_whitespace())?;
    let method = text.get(..end)?.to_ascii_lowercase();
    match (method.as_str(), method.split('.').next()?) {
        ("wp.getusersblogs", _) => Some(1),
        ("blogger.getusersblogs" | "blogger.getuserinfo", _) => Some(2),
        (_, "blogger") => Some(3),
        (_, "wp" | "metaweblog" | "mt") => Some(2),
        ("login" | "authenticate" | "execute" | "execute_kw", _) => Some(2),
        _ => None,
    }
}

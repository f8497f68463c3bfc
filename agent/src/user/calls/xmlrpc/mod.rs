//! XML-RPC (xmlrpc.com/spec.md): a method and its parameters, a result or a fault; many of both in `system.multicall`.
//!
//! ```text
//! <methodCall><methodName>m</methodName><params><param><value>a</value></param></params></methodCall>  ─> m, param_0 = a
//! system.multicall: param_0.array_3.methodName = m, param_0.array_3.params.array_0 = a                 ─> the same, entry 3
//! ```
//!
//! Read as the most lenient server reads it: elements that don't fit are passed over.

mod values;

use values::{Told, read};

use super::{Call, Calls, Reply, index};
use crate::{limits, user::fields::Fields};

/// Many calls in one.
const MULTICALL: &[u8] = b"system.multicall";
/// The fault of WordPress for a wrong name or password.
const WRONG: &[u8] = b"403";

/// Whether a body is one of XML-RPC's.
pub(super) fn is_one(body: &[u8]) -> bool {
    let first =
        body.iter().position(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    let body = first.and_then(|first| body.get(first..)).unwrap_or_default();
    let head = body.get(..body.len().min(limits::XMLRPC_PROLOG)).unwrap_or_default();
    body.first() == Some(&b'<')
        && ["<methodCall", "<methodResponse"]
            .iter()
            .any(|name| memchr::memmem::find(head, name.as_bytes()).is_some())
}

/// A call, as far as it was read.
#[derive(Default)]
struct Pending {
    entry: u32,
    name: Vec<u8>,
    parameters: Fields,
}

impl Pending {
    fn end(&mut self, wanted: &dyn Fn(&[u8]) -> bool, calls: &mut Calls) {
        if wanted(&self.name)
            && let Some(call) = calls.begin(&self.name, self.entry, b"")
        {
            std::mem::swap(&mut call.parameters, &mut self.parameters);
        }
        self.name.clear();
        self.parameters.clear();
    }
}

/// The calls of a body that are wanted.
pub(super) fn calls(body: &[u8], wanted: &dyn Fn(&[u8]) -> bool, calls: &mut Calls) {
    let mut method = Vec::new();
    // Its name may stand behind the parameters.
    read(body, &mut |told| match told {
        Told::Method(name) => {
            method.extend_from_slice(name);
            false
        }
        Told::Value(..) | Told::Empty(_) => true,
    });
    let many = method == MULTICALL;
    calls.many = many;
    if !many && !wanted(&method) {
        return;
    }
    let mut pending = Pending { name: if many { Vec::new() } else { method }, ..Pending::default() };
    read(body, &mut |told| {
        let Told::Value(path, value) = told else { return true };
        if !many {
            pending.parameters.put(path, value);
            return true;
        }
        let Some((entry, name)) = path.strip_prefix(b"param_0.").and_then(index) else { return true };
        if entry != pending.entry {
            pending.end(wanted, calls);
            pending.entry = entry;
        }
        if name == b"methodName" {
            pending.name = value.to_vec();
        } else if let Some(parameter) = name.strip_prefix(b"params.array_") {
            pending.parameters.put(&[b"param_", parameter].concat(), value);
        }
        true
    });
    pending.end(wanted, calls);
}

/// Gives each call what was answered to it.
pub(super) fn replies(body: &[u8], calls: &mut Calls) {
    let many = calls.many;
    read(body, &mut |told| {
        let (path, value) = match told {
            Told::Value(path, value) => (path, Some(value)),
            Told::Empty(path) => (path, None),
            Told::Method(_) => return true,
        };
        if let Some(name) = path.strip_prefix(b"fault.") {
            // None of the calls was made, or the only one.
            calls.iter_mut().for_each(|call| call.fault(name, value.unwrap_or_default()));
        } else if !many {
            let of_call = path == b"param_0" || path.starts_with(b"param_0.");
            calls.iter_mut().filter(|_| of_call).for_each(|call| call.result(path == b"param_0", value));
        } else if let Some((entry, name)) = path.strip_prefix(b"param_0.").and_then(index) {
            let call = calls.iter_mut().find(|call| call.entry == entry);
            if let Some(call) = call {
                match name {
                    b"faultCode" | b"faultString" => call.fault(name, value.unwrap_or_default()),
                    // A result stands in a list of its own.
                    _ => call.result(name == b"array_0", value),
                }
            }
        }
        true
    });
}

impl Call {
    /// Takes a member of a fault.
    fn fault(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"faultCode" if value == WRONG => self.refuse(Reply::Refused, b""),
            b"faultCode" => self.refuse(Reply::Unchecked, b""),
            _ => self.say(value),
        }
    }

    /// Takes a value of a result; none: an empty list, which is a result too.
    fn result(&mut self, whole: bool, value: Option<&[u8]>) {
        let no = whole && value.is_some_and(|value| matches!(value, b"" | b"0"));
        if self.reply == Reply::Missing {
            self.reply = if no { Reply::Refused } else { Reply::Taken };
        }
    }
}

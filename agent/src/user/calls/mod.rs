//! Calls by name inside of one body: GraphQL's mutations, XML-RPC's methods. One request may have many.
//!
//! ```text
//! GraphQL: document, variables ─┐                                   ┌─ data, errors
//!                               ├─> Call: name, parameters, reply <─┤
//! XML-RPC: method, params ──────┘                                   └─ params, fault
//! ```
//!
//! Only calls that a rule asks for are kept, [`limits::CALLS`] of a request; what is over it is counted. Everything is read in
//! one or two passes, without recursion.
//!
//! No library: those for GraphQL and XML build a whole tree and refuse a body that ends early, which is what a body that was cut
//! does. Of a document only the fields at the top and their arguments matter here.

mod graphql;
mod xmlrpc;

use super::fields::Fields;
use crate::{
    http::{Request, Response},
    limits,
};

/// Calls whose buffers are kept for the next request.
const KEPT: usize = 4;

/// A name that a service was called by, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// As it was sent: `login`, `wp.getUsersBlogs`.
    pub name: Vec<u8>,
    /// GraphQL: arguments, with variables put in: `input.email`. XML-RPC: `param_0`, `param_1.user`.
    pub parameters: Fields,
    /// What became of it.
    pub reply: Reply,
    /// What was answered to it: of `data.login.token` it is `token`.
    pub answer: Fields,
    /// The texts of errors and of the answer, apart by line ends.
    pub said: Vec<u8>,
    /// It was answered with nothing but nothing so far.
    nothing: bool,
    /// Which of a batch it is in.
    entry: u32,
    /// The name of its answer in GraphQL: the alias, or the field's name. Empty: whatever there is.
    key: Vec<u8>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::user) enum Reply {
    /// Nothing is known of an answer to it.
    #[default]
    Missing,
    /// It was answered with something.
    Taken,
    /// With an error, with nothing or with "false".
    Refused,
    /// With an error that came before anything was checked: it was no valid call.
    Unchecked,
}

/// The calls of a request. Reused from request to request.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    used: usize,
    /// They came in one call that makes many.
    many: bool,
    /// Calls that were asked for and had no place, of all requests.
    pub left_out: u64,
}

impl Calls {
    /// Reads the calls of a request that are wanted, by their names, and the answers to them. `fields`: the parameters of the
    /// request.
    pub fn read(
        &mut self,
        request: &Request,
        response: &Response,
        fields: &Fields,
        wanted: &dyn Fn(&[u8]) -> bool,
    ) {
        self.clear();
        let body = request.body.data.get(..request.body.data.len().min(limits::REQUEST_BODY));
        let body = body.unwrap_or_default();
        if xmlrpc::is_one(body) {
            xmlrpc::calls(body, wanted, self);
        } else {
            let content_type = request.header("content-type").map_or(&b""[..], |value| value);
            graphql::calls(content_type, body, request.body.cut, fields, wanted, self);
        }
        if self.used == 0 {
            return;
        }
        let answer = &response.body.data[..];
        if xmlrpc::is_one(answer) {
            xmlrpc::replies(answer, self);
        } else {
            graphql::replies(response.status, &response.body, self);
        }
    }

    /// Forgets the calls of the request before.
    pub fn clear(&mut self) {
        // Most requests have one call; what a large one took is given back.
        self.list.truncate(KEPT);
        (self.used, self.many) = (0, false);
    }

    /// The calls.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.list.iter().take(self.used)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.list.iter_mut().take(self.used)
    }

    /// A new call, empty but for its name; none: there is no room.
    fn begin(&mut self, name: &[u8], entry: u32, key: &[u8]) -> Option<&mut Call> {
        if self.used >= limits::CALLS {
            self.left_out += 1;
            return None;
        }
        if self.list.len() <= self.used {
            self.list.push(Call::default());
        }
        let call = self.list.get_mut(self.used)?;
        self.used += 1;
        for text in [&mut call.name, &mut call.said, &mut call.key] {
            text.clear();
        }
        call.parameters.clear();
        call.answer.clear();
        call.name.extend_from_slice(name);
        call.key.extend_from_slice(key);
        (call.reply, call.nothing, call.entry) = (Reply::Missing, false, entry);
        Some(call)
    }
}

impl Call {
    fn say(&mut self, text: &[u8]) {
        let room = limits::WORDS_READ.saturating_sub(self.said.len() + 1);
        if !text.is_empty() && room > 0 {
            self.said.extend_from_slice(text.get(..text.len().min(room)).unwrap_or(text));
            self.said.push(b'\n');
        }
    }

    /// An error that is this call's.
    fn refuse(&mut self, reply: Reply, text: &[u8]) {
        self.say(text);
        // Whatever else is answered: an error stays one.
        self.reply = if self.reply == Reply::Unchecked { self.reply } else { reply };
        self.nothing = false;
    }

    /// A value that is answered to it, under a name; none: it is the answer itself.
    fn take(&mut self, name: &[u8], value: &[u8]) {
        self.say(value);
        let nothing = matches!(value, b"" | b"false" | b"0");
        if self.reply == Reply::Missing && nothing {
            (self.reply, self.nothing) = (Reply::Refused, true);
        } else if (self.reply == Reply::Missing || self.nothing) && !nothing && name != b"__typename" {
            (self.reply, self.nothing) = (Reply::Taken, false);
        }
        // An answer that is one text is a token, where it looks like one.
        self.answer.put(if name.is_empty() { b"token" } else { name }, value);
    }
}

/// `array_7.rest` → 7, `rest`.
fn index(name: &[u8]) -> Option<(u32, &[u8])> {
    let rest = name.strip_prefix(b"array_")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits)?;
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(b".")? };
    Some((number, rest))
}

/// `a.b.c` → `a`, `b.c`.
fn part(name: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'.', name) {
        Some(at) => (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default()),
        None => (name, b""),
    }
}

#[cfg(test)]
mod tests;

//! GraphQL over HTTP: requests in JSON, one or a list of them, as a form, with files, or as a bare document.
//!
//! ```text
//! {"query": "mutation { a: login(name: $n) { token } }", "variables": {"n": "bob"}}  ─> call login, name = bob
//! {"data": {"a": {"token": "…"}}, "errors": [{"path": ["a"], …}]}                     ─> its reply
//! ```
//!
//! A request that names a stored document (persisted queries) is one call: by the operation's name, with its variables.

mod document;
mod replies;
mod tokens;

use document::{Document, Leaf};
pub(super) use replies::replies;

use super::{Call, Calls, index, part};
use crate::{
    limits,
    rules::bodies::{Buffers, Sink, json},
    user::fields::Fields,
};

/// One of the requests of a batch.
#[derive(Debug, Default)]
struct Entry {
    document: Vec<u8>,
    /// The name of the operation that is to run.
    operation: Vec<u8>,
    /// Their names begin with `variables.`
    variables: Fields,
}

impl Entry {
    fn clear(&mut self) {
        self.document.clear();
        self.operation.clear();
        self.variables.clear();
    }

    /// Takes a member of a request.
    fn take(&mut self, name: &[u8], value: &[u8]) {
        match part(name) {
            (b"query", b"") => self.document = value.to_vec(),
            (b"operationName", b"") => self.operation = value.to_vec(),
            (b"variables", rest) if !rest.is_empty() => {
                self.variables.put(name, value);
            }
            _ => {}
        }
    }

    /// The calls of this request.
    fn calls(&mut self, number: u32, wanted: &dyn Fn(&[u8]) -> bool, calls: &mut Calls) {
        let Self { document, operation, variables } = self;
        if document.is_empty() {
            if !operation.is_empty()
                && wanted(operation)
                && let Some(call) = calls.begin(operation, number, b"")
            {
                for variable in variables.iter() {
                    call.parameters.put(part(variable.name).1, variable.value);
                }
            }
            return;
        }
        // Defaults of variables are read when there is a call that they may be for, and stand behind what was sent.
        let mut found: Vec<document::Field<'_>> = Vec::new();
        let mut left_out = 0;
        let defaults = document::fields(document, operation, &mut |field| {
            if wanted(field.name) {
                if found.len() < limits::CALLS {
                    found.push(field);
                } else {
                    left_out += 1;
                }
            }
            true
        });
        calls.left_out += left_out;
        if found.is_empty() {
            return;
        }
        if let Some(at) = defaults {
            let mut name = Vec::new();
            Document::from(document, at).defaults(&mut |path, leaf| {
                name.clear();
                name.extend_from_slice(b"variables.");
                name.extend_from_slice(path);
                match leaf {
                    Leaf::Value(value) => variables.put(&name, value),
                    Leaf::Variable(_) => true,
                }
            });
        }
        for field in found {
            let Some(call) = calls.begin(field.name, number, field.key) else { continue };
            if let Some(at) = field.arguments {
                arguments(call, Document::from(document, at), variables);
            }
        }
    }
}

/// Puts arguments down, and what stands in their variables.
fn arguments(call: &mut Call, document: Document<'_>, variables: &Fields) {
    let mut values = 0;
    document.arguments(&mut |path, leaf| {
        values += 1;
        match leaf {
            Leaf::Value(value) => {
                call.parameters.put(path, value);
            }
            Leaf::Variable(name) => {
                let mut long = path.to_vec();
                for variable in variables.iter() {
                    let (first, rest) = part(part(variable.name).1);
                    // What was sent counts, not the default.
                    if first != name {
                        continue;
                    }
                    long.truncate(path.len());
                    if !rest.is_empty() {
                        long.push(b'.');
                        long.extend_from_slice(rest);
                    }
                    call.parameters.put(&long, variable.value);
                    if rest.is_empty() {
                        break;
                    }
                }
            }
        }
        values < limits::FIELDS
    });
}

/// The calls of a request's body that are wanted. `fields`: its parameters.
pub(super) fn calls(
    content_type: &[u8],
    body: &[u8],
    cut: bool,
    fields: &Fields,
    wanted: &dyn Fn(&[u8]) -> bool,
    calls: &mut Calls,
) {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_document = content_type.len() >= DOCUMENT.len()
        && content_type.get(..DOCUMENT.len()).is_some_and(|text| text.eq_ignore_ascii_case(DOCUMENT));
    if is_document && !body.starts_with(b"{\"") {
        let mut entry = Entry { document: body.to_vec(), ..Entry::default() };
        entry.calls(0, wanted, calls);
    } else if matches!(first, Some(b'{' | b'[')) {
        json(body, cut, wanted, calls);
    } else if let Some(operations) = fields.named("operations").next() {
        // A form with files (github.com/jaydenseric/graphql-multipart-request-spec).
        json(operations, cut, wanted, calls);
    } else {
        let mut entry = Entry::default();
        for name in ["query", "operationname"] {
            if let Some(value) = fields.named(name).next() {
                let into = if name == "query" { &mut entry.document } else { &mut entry.operation };
                *into = value.to_vec();
            }
        }
        if let Some(variables) = fields.named("variables").next() {
            let mut sink = Variables(&mut entry.variables);
            json::read(variables, limits::FIELD_DEPTH, cut, &mut Buffers::default(), &mut sink);
        }
        entry.calls(0, wanted, calls);
    }
}

/// The media type of a bare document.
const DOCUMENT: &[u8] = b"application/graphql";

fn json(text: &[u8], cut: bool, wanted: &dyn Fn(&[u8]) -> bool, calls: &mut Calls) {
    let mut batch = Batch { number: 0, entry: Entry::default(), wanted, calls };
    json::read(text, limits::FIELD_DEPTH, cut, &mut Buffers::default(), &mut batch);
    batch.end();
}

/// Takes requests one after the other.
struct Batch<'b> {
    number: u32,
    entry: Entry,
    wanted: &'b dyn Fn(&[u8]) -> bool,
    calls: &'b mut Calls,
}

impl Batch<'_> {
    fn end(&mut self) {
        self.entry.calls(self.number, self.wanted, self.calls);
        self.entry.clear();
    }
}

impl Sink for Batch<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        let name = name.strip_prefix(b"json.").unwrap_or_default();
        let (number, name) = index(name).unwrap_or((0, name));
        if number != self.number {
            self.end();
            self.number = number;
        }
        self.entry.take(name, value);
        true
    }
}

/// Variables that stand by themselves.
struct Variables<'v>(&'v mut Fields);

impl Sink for Variables<'_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        let mut own = b"variables.".to_vec();
        own.extend_from_slice(name.strip_prefix(b"json.").unwrap_or_default());
        self.0.put(&own, value)
    }
}

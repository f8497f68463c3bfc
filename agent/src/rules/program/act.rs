//! What matches do, done: members written, records opened, rules removed.

use super::{
    collections::{Collections, Place, built_in},
    engine::{Act, Engine, Name, Text},
    state::State,
    written::Slot,
};
use crate::rules::{
    values::store::Store,
    {seclang::operators::number, variable::Variable},
};

impl State {
    /// Does what a match of a link does.
    pub fn act(&mut self, engine: &Engine, store: &Store, kept: &Collections, link: u32, effects: &[Act]) {
        for (at, effect) in (0u32..).zip(effects) {
            match effect {
                Act::Set { collection, name, value } => {
                    let value = self.filled(engine, store, value);
                    self.write(engine, store, kept, *collection, name, Write::Set(&value));
                    self.filled = value;
                }
                Act::Add { collection, name, value, negative } => {
                    let by = self.number(engine, store, value);
                    let by = if *negative { by.saturating_neg() } else { by };
                    self.write(engine, store, kept, *collection, name, Write::Add(by));
                }
                Act::Unset { collection, name } => {
                    self.write(engine, store, kept, *collection, name, Write::Unset);
                }
                Act::Expire { collection, name, seconds } => {
                    let seconds = self.number(engine, store, seconds);
                    self.write(engine, store, kept, *collection, name, Write::Expire(seconds));
                }
                Act::Deprecate { collection, name, by } => {
                    let by = self.filled(engine, store, by);
                    let mut numbers = by.splitn(2, |&byte| byte == b'/').map(number::read);
                    let (amount, per) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
                    self.filled = by;
                    if amount > 0 && per > 0 {
                        self.write(engine, store, kept, *collection, name, Write::Deprecate(amount, per));
                    }
                }
                Act::Open { collection, key, named } => {
                    let key = self.filled(engine, store, key);
                    self.open(engine, kept, *collection, &key, *named);
                    self.filled = key;
                }
                Act::Mode(mode) => self.mode = Some(*mode),
                // Once is enough, however often the rule matches.
                Act::Remove(_) | Act::RemoveTarget(..) if self.done.contains(&(link, at)) => {}
                Act::Remove(rules) => {
                    self.done.push((link, at));
                    self.any_removed |= !rules.is_empty();
                    for &rule in rules {
                        if let Some(removed) = self.removed.get_mut(rule as usize) {
                            *removed = true;
                        }
                    }
                }
                Act::RemoveTarget(..) => {
                    self.done.push((link, at));
                    self.removed_targets.push((link, at));
                }
                Act::Instead(..) => self.instead.push((link, at)),
                Act::BodyProcessor(processor) => self.processor = Some(*processor),
                Act::ForceBody(on) => self.force_body = *on,
                Act::RequestBody(on) => self.request_body = Some(*on),
                Act::ResponseBody(on) => self.response_body = Some(*on),
            }
        }
    }

    /// Opens a record: its members are the transaction's from now on.
    fn open(&mut self, engine: &Engine, kept: &Collections, collection: Variable, key: &[u8], named: bool) {
        let Self { opened, written, now, .. } = self;
        let application = &engine.settings.web_app_id;
        let Some((key, whole)) = opened.open(collection, application, key, named) else { return };
        if !whole {
            kept.note_cut(key);
        }
        let built = kept.open(key, *now, |name, value| {
            written.put(&engine.names, collection, None, name, value);
        });
        let is_new = built.is_none();
        let timeout = built.map_or(engine.settings.collection_timeout, |built| built.timeout);
        for (_, name, slot) in engine.built_in.iter().filter(|(of, ..)| *of == collection) {
            let mut digits = itoa::Buffer::new();
            let value = match (*name, &built) {
                ("key", _) => opened.key(collection, false).unwrap_or_default(),
                ("is_new", _) => digits.format(u8::from(is_new)).as_bytes(),
                ("timeout", _) => digits.format(timeout).as_bytes(),
                ("create_time", built) => digits.format(built.map_or(*now, |b| b.create_time)).as_bytes(),
                ("last_update_time", built) => {
                    digits.format(built.map_or(*now, |b| b.last_update_time)).as_bytes()
                }
                ("update_counter", built) => digits.format(built.map_or(0, |b| b.update_counter)).as_bytes(),
                (_, built) => digits.format(built.map_or(0, |b| b.update_rate)).as_bytes(),
            };
            written.set(*slot, value);
        }
    }

    /// Writes a member: for the transaction, and in its collection's record. Without an open record nothing is
    /// written (ModSecurity 2; the third writes to one without a key, that all clients share).
    fn write(
        &mut self,
        engine: &Engine,
        store: &Store,
        kept: &Collections,
        collection: Variable,
        name: &Name,
        write: Write<'_>,
    ) {
        let mut buffer = std::mem::take(&mut self.name);
        buffer.clear();
        let (slot, name) = match name {
            Name::Slot(slot) => (Some(*slot), engine.names.name(*slot)),
            Name::Expanded(text) => {
                self.fill(engine, store, text, &mut buffer);
                buffer.make_ascii_lowercase();
                (engine.names.find(collection, &buffer), &buffer[..])
            }
        };
        self.write_named(engine, kept, collection, slot, name, write);
        self.name = buffer;
    }

    fn write_named(
        &mut self,
        engine: &Engine,
        kept: &Collections,
        collection: Variable,
        slot: Option<Slot>,
        name: &[u8],
        write: Write<'_>,
    ) {
        let Self { opened, written, now, .. } = self;
        let record = match opened.place(collection, *now, engine.settings.collection_timeout) {
            Place::Own => None,
            Place::Nowhere => return,
            Place::Record(to) => Some(to),
        };
        let is_built_in = record.is_some() && built_in().any(|own| own.as_bytes() == name);
        let names = &engine.names;
        let mut digits = itoa::Buffer::new();
        match (write, record) {
            (write, Some(to)) if is_built_in => {
                // What a record tells of itself is only read; but how long it is kept may be said.
                let Write::Set(value) = write else { return };
                if name != b"timeout" {
                    return;
                }
                kept.keep_for(to, number::read(value));
                written.put(names, collection, slot, name, value);
            }
            (Write::Set(value), record) => {
                if let Some(to) = record {
                    kept.set(to, name, value);
                }
                written.put(names, collection, slot, name, value);
            }
            (Write::Add(by), record) => {
                let sum = match record {
                    Some(to) => kept.add(to, name, by),
                    None => {
                        let held = written.at(collection, slot, name).map_or(0, number::read);
                        held.saturating_add(by)
                    }
                };
                written.put(names, collection, slot, name, digits.format(sum).as_bytes());
            }
            (Write::Unset, record) => {
                if let Some(to) = record {
                    kept.unset(to, name);
                }
                written.take(collection, slot, name);
            }
            (Write::Expire(seconds), Some(to)) => kept.expire(to, name, now.saturating_add(seconds)),
            (Write::Deprecate(amount, per), Some(to)) => match kept.deprecate(to, name, amount, per) {
                Some(value) => written.put(names, collection, slot, name, digits.format(value).as_bytes()),
                None => return,
            },
            (Write::Expire(_) | Write::Deprecate(..), None) => return,
        }
        opened.wrote(collection);
    }

    fn number(&mut self, engine: &Engine, store: &Store, text: &Text) -> i64 {
        let filled = self.filled(engine, store, text);
        let number = number::read(&filled);
        self.filled = filled;
        number
    }

    /// A text filled in, in a buffer that is to be given back.
    fn filled(&mut self, engine: &Engine, store: &Store, text: &Text) -> Vec<u8> {
        let mut filled = std::mem::take(&mut self.filled);
        filled.clear();
        self.fill(engine, store, text, &mut filled);
        filled
    }
}

/// What is done to a member.
#[derive(Clone, Copy)]
enum Write<'v> {
    Set(&'v [u8]),
    Add(i64),
    Unset,
    /// It is gone after so many seconds.
    Expire(i64),
    /// It goes down by so much in so many seconds.
    Deprecate(i64, i64),
}

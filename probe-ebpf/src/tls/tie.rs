//! Which connection an object belongs to.

use core::mem::MaybeUninit;

use picket_common::{
    stats::Counter,
    tls::{KEY_LEN, Key, Library, Whose},
};

use super::{Layout, Object, ObjectKey};
use crate::{
    conn::{Conn, phase},
    count,
    maps::{TLS_BLANK, TLS_HELLO, TLS_LAYOUT, TLS_OBJECT, TLS_RECORD, TLS_TIED, tap_config},
    source::{Memory, Source as _, read, word},
};

/// Values of [`Object::state`].
pub mod state {
    /// Tied to no connection of a service.
    pub const FOREIGN: u32 = 1;
    pub const TIED: u32 = 2;
}

/// How far into an object a random is looked for: OpenSSL 3.5 keeps it at 0x200, GnuTLS below that.
const NEAR: u64 = 1024;
/// How many pointers are followed, from the object's start: OpenSSL 1.1's lies at 0xa8, BoringSSL's at 0x30.
const POINTERS: u64 = 32;
/// How far behind each.
const BEHIND: u64 = 256;
/// Randoms lie at multiples of this.
const STEP: u64 = 4;

/// The object, if it is tied to a connection of a service.
#[inline(always)]
pub fn tied(library: u32, key: &ObjectKey) -> Option<&'static mut Object> {
    let object = object(key)?;
    if library == Library::Go as u32 || library == Library::Rustls as u32 {
        // Nobody says when such an object is freed, and it has no random: another one may lie there.
        if object.state == state::TIED && TLS_TIED.get_ptr(object.whose.cookie).is_none() {
            object.state = state::FOREIGN;
        }
    } else if let Some(random) = random(key, object.state != state::TIED, object.state == 0) {
        // Another random: another connection's object at the same place, or the first look at it.
        if random != object.key {
            object.key = random;
            // SAFETY: the value is copied at once.
            match unsafe { TLS_HELLO.get(random) } {
                // What is known already, by a record: it goes on.
                Some(whose) if object.state == state::TIED && object.whose.cookie == whose.cookie => {}
                Some(whose) => tie(key, object, whose),
                None => {}
            }
        }
    }
    if object.state == state::TIED {
        return Some(object);
    }
    object.state = state::FOREIGN;
    count::add(Counter::TlsForeign, 1);
    None
}

/// Whether the object is tied already.
#[inline(always)]
pub fn is_tied(key: &ObjectKey) -> bool {
    cookie(key) != 0
}

/// Whether the object is tied to a connection that is not closed.
#[inline(always)]
pub fn is_live(key: &ObjectKey) -> bool {
    let cookie = cookie(key);
    cookie != 0 && TLS_TIED.get_ptr(cookie).is_some()
}

/// Ties the object that is reading a record to the connection that the record came on. True: there is one.
#[inline(always)]
pub fn by_record(key: &ObjectKey, ciphertext: u64) -> bool {
    let Some(bytes) = read::<KEY_LEN>(ciphertext) else { return false };
    // SAFETY: the value is copied at once.
    let Some(whose) = (unsafe { TLS_RECORD.get(bytes) }) else { return false };
    let whose = *whose;
    let _ = TLS_RECORD.remove(bytes);
    let Some(object) = object(key) else { return false };
    tie(key, object, &whose);
    true
}

/// The cookie of the connection that the object is tied to, 0 if it is tied to none.
#[inline(always)]
pub fn cookie(key: &ObjectKey) -> u64 {
    // SAFETY: read at once.
    let object = unsafe { TLS_OBJECT.get(key) };
    object.map_or(0, |object| if object.state == state::TIED { object.whose.cookie } else { 0 })
}

/// Ties the object to a connection that is known otherwise, if it is not tied to it already: its counts go on then.
#[inline(always)]
pub fn to(key: &ObjectKey, whose: &Whose) {
    if let Some(object) = object(key)
        && (object.state != state::TIED || object.whose.cookie != whose.cookie)
    {
        tie(key, object, whose);
    }
}

/// The object at one place is at another now.
#[inline(always)]
pub fn moved(from: &ObjectKey, to: &ObjectKey) {
    if from.address == to.address {
        return;
    }
    if let Some(object) = TLS_OBJECT.get_ptr(from) {
        // SAFETY: an entry of the map, copied at once; a library's object is used by one thread at a time.
        let object = unsafe { &*object };
        let cookie = object.whose.cookie;
        if object.state == state::TIED {
            if TLS_OBJECT.insert(to, object, 0).is_ok() {
                let _ = TLS_TIED.insert(cookie, to.address, 0);
            } else {
                count::add(Counter::TableFull, 1);
            }
        }
        let _ = TLS_OBJECT.remove(from);
    }
}

/// Ties the object to a connection. One whose handshake was seen is told from its first byte, which lets the agent see
/// which of several pipelined requests is answered.
#[inline(always)]
fn tie(key: &ObjectKey, object: &mut Object, whose: &Whose) {
    let from_start = whose.hello != 0;
    count::add(if from_start { Counter::TlsTied } else { Counter::TlsTiedByRecord }, 1);
    object.whose = *whose;
    object.state = state::TIED;
    object.at = [0; 2];
    object.queued = 0;
    let config = tap_config();
    let conn: &mut Conn = &mut object.conn;
    conn.listener = whose.listener;
    conn.cgroup = whose.cgroup;
    conn.phase = if from_start { phase::OPENED } else { phase::OLDER };
    conn.last = 0;
    conn.turns = 0;
    conn.known_start = u8::from(from_start);
    conn.plain = 1;
    conn.fresh = 1;
    conn.ingress.budget = config.ingress_budget;
    conn.egress.budget = config.egress_budget;
    (conn.ingress.skip, conn.ingress.skipped, conn.ingress.lost) = (0, 0, 0);
    (conn.egress.skip, conn.egress.skipped, conn.egress.lost) = (0, 0, 0);
    let _ = TLS_TIED.insert(whose.cookie, key.address, 0);
}

/// What is known of an object, made anew if nothing is.
#[inline(always)]
fn object(key: &ObjectKey) -> Option<&'static mut Object> {
    let mut slot = TLS_OBJECT.get_ptr_mut(key);
    if slot.is_none() {
        let blank = TLS_BLANK.get(0)?;
        if TLS_OBJECT.insert(key, blank, 0).is_err() {
            count::add(Counter::TableFull, 1);
            return None;
        }
        slot = TLS_OBJECT.get_ptr_mut(key);
    }
    // SAFETY: an entry of the map; a library's object is used by one thread at a time.
    slot.map(|slot| unsafe { &mut *slot })
}

/// The key of the client's random that an object holds, if its process' layout is known or, where it is to be searched for,
/// can be found. `first`: the object was not looked at before.
#[inline(always)]
fn random(key: &ObjectKey, search: bool, first: bool) -> Option<Key> {
    let pid = key.pid as u32;
    // SAFETY: copied at once.
    let known = unsafe { TLS_LAYOUT.get(pid) }.copied().unwrap_or_default();
    if known.hops != 0 {
        return read(place(key.address, &known)?);
    }
    if !search || !first && !known.is_due() {
        return None;
    }
    count::add(Counter::TlsSearches, 1);
    let found = picket_search(key.address);
    if found == 0 {
        known.missed(pid);
        return None;
    }
    let layout = Layout {
        hops: (found >> 32) as u16,
        pointer: (found >> 16) as u16,
        offset: found as u16,
        searches: 0,
        next: 0,
    };
    let _ = TLS_LAYOUT.insert(pid, layout, 0);
    read(place(key.address, &layout)?)
}

#[inline(always)]
fn place(object: u64, layout: &Layout) -> Option<u64> {
    let base = if layout.hops == 1 { object } else { word(object + u64::from(layout.pointer))? };
    Some(base + u64::from(layout.offset))
}

/// Looks through an object for the random of any handshake that was seen. 0: not there; else the fields of
/// [`Layout`], 16 bits each. A function of its own for the verifier's sake, as `picket_deliver` is.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn picket_search(object: u64) -> u64 {
    // The object itself, then what lies behind its pointers: one loop, for what is inlined twice has room on the stack
    // twice, of which there are 512 bytes for all calls together, each rounded up to 32 (Linux 6.1 and older).
    let mut hop = 0;
    while hop <= POINTERS {
        let pointer = if hop == 0 { 0 } else { (hop - 1) * 8 };
        let (base, len) =
            if hop == 0 { (object, NEAR) } else { (word(object + pointer).unwrap_or_default(), BEHIND) };
        if base > 0x1000 && base < 1 << 56 {
            let mut at = 0;
            while at < len {
                let place = known(base + at);
                if place < BLOCK {
                    let hops = if hop == 0 { 1 } else { 2 };
                    return hops << 32 | pointer << 16 | (at + place);
                }
                at += BLOCK;
            }
        }
        hop += 1;
    }
    0
}

/// Bytes that are read at once.
const BLOCK: u64 = 32;

/// Where in the block at an address a random of a handshake begins; [`BLOCK`]: nowhere.
#[inline(always)]
fn known(at: u64) -> u64 {
    const LEN: usize = BLOCK as usize + KEY_LEN;
    let mut bytes = MaybeUninit::<[u8; LEN]>::uninit();
    let source = Memory { base: at, cookie: 0, cgroup: 0 };
    // In place: a copy would take the stack's room again. SAFETY: there are LEN bytes.
    if !unsafe { source.copy(0, bytes.as_mut_ptr().cast(), LEN as u32) } {
        return BLOCK;
    }
    let mut place = 0;
    while place < BLOCK {
        // SAFETY: KEY_LEN bytes of what was read.
        let key = unsafe { &*bytes.as_ptr().cast::<u8>().add(place as usize).cast::<Key>() };
        if TLS_HELLO.get_ptr(key).is_some() {
            return place;
        }
        place += STEP;
    }
    BLOCK
}

//! rustls 0.23 in programs that keep their symbols, as cargo's release profile does.
//!
//! Looked up in axum servers built by Rust 1.95 with rustls 0.23.46, with ring and aws-lc-rs, without LTO, with thin and fat LTO:
//! these functions are there as symbols, with these arguments (all structs through pointers, words of 8 bytes):
//!
//! | program | function | what is there |
//! |---|---|---|
//! | `picket_rustls_record` | `<DeframerIter as Iterator>::next`, entered | rsi: `[data, length, …]`, what was received and not yet taken apart; a record with its header stands first, maybe only a part of it |
//! | `picket_rustls_decrypt` | `RecordLayer::decrypt_incoming`, entered | rdx: `[data, length, …]`, a whole record's ciphertext without its header |
//! | the same | `<… as MessageDecrypter>::decrypt` of each cipher, entered | the same |
//! | `picket_rustls_read` | `CommonState::take_received_plaintext`, entered | rdi `*CommonState`; rsi: `[_, data, length]`, a record's plaintext, once |
//! | `picket_rustls_write` | `CommonState::send_appdata_encrypt`, entered | rdi `*CommonState`; rsi: `[0, data, length]`, or several pieces: `[pieces, count, start, end]` with pieces `[data, length] × count`, of whose bytes together those from start to end are meant |
//! | `picket_rustls_write_leave` | before each return | rax: bytes taken, counted from the first; the rest comes again |
//! | `picket_rustls_early` | `<ExpectEarlyData as State>::handle`, entered | rdx: `[*CommonState, …]`, a `Context` |
//! | `picket_rustls_early_read` | `EarlyDataState::take_received_plaintext`, entered | rsi: `[_, data, length]`, a record of early data; called by the one before |
//! | `picket_rustls_update`, `_leave` | `KeyScheduleTraffic::update_encrypter_and_notify`, entered; before each return | rsi `*CommonState` |
//!
//! One of the first three is taken: thin LTO inlines the first and may inline the second, fat LTO inlines the second; the third is
//! called through a table. It is always passed before
//! `take_received_plaintext` for the same record on the same thread: that ties by the ciphertext's first bytes. No client
//! random stays in the objects. *Which connection*: objects move (from `accept`'s future into the stream), so their addresses
//! don't say it. [`Found::object`] is the offset from `*CommonState` of the pointer to the boxed `MessageEncrypter`: the key of a
//! tie. It is read from the code of the file, since Rust orders fields as it likes.
//!
//! *The encrypter stays* from before early data is taken (`into_traffic_with_client_finished_pending` makes it, the client's
//! `EndOfEarlyData` and `Finished` change the decrypter only), so early data and what follows are one stream. A client that asks
//! for new keys (`KeyUpdate`, RFC 8446 section 4.6.3) changes it: what is known is moved. When rustls does so of itself, after as many
//! records as the cipher allows (2²⁴ with AES-GCM), the connection is not seen any more. Early data that rustls refuses
//! because it is too much is seen though the service does not get it: the connection ends with it.
//!
//! rustls up to 0.22 inlines the function that takes plaintext.

use super::{
    code::{Arguments, Leaves, Routine},
    found::{Cost, Found, Place, Point, Runtime, Scope, Unseen},
    image::{Image, Named, Symbol},
    marks,
};
use crate::limits;

/// Functions, as both manglings of Rust write them.
pub(super) const PARTS: &[&str] =
    &[TAKE, SEND, DECRYPT, NEXT, NEXT_V0, DECRYPTER, DECRYPTER_V0, EARLY, EXPECT, UPDATE];
const TAKE: &str = "11CommonState23take_received_plaintext";
const SEND: &str = "11CommonState20send_appdata_encrypt";
const DECRYPT: &str = "11RecordLayer16decrypt_incoming";
const NEXT: &str = "deframer..DeframerIter$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4next";
const NEXT_V0: &str = "12DeframerIterNt";
const DECRYPTER: &str = "MessageDecrypter$GT$7decrypt17h";
const DECRYPTER_V0: &str = "16MessageDecrypter7decrypt";
const EARLY: &str = "14EarlyDataState23take_received_plaintext";
/// In both manglings the type that a method is of, or that its trait is for.
const EXPECT: &str = "ExpectEarlyData";
/// The method `handle`, in each mangling.
const HANDLE: [&str; 2] = ["$GT$6handle17h", "E6handle"];
const UPDATE: &str = "18KeyScheduleTraffic27update_encrypter_and_notify";

pub(super) fn look(image: &Image<'_>, names: &Named, runtimes: &mut Vec<Found>) {
    // Constants are read only where symbols can't say it, and for the version.
    if names.rustls.is_empty() && !image.may_hide_tls() {
        return;
    }
    let version = marks::read(image).rustls.clone();
    if names.rustls.is_empty() && version.is_none() {
        return;
    }
    let mut found = Found::new(Runtime::Rustls, version);
    match points(image, names) {
        Ok((object, points)) => {
            found.object = Some(object);
            found.points = points;
        }
        Err(unseen) => found.unseen = Some(unseen),
    }
    runtimes.push(found);
}

const STRIPPED: Unseen = Unseen {
    why: "its symbols were removed, so rustls' functions can't be found",
    advice: "build with strip = \"debuginfo\" or \"none\" in Cargo's profile and don't run strip on the program",
    partly: false,
};
const OTHER: Unseen = Unseen {
    why: "the functions of rustls 0.23 that plaintext passes are not among its symbols: another version, or inlined",
    advice: "use rustls 0.23, or terminate TLS in a proxy in front of the service",
    partly: false,
};

fn points(image: &Image<'_>, names: &Named) -> Result<(u32, Vec<Point>), Unseen> {
    if names.rustls.is_empty() {
        return Err(STRIPPED);
    }
    let mut points = Vec::new();
    let next = |name: &str| name.contains(NEXT) || name.contains(NEXT_V0) && name.contains("8Iterator4next");
    let sends: Vec<_> = functions(names, |name| name.contains(SEND)).collect();
    let object =
        sends.iter().find_map(|(_, symbol)| Routine::read(image, *symbol)?.boxed(image)).ok_or(OTHER)?;
    for (program, wanted) in [
        ("picket_rustls_record", &next as &dyn Fn(&str) -> bool),
        ("picket_rustls_decrypt", &|name| name.contains(DECRYPT)),
        ("picket_rustls_decrypt", &|name| name.contains(DECRYPTER) || name.contains(DECRYPTER_V0)),
    ] {
        for (name, symbol) in functions(names, wanted) {
            enter(image, name, symbol, program, &mut points).ok_or(OTHER)?;
        }
        if !points.is_empty() {
            break;
        }
    }
    let ties = points.len();
    for (name, symbol) in functions(names, |name| name.contains(TAKE)) {
        enter(image, name, symbol, "picket_rustls_read", &mut points).ok_or(OTHER)?;
    }
    if ties == 0 || points.len() == ties {
        return Err(OTHER);
    }
    for (name, symbol) in sends {
        enter(image, name, symbol, "picket_rustls_write", &mut points).ok_or(OTHER)?;
        leave(image, name, symbol, "picket_rustls_write_leave", &mut points).ok_or(OTHER)?;
    }
    points.extend(early(image, names));
    points.extend(update(image, names));
    points.sort();
    Ok((object, points))
}

/// Where early data passes. Nothing, if that can't be told: all else is seen without it.
fn early(image: &Image<'_>, names: &Named) -> Vec<Point> {
    let mut points = Vec::new();
    let handle = |name: &str| name.contains(EXPECT) && HANDLE.iter().any(|part| name.contains(part));
    for (wanted, program) in [
        (&handle as &dyn Fn(&str) -> bool, "picket_rustls_early"),
        (&|name| name.contains(EARLY), "picket_rustls_early_read"),
    ] {
        let before = points.len();
        for (name, symbol) in functions(names, wanted) {
            if enter(image, name, symbol, program, &mut points).is_none() {
                return Vec::new();
            }
        }
        if points.len() == before {
            return Vec::new();
        }
    }
    points
}

/// Where a connection gets another encrypter. Nothing, if that can't be told.
fn update(image: &Image<'_>, names: &Named) -> Vec<Point> {
    let mut points = Vec::new();
    for (name, symbol) in functions(names, |name| name.contains(UPDATE)) {
        let both = enter(image, name, symbol, "picket_rustls_update", &mut points)
            .and_then(|()| leave(image, name, symbol, "picket_rustls_update_leave", &mut points));
        if both.is_none() {
            return Vec::new();
        }
    }
    points
}

fn functions(names: &Named, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, Symbol)> {
    let all = names
        .rustls
        .iter()
        .map(|(name, symbol)| (&**name, *symbol))
        .filter(move |(name, _)| wanted(name) && !name.contains(".cold"));
    all.take(limits::BINARY_NAMESAKES)
}

/// All of them have up to four arguments.
const ARGUMENTS: Arguments = Arguments::C(4);

fn enter(
    image: &Image<'_>,
    name: &str,
    symbol: Symbol,
    program: &'static str,
    points: &mut Vec<Point>,
) -> Option<()> {
    let enter = Routine::read(image, symbol)?.enter(ARGUMENTS);
    points.push(point(image, name, program, enter.at, Place::Enter, enter.cost)?);
    Some(())
}

/// Never a return probe: a panic that unwinds over one aborts the process.
fn leave(
    image: &Image<'_>,
    name: &str,
    symbol: Symbol,
    program: &'static str,
    points: &mut Vec<Point>,
) -> Option<()> {
    let Leaves::Points(leaves) = Routine::read(image, symbol)?.leaves(ARGUMENTS) else { return None };
    for (at, cost) in leaves {
        points.push(point(image, name, program, at, Place::Leave, cost)?);
    }
    Some(())
}

fn point(
    image: &Image<'_>,
    name: &str,
    program: &'static str,
    at: u64,
    place: Place,
    cost: Cost,
) -> Option<Point> {
    let offset = image.file_offset(at)?;
    Some(Point { program, offset, symbol: name.into(), place, cost, scope: Scope::Always })
}

//! Go's `crypto/tls`: found by Go's own function table, which no stripping removes, because the runtime needs it.
//!
//! Since 1.17 (on AArch64 1.18) arguments and results are in registers, before on the stack: at a return the stack pointer
//! then is the address of the return address, arguments and results lie above it. There is never a return probe: Go moves its
//! stacks.
//!
//! | program | where | what is there |
//! |---|---|---|
//! | `picket_go_write` | `(*Conn).Write`, at the `jbe` it begins with | rax `*Conn`, rbx data, rcx length, flags |
//! | `picket_go_write_enter`, `picket_go_write_leave` | where there is no such `jbe`: entered, and before each return | the same and r14 goroutine; rax bytes written, r14 |
//! | `picket_go_decrypt` | `(*halfConn).decrypt`, entered | rax `*halfConn`, rbx record with its header, rcx length, r14 |
//! | `picket_go_decrypt_leave` | where `(*Conn).readRecordOrCCS` has called it; where it doesn't, at its returns | rax plaintext, rbx length, rdi type, rsi error, r14 |
//! | `picket_go0_write` | `(*Conn).Write`, at its `jbe` | rsp+8 `*Conn`, +16 data, +24 length, flags |
//! | `picket_go0_write_leave` | where there is none: at each return | the same, rsp+40 bytes written |
//! | `picket_go0_decrypt` | `(*halfConn).decrypt`, entered | rsp+8 `*halfConn`, +16 record with its header, +24 length |
//! | `picket_go0_decrypt_leave` | where `readRecordOrCCS` has called it | rsp `*halfConn`, +16 length of the record, +32 plaintext, +40 length, +56 type, +64 error |

mod build;
mod functions;

use std::{iter, ops::Range};

use super::{
    code::{Arguments, Leaves, Routine},
    found::{Cost, Found, Place, Point, Runtime, Scope, Unseen},
    image::{Image, Processor},
};
use functions::Functions;

const WRITE: &str = "crypto/tls.(*Conn).Write";
const DECRYPT: &str = "crypto/tls.(*halfConn).decrypt";
/// Calls `decrypt` (Go 1.12 and newer).
const READ_RECORD: &str = "crypto/tls.(*Conn).readRecordOrCCS";

pub(super) fn look(image: &Image<'_>, runtimes: &mut Vec<Found>) {
    let Some(build) = build::read(image) else { return };
    let version = build.version.as_deref().and_then(numbers);
    let mut found = Found::new(
        Runtime::Go,
        build.version.as_deref().map(|version| version.trim_start_matches("go").into()),
    );
    let table = Functions::read(image);
    let abi = if on_stack(image, version, table.as_ref()) { Abi::Stack } else { Abi::Registers };
    let bounds = table.map(|table| table.find(image, &[WRITE, DECRYPT, READ_RECORD]));
    let points = match &bounds {
        // It speaks no TLS: the linker leaves out what nobody calls.
        Some([None, None, None]) => Some(Vec::new()),
        Some([Some(write), Some(decrypt), record]) => abi
            .write(image, write)
            .zip(abi.decrypt(image, decrypt, record.as_ref()))
            .map(|both| [both.0, both.1].concat()),
        Some(_) | None => None,
    };
    found.unseen = points.is_none().then_some(UNREADABLE);
    found.points = points.unwrap_or_default();
    found.points.sort();
    runtimes.push(found);
}

const UNREADABLE: Unseen = Unseen {
    why: "the table of its functions could not be read: a newer Go than Picket knows, or a program that was packed",
    advice: "terminate TLS in a proxy in front of the service, and tell Picket's developers the version of Go",
    partly: false,
};

/// Where arguments and results are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abi {
    Registers,
    Stack,
}

impl Abi {
    const fn arguments(self) -> Arguments {
        match self {
            Self::Registers => Arguments::Go,
            Self::Stack => Arguments::GoStack,
        }
    }

    fn write(self, image: &Image<'_>, bounds: &Range<u64>) -> Option<Vec<Point>> {
        let routine = Routine::alone(image, bounds)?;
        let enter = routine.enter(self.arguments());
        let (whole, noted, leave) = match self {
            Self::Registers => ("picket_go_write", Some("picket_go_write_enter"), "picket_go_write_leave"),
            Self::Stack => ("picket_go0_write", None, "picket_go0_write_leave"),
        };
        if enter.grows {
            return Some(vec![point(image, WRITE, whole, Place::Enter, (enter.at, enter.cost))?]);
        }
        let Leaves::Points(leaves) = routine.leaves(self.arguments()) else { return None };
        let noted = noted.map(|program| point(image, WRITE, program, Place::Enter, (enter.at, enter.cost)));
        let left = leaves.into_iter().map(|at| point(image, WRITE, leave, Place::Leave, at));
        noted.into_iter().chain(left).collect()
    }

    fn decrypt(
        self,
        image: &Image<'_>,
        bounds: &Range<u64>,
        caller: Option<&Range<u64>>,
    ) -> Option<Vec<Point>> {
        let routine = Routine::alone(image, bounds)?;
        let enter = routine.enter(self.arguments());
        let called = caller.and_then(|bounds| Routine::alone(image, bounds));
        let returns =
            called.map(|caller| caller.returns_of(bounds.start, self.arguments())).unwrap_or_default();
        let (program, leave) = match self {
            Self::Registers => ("picket_go_decrypt", "picket_go_decrypt_leave"),
            Self::Stack => ("picket_go0_decrypt", "picket_go0_decrypt_leave"),
        };
        let leaves = match self {
            _ if !returns.is_empty() => returns,
            Self::Registers => {
                let Leaves::Points(leaves) = routine.leaves(self.arguments()) else { return None };
                leaves
            }
            Self::Stack => return None,
        };
        let enter = point(image, DECRYPT, program, Place::Enter, (enter.at, enter.cost));
        let left = leaves.into_iter().map(|at| point(image, DECRYPT, leave, Place::Leave, at));
        iter::once(enter).chain(left).collect()
    }
}

/// For as long as the file is mapped, `decrypt` not for older connections alone: no object of Go's keeps the random, and there
/// the hello passes.
fn point(
    image: &Image<'_>,
    symbol: &str,
    program: &'static str,
    place: Place,
    at: (u64, Cost),
) -> Option<Point> {
    let (at, cost) = at;
    debug_assert!(cost != Cost::Return, "return probes crash Go");
    let offset = image.file_offset(at)?;
    Some(Point { program, offset, symbol: symbol.into(), place, cost, scope: Scope::Always })
}

/// `(1, 19)` of `go1.19.8`, `devel go1.23-1e2f…` or `go1.22.3 X:boringcrypto`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let (_, rest) = version.split_once("go")?;
    let (major, rest) = rest.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest.get(..end)?.parse().ok()?))
}

fn on_stack(image: &Image<'_>, version: Option<(u32, u32)>, table: Option<&Functions<'_>>) -> bool {
    let first = match image.processor {
        Processor::X86 => (1, 17),
        Processor::Arm => (1, 18),
    };
    version.map_or_else(|| table.is_some_and(Functions::before_1_18), |version| version < first)
}

//! Go's `crypto/tls`: found by Go's own function table, which no stripping removes, because the runtime needs it.
//!
//! Since 1.17 (on AArch64 1.18) arguments and results are in registers, before on the stack: at a return the stack pointer
//! then is the address of the return address, arguments and results lie above it. So programs for the stack (`picket_go0_…`)
//! have points at the returns themselves only. There is never a return probe: Go moves its stacks.
//!
//! | program | where | what is there |
//! |---|---|---|
//! | `picket_go_read`, `picket_go_write` | `(*Conn).Read`, `.Write`, entered | rax `*Conn`, rbx data, rcx length, rdi capacity, r14 goroutine, rsp |
//! | `picket_go_read_leave`, `picket_go_write_leave` | before each return | rax bytes read or written, r14 goroutine |
//! | `picket_go_decrypt` | `(*halfConn).decrypt`, entered | rax `*halfConn`, rbx record with its header, rcx length, r14, rsp |
//! | `picket_go0_read_leave`, `picket_go0_write_leave` | at each return | rsp+8 `*Conn`, +16 data, +24 length, +32 capacity, +40 bytes read or written |
//! | `picket_go0_decrypt` | entered | rsp+8 `*halfConn`, +16 record with its header, +24 length |

mod build;
mod functions;

use std::ops::Range;

use super::{
    code::{Arguments, Leaves, Routine},
    found::{Cost, Found, Place, Point, Runtime, Scope, Unseen},
    image::{Image, Processor},
};
use functions::Functions;

struct Method {
    name: &'static str,
    /// Programs for arguments in registers, and for those on the stack.
    enter: [Option<&'static str>; 2],
    leave: [Option<&'static str>; 2],
    scope: Scope,
}

const METHODS: [Method; 3] = [
    Method {
        name: "crypto/tls.(*Conn).Read",
        enter: [Some("picket_go_read"), None],
        leave: [Some("picket_go_read_leave"), Some("picket_go0_read_leave")],
        scope: Scope::Always,
    },
    Method {
        name: "crypto/tls.(*Conn).Write",
        enter: [Some("picket_go_write"), None],
        leave: [Some("picket_go_write_leave"), Some("picket_go0_write_leave")],
        scope: Scope::Always,
    },
    Method {
        name: "crypto/tls.(*halfConn).decrypt",
        enter: [Some("picket_go_decrypt"), Some("picket_go0_decrypt")],
        leave: [None, None],
        // Not for older connections alone: no object of Go's keeps the random, and here the hello passes.
        scope: Scope::Always,
    },
];

pub(super) fn look(image: &Image<'_>, runtimes: &mut Vec<Found>) {
    let Some(build) = build::read(image) else { return };
    let version = build.version.as_deref().and_then(numbers);
    let mut found = Found::new(
        Runtime::Go,
        build.version.as_deref().map(|version| version.trim_start_matches("go").into()),
    );
    let table = Functions::read(image);
    let stack = usize::from(on_stack(image, version, table.as_ref()));
    let bounds = table.map(|table| table.find(image, &METHODS.map(|method| method.name)));
    for (method, bounds) in METHODS.iter().zip(bounds.iter().flatten()) {
        let points = bounds.as_ref().and_then(|bounds| of_method(image, method, bounds, stack));
        match (points, bounds) {
            (Some(points), _) => found.points.extend(points),
            (None, None) => {}
            (None, Some(_)) => found.unseen = Some(UNREADABLE),
        }
    }
    if bounds.is_none() {
        found.unseen = Some(UNREADABLE);
    }
    found.points.sort();
    runtimes.push(found);
}

const UNREADABLE: Unseen = Unseen {
    why: "the table of its functions could not be read: a newer Go than Picket knows, or a program that was packed",
    advice: "terminate TLS in a proxy in front of the service, and tell Picket's developers the version of Go",
    partly: false,
};

fn of_method(image: &Image<'_>, method: &Method, bounds: &Range<u64>, stack: usize) -> Option<Vec<Point>> {
    let routine = Routine::alone(image, bounds)?;
    let arguments = if stack == 0 { Arguments::Go } else { Arguments::GoStack };
    let point = |program, at, place, cost| {
        let offset = image.file_offset(at)?;
        Some(Point { program, offset, symbol: method.name.into(), place, cost, scope: method.scope })
    };
    let mut points = Vec::new();
    if let Some(program) = method.enter[stack] {
        let enter = routine.enter(arguments);
        points.push(point(program, enter.at, Place::Enter, enter.cost)?);
    }
    if let Some(program) = method.leave[stack] {
        let Leaves::Points(leaves) = routine.leaves(arguments) else { return None };
        for (at, cost) in leaves {
            points.push(point(program, at, Place::Leave, cost)?);
        }
    }
    debug_assert!(points.iter().all(|point| point.cost != Cost::Return), "return probes crash Go");
    Some(points)
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

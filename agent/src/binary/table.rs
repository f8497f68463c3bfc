//! Functions of a C library with the programs of their points.

use std::collections::BTreeMap;

use super::{
    code::{self, Arguments, Leaves, Routine},
    found::{Cost, Place, Point, Scope},
    image::{Image, Named},
};

/// One function.
pub(super) struct Function {
    /// Its name.
    pub name: &'static str,
    /// The program where it is entered.
    pub enter: &'static str,
    /// The program where it is left, if any.
    pub leave: Option<&'static str>,
    /// How many arguments the enter program reads, in the order of the C calling convention.
    pub arguments: u8,
    /// When its points have to be there.
    pub scope: Scope,
}

/// Functions may share their ends: a program runs once at a place.
type Points = BTreeMap<(u64, &'static str, bool), Point>;

/// A function that a file has.
struct Present<'t> {
    function: &'t Function,
    entry: u64,
    /// Its code, if it is known where it ends.
    routine: Option<Routine>,
}

/// Points of all functions of a table that a file has. `returns`: whoever calls them is known to stay on its stack
/// meanwhile, so that return probes may be had where they are cheaper.
pub(super) fn points(image: &Image<'_>, names: &Named, table: &[Function], returns: bool) -> Vec<Point> {
    let present = table.iter().flat_map(|function| {
        names.all(function.name).map(move |symbol| Present {
            function,
            entry: symbol.address,
            routine: Routine::read(image, symbol),
        })
    });
    let present: Vec<_> = present.collect();
    let mut points = BTreeMap::new();
    for one in &present {
        of_function(image, &present, one, returns, &mut points);
    }
    points.into_values().collect()
}

fn of_function(
    image: &Image<'_>,
    all: &[Present<'_>],
    one: &Present<'_>,
    returns: bool,
    points: &mut Points,
) {
    let function = one.function;
    let Some(entry) = image.file_offset(one.entry) else { return };
    let mut add = |program, offset, place, cost| {
        let point =
            Point { program, offset, symbol: function.name.into(), place, cost, scope: function.scope };
        points.entry((offset, program, cost == Cost::Return)).or_insert(point);
    };
    let Some(routine) = &one.routine else {
        // No end known: the entry is certain, the ways out are not.
        add(function.enter, entry, Place::Enter, Cost::Stepped);
        if let Some(leave) = function.leave {
            add(leave, entry, Place::Leave, Cost::Return);
        }
        return;
    };
    // A function that only jumps on to another one with points needs none of its own.
    let passes_on = routine.jumps_on().map(|to| code::destination(image, to)).is_some_and(|to| {
        let mut others = all.iter().filter(|other| other.function.leave == function.leave);
        others.any(|other| other.entry == to && other.entry != one.entry)
    });
    if passes_on {
        return;
    }
    let arguments = Arguments::C(function.arguments);
    let enter = routine.enter(arguments);
    let entered = image.file_offset(enter.at);
    if let Some(at) = entered {
        add(function.enter, at, Place::Enter, enter.cost);
    }
    let Some(leave) = function.leave else { return };
    // One trap for both, where the instruction is emulated.
    let returned = if enter.fresh { entered.unwrap_or(entry) } else { entry };
    let shared =
        all.iter().filter_map(|other| other.routine.as_ref()).any(|other| routine.ends_within(other));
    match routine.leaves(arguments) {
        Leaves::Points(leaves) if returns && leaves.iter().any(|(_, cost)| *cost == Cost::Stepped) => {
            add(leave, returned, Place::Leave, Cost::Return);
        }
        Leaves::Points(leaves) if !shared => {
            for (at, cost) in leaves {
                if let Some(at) = image.file_offset(at) {
                    add(leave, at, Place::Leave, cost);
                }
            }
        }
        Leaves::Points(_) | Leaves::Unknown => add(leave, returned, Place::Leave, Cost::Return),
    }
}

//! Functions of a C library with the programs of their points.

use std::collections::BTreeMap;

use super::{
    code::{self, Arguments, Leaves},
    found::{Cost, Place, Point, Scope},
    image::{Image, Named, Symbol},
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

/// Points of all functions of a table that a file has.
pub(super) fn points(image: &Image<'_>, names: &Named<'_>, table: &[Function]) -> Vec<Point> {
    let mut points = BTreeMap::new();
    for function in table {
        for symbol in names.all(function.name) {
            of_function(image, names, table, function, symbol, &mut points);
        }
    }
    points.into_values().collect()
}

fn of_function(
    image: &Image<'_>,
    names: &Named<'_>,
    table: &[Function],
    function: &Function,
    entry: Symbol,
    points: &mut Points,
) {
    let Some(offset) = image.file_offset(entry.address) else { return };
    let mut add = |program, offset, place, cost| {
        let symbol = function.name.into();
        let point = Point { program, offset, symbol, place, cost, scope: function.scope };
        points.entry((offset, program, cost == Cost::Return)).or_insert(point);
    };
    let Some(routine) = code::Routine::read(image, entry) else {
        // No end known: the entry is certain, the ways out are not.
        add(function.enter, offset, Place::Enter, Cost::Stepped);
        if let Some(leave) = function.leave {
            add(leave, offset, Place::Leave, Cost::Return);
        }
        return;
    };
    let arguments = Arguments::C(function.arguments);
    // A function that only jumps on to another one with points needs none of its own.
    let passes_on = routine.jumps_on().map(|to| code::destination(image, to)).is_some_and(|to| {
        let others =
            table.iter().filter(|other| other.name != function.name && other.leave == function.leave);
        others.flat_map(|other| names.all(other.name)).any(|symbol| symbol.address == to)
    });
    if passes_on {
        return;
    }
    let enter = routine.enter(arguments);
    if let Some(at) = image.file_offset(enter.at) {
        add(function.enter, at, Place::Enter, enter.cost);
    }
    let Some(leave) = function.leave else { return };
    match routine.leaves(arguments) {
        Leaves::Points(leaves) => {
            for (at, cost) in leaves {
                if let Some(at) = image.file_offset(at) {
                    add(leave, at, Place::Leave, cost);
                }
            }
        }
        Leaves::Unknown => add(leave, offset, Place::Leave, Cost::Return),
    }
}

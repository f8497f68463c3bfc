//! A function with everything it may end in.

use std::{collections::BTreeSet, ops::Range};

use super::{
    super::{
        found::Cost,
        image::{Image, Processor, Symbol},
    },
    Arguments, Flow, Instruction, Registers, Stretch, arm, x86,
};
use crate::limits;

/// Functions that never return.
const LAST: &[&str] =
    &["__stack_chk_fail", "abort", "exit", "_exit", "__assert_fail", "_Unwind_Resume", "__fortify_fail"];

/// A function: its own code first, then its cold parts and the functions it ends in (tail calls).
pub(in super::super) struct Routine {
    processor: Processor,
    entry: u64,
    stretches: Vec<Stretch>,
    /// Where jumps within lead to.
    targets: BTreeSet<u64>,
    /// What it calls.
    calls: BTreeSet<u64>,
    /// What it jumps to beyond itself, and read with it.
    ends_in: BTreeSet<u64>,
    /// There are jumps by tables: `targets` is not all.
    switches: bool,
    /// There are ways out that can't be followed.
    open: bool,
}

/// Where a function is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Enter {
    pub at: u64,
    pub cost: Cost,
    /// It is the `jbe` of a function of Go: when that jumps, the function will be entered again.
    pub grows: bool,
    /// The stack is as the call left it: a return probe finds the return address.
    pub fresh: bool,
}

/// Where a function is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Leaves {
    /// One before each way out.
    Points(Vec<(u64, Cost)>),
    /// Some way out can't be followed.
    Unknown,
}

/// Where a jump out of a stretch leads.
enum Beyond {
    Function(Range<u64>),
    Nowhere,
    Unknown,
}

impl Routine {
    /// Reads a function and what it ends in. None if it isn't known where it ends.
    pub fn read(image: &Image<'_>, symbol: Symbol) -> Option<Self> {
        let bounds = image.bounds(symbol.address, symbol.size)?;
        let mut routine = Self::empty(image, symbol.address);
        let mut left = limits::BINARY_FUNCTION as u64;
        let mut wanted = vec![bounds];
        let mut known = BTreeSet::from([symbol.address]);
        let mut jumps = limits::BINARY_JUMPS;
        while let Some(range) = wanted.pop() {
            let length = range.end.checked_sub(range.start)?;
            let code = (length <= left && routine.stretches.len() < limits::BINARY_PARTS)
                .then(|| image.code(range.start, length))
                .flatten();
            let Some(code) = code else {
                routine.open = true;
                continue;
            };
            left -= length;
            for target in routine.add(&code, &range) {
                let Some(rest) = jumps.checked_sub(1) else {
                    routine.open = true;
                    break;
                };
                jumps = rest;
                match beyond(image, target) {
                    Beyond::Function(range) => {
                        routine.targets.insert(range.start);
                        routine.ends_in.extend([target, range.start]);
                        if known.insert(range.start) {
                            wanted.push(range);
                        }
                    }
                    Beyond::Nowhere => {}
                    Beyond::Unknown if routine.has(target) => {}
                    Beyond::Unknown => routine.open = true,
                }
            }
        }
        (!routine.stretches.is_empty()).then_some(routine)
    }

    /// Reads a function of exactly these bounds that ends in no other.
    pub fn alone(image: &Image<'_>, bounds: &Range<u64>) -> Option<Self> {
        let length = bounds.end.checked_sub(bounds.start)?;
        if length > limits::BINARY_FUNCTION as u64 {
            return None;
        }
        let mut routine = Self::empty(image, bounds.start);
        routine.add(&image.code(bounds.start, length)?, bounds);
        Some(routine)
    }

    fn empty(image: &Image<'_>, entry: u64) -> Self {
        Self {
            processor: image.processor,
            entry,
            stretches: Vec::new(),
            targets: BTreeSet::new(),
            calls: BTreeSet::new(),
            ends_in: BTreeSet::new(),
            switches: false,
            open: false,
        }
    }

    /// Adds a stretch of code; the targets of jumps out of it are given back.
    fn add(&mut self, code: &[u8], range: &Range<u64>) -> BTreeSet<u64> {
        let stretch = match self.processor {
            Processor::X86 => x86::decode(code, range.start),
            Processor::Arm => arm::decode(code, range.start),
        };
        self.open |= !stretch.whole;
        let mut out = BTreeSet::new();
        for instruction in &stretch.instructions {
            match instruction.flow {
                Flow::Jump(target) | Flow::Branch(target) => {
                    self.targets.insert(target);
                    if !range.contains(&target) && !self.has(target) {
                        out.insert(target);
                    }
                }
                Flow::Call(Some(target)) => _ = self.calls.insert(target),
                Flow::Switch => self.switches = true,
                Flow::Away => self.open = true,
                Flow::Next | Flow::Call(None) | Flow::Return | Flow::Trap => {}
            }
        }
        self.stretches.push(stretch);
        out
    }

    fn has(&self, address: u64) -> bool {
        self.stretches.iter().any(|stretch| stretch.has(address))
    }

    /// It ends in a function that the other one calls: what is left there need not be this one.
    pub fn ends_within(&self, other: &Self) -> bool {
        !self.ends_in.is_disjoint(&other.calls)
    }

    /// Where it jumps to, if that is all it does: it may change arguments before.
    pub fn jumps_on(&self) -> Option<u64> {
        let last = self.stretches.first()?.instructions.iter().find(|one| one.flow != Flow::Next)?;
        match last.flow {
            Flow::Jump(target) if !self.stretches.first()?.has(target) => Some(target),
            _ => None,
        }
    }

    /// Where a program sees the arguments.
    pub fn enter(&self, arguments: Arguments) -> Enter {
        let natural = Enter { at: self.entry, cost: Cost::Stepped, grows: false, fresh: true };
        if self.processor == Processor::Arm {
            return natural;
        }
        let needed = x86::registers(arguments);
        let mut fresh = true;
        for instruction in self.stretches.first().into_iter().flat_map(|stretch| &stretch.instructions) {
            // Whoever jumps here would pass the point again.
            if instruction.at != self.entry && self.targets.contains(&instruction.at) {
                break;
            }
            if instruction.emulated {
                return Enter { at: instruction.at, cost: Cost::Emulated, grows: instruction.grows, fresh };
            }
            fresh &= instruction.writes & x86::STACK_POINTER == 0;
            if instruction.flow != Flow::Next || instruction.writes & needed != 0 {
                break;
            }
        }
        natural
    }

    /// Where a program sees the result.
    pub fn leaves(&self, arguments: Arguments) -> Leaves {
        if self.open {
            return Leaves::Unknown;
        }
        let mut points = Vec::new();
        for stretch in &self.stretches {
            let mut before: &[Instruction] = &[];
            for (index, instruction) in stretch.instructions.iter().enumerate() {
                if instruction.flow == Flow::Return {
                    points.push(self.leave(before, instruction, x86::result(arguments)));
                }
                before = stretch.instructions.get(..=index).unwrap_or_default();
            }
        }
        Leaves::Points(points)
    }

    /// The last emulated instruction on the straight line to a return at which the result is there.
    fn leave(&self, before: &[Instruction], last: &Instruction, needed: Registers) -> (u64, Cost) {
        let natural = (last.at, if last.emulated { Cost::Emulated } else { Cost::Stepped });
        if self.processor == Processor::Arm {
            return natural;
        }
        let mut next = last.at;
        for (index, instruction) in before.iter().enumerate().rev() {
            // Whoever jumps to what follows would miss the point.
            if self.targets.contains(&next) {
                break;
            }
            match instruction.flow {
                Flow::Branch(_) => {
                    let guarded =
                        index.checked_sub(1).and_then(|index| before.get(index)).is_some_and(|one| one.guard);
                    if guarded && instruction.emulated {
                        return (instruction.at, Cost::Emulated);
                    }
                    break;
                }
                // A `nop`, not a `push`. A table may lead behind it; behind a guard it doesn't.
                Flow::Next if instruction.emulated && instruction.writes == 0 && !self.switches => {
                    return (instruction.at, Cost::Emulated);
                }
                Flow::Next if instruction.writes & needed == 0 => next = instruction.at,
                _ => break,
            }
        }
        natural
    }

    /// Where the results of the function at `target` are there, after each call of it.
    pub fn returns_of(&self, target: u64, arguments: Arguments) -> Vec<(u64, Cost)> {
        let needed = x86::result(arguments);
        let mut points = Vec::new();
        for stretch in &self.stretches {
            let mut after = stretch.instructions.iter();
            while let Some(instruction) = after.next() {
                if instruction.flow == Flow::Call(Some(target))
                    && let Some(natural) = after.as_slice().first()
                {
                    points.push(self.returned(natural, after.as_slice(), needed));
                }
            }
        }
        points
    }

    /// The first emulated instruction on the straight line at which the results are there.
    fn returned(&self, natural: &Instruction, line: &[Instruction], needed: Registers) -> (u64, Cost) {
        for instruction in line {
            // Whoever jumps here has not called.
            if self.targets.contains(&instruction.at) {
                break;
            }
            if instruction.emulated {
                return (instruction.at, Cost::Emulated);
            }
            if instruction.flow != Flow::Next || instruction.writes & needed != 0 {
                break;
            }
        }
        (natural.at, Cost::Stepped)
    }

    /// Where in its first argument's struct there is a boxed trait object that it calls.
    pub fn boxed(&self, image: &Image<'_>) -> Option<u32> {
        let last = self.stretches.first()?.instructions.last()?.at;
        let code = image.code(self.entry, last.checked_sub(self.entry)?)?;
        (self.processor == Processor::X86).then(|| x86::boxed(&code, self.entry)).flatten()
    }

    /// What the first text says that it refers to and that says something.
    pub fn text<T>(&self, image: &Image<'_>, says: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut instructions = self.stretches.iter().flat_map(|stretch| &stretch.instructions);
        instructions.find_map(|instruction| says(&image.from(instruction.data?)?.text(0)?))
    }
}

fn beyond(image: &Image<'_>, target: u64) -> Beyond {
    let stub = match image.processor {
        Processor::X86 => {
            image.from(target).and_then(|code| x86::stub(&code.first(x86::STUB).bytes()?, target))
        }
        Processor::Arm => None,
    };
    if let Some((name, function)) = stub.and_then(|slot| image.called(slot)) {
        return match function.and_then(|symbol| image.bounds(symbol.address, symbol.size)) {
            Some(bounds) => Beyond::Function(bounds),
            None if LAST.contains(&&*name) => Beyond::Nowhere,
            None => Beyond::Unknown,
        };
    }
    match image.frame(target) {
        Some(frame) if frame.start == target => Beyond::Function(frame),
        _ => Beyond::Unknown,
    }
}

/// Resolves a jump for the sake of comparing it with functions by name.
pub(in super::super) fn destination(image: &Image<'_>, target: u64) -> u64 {
    match beyond(image, target) {
        Beyond::Function(range) => range.start,
        Beyond::Nowhere | Beyond::Unknown => target,
    }
}

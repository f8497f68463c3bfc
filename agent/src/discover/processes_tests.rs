use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use proptest::{prelude::*, test_runner::TestRunner};

use super::*;

const GRACE: Ktime = 100;

fn mapping(pid: u32, inode: u64) -> Mapping {
    let path = format!("/lib/{inode}").into_bytes().into();
    Mapping { pid, file: FileKey { device: 1, inode }, generation: None, addresses: 0..1, path }
}

fn mapped(pid: u32, inode: u64) -> Event {
    Event::Mapped(mapping(pid, inode))
}

fn table() -> Processes {
    Processes::new(GRACE, Caps::default())
}

fn apply(table: &mut Processes, at: Ktime, event: Event) -> Vec<Change> {
    let mut changes = Vec::new();
    table.apply(at, event, &mut changes);
    changes
}

/// The number of a file that appeared.
fn appeared(changes: &[Change]) -> Vec<FileNumber> {
    let file = |change: &Change| match change {
        Change::Appeared { file, .. } => Some(*file),
        _ => None,
    };
    changes.iter().filter_map(file).collect()
}

fn gone(changes: &[Change]) -> Vec<FileNumber> {
    let file = |change: &Change| match change {
        Change::Gone { file } => Some(*file),
        _ => None,
    };
    changes.iter().filter_map(file).collect()
}

#[test]
fn a_file_appears_once_and_goes_with_the_last_that_has_it() {
    let mut table = table();
    apply(&mut table, 1, Event::Executed { pid: 10 });
    let changes = apply(&mut table, 2, mapped(10, 7));
    let [file] = appeared(&changes)[..] else { panic!("{changes:?}") };
    assert_eq!(changes, [Change::Appeared { file, mapping: mapping(10, 7), at: Some(2) }]);
    assert_eq!(apply(&mut table, 3, mapped(10, 7)), [], "a second part of it");
    assert_eq!(
        apply(&mut table, 4, Event::Forked { pid: 11, parent: 10 }),
        [Change::Started { pid: 11, parent: Some(10) }]
    );
    apply(&mut table, 5, Event::Executed { pid: 12 });
    assert_eq!(apply(&mut table, 6, mapped(12, 7)), [Change::Mapped { file, pid: 12 }]);
    assert_eq!(table.holders(file).collect::<BTreeSet<_>>(), [10, 11, 12].into());
    assert_eq!(
        apply(&mut table, 7, Event::Executed { pid: 11 }),
        [Change::Ended { pid: 11 }, Change::Started { pid: 11, parent: None }]
    );
    assert_eq!(apply(&mut table, 8, Event::Exited { pid: 10 }), [Change::Ended { pid: 10 }]);
    assert_eq!(
        apply(&mut table, 9, Event::Exited { pid: 12 }),
        [Change::Ended { pid: 12 }, Change::Gone { file }]
    );
    assert_eq!(table.len(), (1, 0));
    let again = appeared(&apply(&mut table, 10, mapped(11, 7)));
    assert_ne!(again, [file], "another number, as it may be another file");
}

#[test]
fn a_kept_file_stays_for_the_grace_time() {
    let mut table = table();
    let mut changes = Vec::new();
    let [file] = appeared(&apply(&mut table, 1, mapped(10, 7)))[..] else { panic!("one file") };
    table.keep(file, true, &mut changes);
    assert_eq!(apply(&mut table, 50, Event::Exited { pid: 10 }), [Change::Ended { pid: 10 }]);
    assert_eq!(table.next_expiry(), Some(50 + GRACE));
    table.expire(49 + GRACE, &mut changes);
    assert_eq!(changes, []);
    // It is needed again: the time begins anew.
    let again = apply(&mut table, 60, mapped(11, 7));
    assert!(again.contains(&Change::Mapped { file, pid: 11 }), "{again:?}");
    assert_eq!(table.next_expiry(), None);
    apply(&mut table, 70, Event::Exited { pid: 11 });
    table.expire(69 + GRACE, &mut changes);
    assert_eq!(changes, []);
    table.expire(70 + GRACE, &mut changes);
    assert_eq!(changes, [Change::Gone { file }]);
    assert!(table.is_empty() && table.next_expiry().is_none());

    changes.clear();
    let [file] = appeared(&apply(&mut table, 300, mapped(12, 7)))[..] else { panic!("one file") };
    table.keep(file, true, &mut changes);
    apply(&mut table, 301, Event::Exited { pid: 12 });
    table.keep(file, false, &mut changes);
    assert_eq!(changes, [Change::Gone { file }], "nobody wants it any more");
    assert!(table.is_empty() && table.next_expiry().is_none());
}

#[test]
fn a_number_that_is_used_again_is_another_file() {
    let mut table = table();
    let with = |pid, generation| Event::Mapped(Mapping { generation, ..mapping(pid, 7) });
    let first = appeared(&apply(&mut table, 1, with(10, Some(1))));
    let second = appeared(&apply(&mut table, 2, with(11, Some(2))));
    assert!(first.len() == 1 && second.len() == 1 && first != second, "{first:?} {second:?}");
    // A look does not tell generations: it is what has the number now.
    let mut changes = Vec::new();
    table.look(12, 3, vec![mapping(12, 7)], &mut changes);
    assert!(changes.contains(&Change::Mapped { file: second[0], pid: 12 }), "{changes:?}");
    assert_eq!(gone(&apply(&mut table, 4, Event::Exited { pid: 10 })), first);
    assert_eq!(appeared(&apply(&mut table, 5, with(13, Some(2)))), [], "still the second");
}

#[test]
fn what_a_look_saw_already_is_not_taken_again() {
    let mut table = table();
    let mut changes = Vec::new();
    table.look(10, 20, vec![mapping(10, 7)], &mut changes);
    assert_eq!(appeared(&changes).len(), 1);
    // Told late, and in it already: before this it ran another program.
    let late = [mapped(10, 8), Event::Executed { pid: 10 }, Event::Exited { pid: 10 }];
    for event in late {
        assert_eq!(apply(&mut table, 20, event), []);
    }
    assert_eq!(table.files_of(10).len(), 1);
    changes.clear();
    // Now it has another one, and the first no more.
    table.look(10, 30, vec![mapping(10, 9)], &mut changes);
    assert_eq!((appeared(&changes).len(), gone(&changes).len()), (1, 1), "{changes:?}");
    assert!(changes.contains(&Change::Ended { pid: 10 }));
}

#[test]
fn what_does_not_fit_is_counted() {
    let caps = Caps { processes: 3, files: 4, process_files: 2 };
    let mut table = Processes::new(GRACE, caps);
    for pid in 1..=5 {
        for inode in 0..3 {
            apply(&mut table, 1, mapped(pid, u64::from(pid) * 10 + inode));
        }
    }
    assert_eq!(table.len(), (3, 4));
    // One of the third's three, the other two find no room for files; each of the rest asks three times.
    assert_eq!(table.overflow(), Overflow { processes: 6, files: 3, process_files: 2 });
    assert!(!table.has_room());
    (1..=3).for_each(|pid| drop(apply(&mut table, 2, Event::Exited { pid })));
    assert!(table.has_room() && table.is_empty());
}

/// What processes really did: the model. Nothing is ever unmapped but by exec and exit.
#[derive(Default)]
struct World {
    now: Ktime,
    processes: BTreeMap<u32, BTreeSet<u64>>,
    /// Told by the kernel, not read yet.
    told: VecDeque<(Ktime, Event)>,
}

impl World {
    /// Something that can happen. False: it can't now.
    fn act(&mut self, (kind, who, what): (u8, u8, u8)) -> bool {
        self.now += 10;
        let pid = match u32::try_from(usize::from(who) % self.processes.len().max(1)) {
            Ok(nth) => self.processes.keys().nth(nth as usize).copied(),
            Err(_) => None,
        };
        let event = match (kind % 8, pid) {
            (0..=3, Some(pid)) => {
                let inode = u64::from(what % 6) + 1;
                self.processes.entry(pid).or_default().insert(inode);
                mapped(pid, inode)
            }
            (4..=5, Some(parent)) => {
                // Few numbers, so that they are used again.
                let Some(pid) = (1..12).find(|pid| !self.processes.contains_key(pid)) else { return false };
                let files = self.processes[&parent].clone();
                self.processes.insert(pid, files);
                Event::Forked { pid, parent }
            }
            (6, Some(pid)) => {
                self.processes.insert(pid, BTreeSet::new());
                Event::Executed { pid }
            }
            // The first one, init, stays.
            (7, Some(pid)) if pid != 1 => {
                self.processes.remove(&pid);
                Event::Exited { pid }
            }
            _ => return false,
        };
        self.told.push_back((self.now, event));
        true
    }

    /// When a look reads: behind all that happened so far.
    fn later(&self) -> Ktime {
        self.now + 5
    }

    fn maps(&self, pid: u32) -> Option<Vec<Mapping>> {
        Some(self.processes.get(&pid)?.iter().map(|&inode| mapping(pid, inode)).collect())
    }

    /// As whoever follows the table does it: the unknown are looked at.
    fn settle(&self, table: &mut Processes, changes: &mut Vec<Change>) {
        let mut at = 0;
        while let Some(change) = changes.get(at).cloned() {
            at += 1;
            if let Change::Unknown { pid } = change {
                match self.maps(pid) {
                    Some(maps) => table.look(pid, self.later(), maps, changes),
                    None => table.apply(self.later(), Event::Exited { pid }, changes),
                }
            }
        }
    }

    fn look_at_all(&self, table: &mut Processes, changes: &mut Vec<Change>) {
        table.begin_look();
        for &pid in self.processes.keys() {
            table.look(pid, self.later(), self.maps(pid).expect("it is there"), changes);
        }
        table.end_look(self.later(), changes);
    }

    fn as_table(&self, table: &Processes) -> BTreeMap<u32, BTreeSet<u64>> {
        let inode = |file: &FileNumber| table.key(*file).expect("its key").inode;
        (0..16)
            .filter(|pid| table.processes.contains_key(pid))
            .map(|pid| (pid, table.files_of(pid).iter().map(inode).collect()))
            .collect()
    }
}

/// The table as its changes tell it: which file has which number, and who has it.
#[derive(Default)]
struct Told {
    files: BTreeMap<FileNumber, u64>,
    processes: BTreeMap<u32, BTreeSet<FileNumber>>,
}

impl Told {
    fn take(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Appeared { file, mapping, .. } => {
                    assert!(!self.files.values().any(|&inode| inode == mapping.file.inode), "appeared twice");
                    self.files.insert(*file, mapping.file.inode);
                    assert!(self.processes.entry(mapping.pid).or_default().insert(*file));
                }
                Change::Mapped { file, pid } => {
                    assert!(self.files.contains_key(file));
                    self.processes.entry(*pid).or_default().insert(*file);
                }
                Change::Gone { file } => {
                    assert!(self.files.remove(file).is_some());
                    assert!(!self.processes.values().any(|files| files.contains(file)), "somebody has it");
                }
                Change::Started { pid, parent } => {
                    let files = parent.and_then(|parent| self.processes.get(&parent).cloned());
                    assert!(self.processes.insert(*pid, files.unwrap_or_default()).is_none());
                }
                Change::Ended { pid } => assert!(self.processes.remove(pid).is_some()),
                Change::Unknown { .. } => {}
            }
        }
    }
}

fn actions() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    proptest::collection::vec(any::<(u8, u8, u8)>(), 1..120)
}

#[test]
fn prop_without_a_loss_the_table_is_what_happened_and_so_are_its_changes() {
    let ran = Cell::new(0);
    let mut runner = TestRunner::default();
    runner
        .run(&actions(), |actions| {
            let (mut world, mut table, mut told) = (World::default(), table(), Told::default());
            world.processes.insert(1, [9].into());
            let mut changes = Vec::new();
            world.look_at_all(&mut table, &mut changes);
            for action in actions {
                world.act(action);
                while let Some((at, event)) = world.told.pop_front() {
                    table.apply(at, event, &mut changes);
                }
                let unknown = changes.iter().any(|change| matches!(change, Change::Unknown { .. }));
                prop_assert!(!unknown, "nothing was missed");
                told.take(&changes);
                changes.clear();
                prop_assert_eq!(world.as_table(&table), world.processes.clone());
                let processes = told.processes.iter();
                let named: BTreeMap<u32, BTreeSet<u64>> = processes
                    .map(|(pid, files)| (*pid, files.iter().map(|f| told.files[f]).collect()))
                    .collect();
                prop_assert_eq!(&named, &world.processes);
                let alive: BTreeSet<u64> = world.processes.values().flatten().copied().collect();
                prop_assert_eq!(told.files.values().copied().collect::<BTreeSet<_>>(), alive);
            }
            ran.set(ran.get() + 1);
            Ok(())
        })
        .expect("the model agrees");
    assert!(ran.get() >= 200, "{} ran", ran.get());
}

/// Steps of a run with losses: what happens is read late, lost, looked at in between.
#[derive(Clone, Debug)]
enum Step {
    Act((u8, u8, u8)),
    Read(u8),
    Lose,
    BeginLook,
    LookOn,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<(u8, u8, u8)>().prop_map(Step::Act),
        4 => (1u8..6).prop_map(Step::Read),
        1 => Just(Step::Lose),
        1 => Just(Step::BeginLook),
        6 => Just(Step::LookOn),
    ];
    proptest::collection::vec(step, 1..200)
}

#[test]
fn prop_a_look_makes_good_what_was_lost_while_events_go_on() {
    let (lost, looks) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::default();
    runner
        .run(&steps(), |steps| {
            let (mut world, mut table) = (World::default(), table());
            world.processes.insert(1, [9].into());
            let mut changes = Vec::new();
            world.look_at_all(&mut table, &mut changes);
            let mut look: Option<(Ktime, Vec<u32>)> = None;
            let mut in_doubt = false;
            let look_on = |look: &mut Option<(Ktime, Vec<u32>)>, world: &World, table: &mut Processes| {
                let mut changes = Vec::new();
                if let Some((began, waiting)) = look {
                    match waiting.pop() {
                        Some(pid) => {
                            if let Some(maps) = world.maps(pid) {
                                table.look(pid, world.later(), maps, &mut changes);
                            }
                        }
                        None => {
                            table.end_look(*began, &mut changes);
                            *look = None;
                            looks.set(looks.get() + 1);
                        }
                    }
                }
                world.settle(table, &mut changes);
            };
            let read = |world: &mut World, table: &mut Processes| {
                if let Some((at, event)) = world.told.pop_front() {
                    let mut changes = Vec::new();
                    table.apply(at, event, &mut changes);
                    world.settle(table, &mut changes);
                }
            };
            for step in steps {
                match step {
                    Step::Act(action) => drop(world.act(action)),
                    Step::Read(count) => (0..count).for_each(|_| read(&mut world, &mut table)),
                    Step::Lose => {
                        if world.told.pop_front().is_some() {
                            lost.set(lost.get() + 1);
                            in_doubt = true;
                        }
                    }
                    Step::BeginLook if look.is_none() => {
                        in_doubt = false;
                        table.begin_look();
                        look = Some((world.later(), world.processes.keys().copied().collect()));
                    }
                    Step::BeginLook => {}
                    Step::LookOn => look_on(&mut look, &world, &mut table),
                }
            }
            // The look under way ends; after a loss there is one more.
            while look.is_some() {
                look_on(&mut look, &world, &mut table);
                read(&mut world, &mut table);
            }
            if in_doubt {
                table.begin_look();
                look = Some((world.later(), world.processes.keys().copied().collect()));
                while look.is_some() {
                    look_on(&mut look, &world, &mut table);
                    read(&mut world, &mut table);
                }
            }
            while !world.told.is_empty() {
                read(&mut world, &mut table);
            }
            prop_assert_eq!(world.as_table(&table), world.processes.clone(), "when all is read");
            world.now += 10;
            world.look_at_all(&mut table, &mut changes);
            prop_assert_eq!(world.as_table(&table), world.processes.clone());
            Ok(())
        })
        .expect("the model agrees");
    assert!(lost.get() > 100 && looks.get() > 100, "{} lost, {} looks", lost.get(), looks.get());
}

//! SIGKILL at random moments: nothing that was acknowledged is lost.
//!
//! The test starts itself again as the one that is killed.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use super::*;
use crate::store::{read::Between, sql::Sql};

const DIRECTORY: &str = "PICKET_TEST_STORE_KILLED";
const FROM: &str = "PICKET_TEST_STORE_FROM";
/// Kills, unless the environment says another number.
const KILLS: u64 = 50;

/// Writes without end and prints what was acknowledged: `e FROM TO` for events, `l NUMBER` for list entries,
/// `w NUMBER` for the state of a window.
fn write_on(directory: &Path) {
    let mut next: u64 = env::var(FROM).unwrap().parse().unwrap();
    let store = Store::open(directory, &options()).expect("opens");
    let handle = store.handle();
    let mut out = std::io::stdout().lock();
    let mut tell = |line: String| {
        // One write a line: a line is whole or not there.
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    };
    tell("ready\n".to_owned());
    loop {
        let first = next;
        while next < first + 50 + first % 400 {
            handle.event(id(next), facts(next), || json(next));
            next += 1;
        }
        let entry = others::entry(&format!("entry {first}"));
        let window = Window { name: "rule".into(), version: 1, time: 0, bytes: first.to_le_bytes().to_vec() };
        let listed = handle.write(vec![Change::List(entry)]).unwrap();
        let remembered = handle.write(vec![Change::Window(window)]).unwrap();
        handle.flush().unwrap().wait(LONGEST).unwrap();
        tell(format!("e {first} {next}\n"));
        listed.wait(LONGEST).unwrap();
        tell(format!("l {first}\n"));
        remembered.wait(LONGEST).unwrap();
        tell(format!("w {first}\n"));
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return write_on(Path::new(&directory));
    }
    let kills: u64 = env::var("PICKET_STORE_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let directory = directory();
    let (mut next, mut window, mut killed_in_batch) = (0, 0, 0);
    let (mut events, mut entries) = (Vec::<(u64, u64)>::new(), Vec::<u64>::new());
    for kill in 0..kills {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "store::tests::kill::nothing_acknowledged_is_lost_by_a_kill"])
            .args(["--nocapture", "--test-threads=1"])
            .env(DIRECTORY, directory.path())
            .env(FROM, next.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.ends_with("ready\n") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "the child did not begin");
        }
        // A random moment: after up to 60 acknowledgements and a part of a millisecond's work.
        let random = kill.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let mut text = Vec::new();
        for _ in 0..random % 60 {
            lines.read_until(b'\n', &mut text).unwrap();
        }
        let moment = Instant::now() + Duration::from_micros(random % 7919);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_end(&mut text).unwrap();
        for line in String::from_utf8(text).unwrap().split_inclusive('\n').filter(|line| line.ends_with('\n'))
        {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: usize| words[word].parse::<u64>().unwrap();
            match words[0] {
                "e" => events.push((number(1), number(2))),
                "l" => entries.push(number(1)),
                "w" => window = number(1),
                other => panic!("{other}"),
            }
        }
        let store = open(directory.path());
        assert!(store.salvaged().is_none(), "kill {kill}: {:?}", store.salvaged());
        let reader = store.reader();
        let db = raw(directory.path());
        let mut has = db.prepare("SELECT json FROM event_bodies WHERE id = ?").unwrap();
        // All of this life's, and now and then all there ever were.
        let of_this_life = events.iter().filter(|(first, _)| *first >= next || kill % 10 == 9);
        for number in of_this_life.flat_map(|(first, end)| *first..*end) {
            let stored: Option<String> = has.query_row([id(number).to_string()], |row| row.get(0)).ok();
            assert_eq!(stored, Some(json(number)), "kill {kill}: event {number} was acknowledged");
        }
        let lists = reader.lists(Some(ListKind::Deny), true).unwrap();
        let listed: std::collections::HashSet<&str> =
            lists.iter().map(|entry| entry.value.as_str()).collect();
        for entry in &entries {
            assert!(listed.contains(format!("entry {entry}").as_str()), "kill {kill}: entry {entry}");
        }
        if let Some(stored) = reader.windows().unwrap().first() {
            let stored = u64::from_le_bytes(stored.bytes.clone().try_into().unwrap());
            assert!(stored >= window, "kill {kill}: window {window}, there is {stored}");
        }
        let acknowledged = events.last().map_or(0, |(_, end)| *end);
        let stored = reader.events(&Sql::all(), Between::any(), 1, None).unwrap().rows;
        let newest = stored.first().map_or(0, |event| (event.time - START) as u64 / (60 * SECOND as u64) + 1);
        killed_in_batch += u64::from(newest != acknowledged);
        assert!(newest >= acknowledged);
        // The next one goes on behind everything that may be there.
        next = newest.max(next) + 1000;
    }
    check_rollups(&raw(directory.path()));
    let acknowledged: u64 = events.iter().map(|(first, end)| end - first).sum();
    println!(
        "{kills} kills, {killed_in_batch} of them between a commit and its word: {acknowledged} events and {} list entries acknowledged, none missing",
        entries.len()
    );
    assert!(acknowledged > kills * 10 && entries.len() as u64 > kills / 2);
}

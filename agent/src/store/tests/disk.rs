//! A disk that is full, and then is not.
//!
//! The test starts itself again in a mount namespace with a tiny tmpfs; that takes unshare(1), and root or the right to
//! make user namespaces. Without, it fails and says so.

use std::{env, fs, process::Command};

use super::*;
use crate::store::{
    read::{Between, CountBy},
    sql::Sql,
};

const DIRECTORY: &str = "PICKET_TEST_STORE_TMPFS";

#[test]
fn a_full_disk_is_said_once_counted_and_recovered_from() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        return on_a_tiny_disk(Path::new(&directory));
    }
    let place = directory();
    let script = "mount -t tmpfs -o size=8m,mode=0700 tmpfs \"$1\" || exit 77; shift; exec \"$@\"";
    let namespaces = if rustix::process::geteuid().is_root() { "-m" } else { "-Urm" };
    let run = Command::new("unshare")
        .args([namespaces, "sh", "-c", script, "sh"])
        .arg(place.path())
        .arg(env::current_exe().unwrap())
        .args(["--exact", "store::tests::disk::a_full_disk_is_said_once_counted_and_recovered_from"])
        .arg("--nocapture")
        .env(DIRECTORY, place.path())
        .output()
        .unwrap_or_else(|error| panic!("a full disk can't be tried without unshare(1): {error}"));
    let (said, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    // 77 is the script's, and what unshare says itself stands before anything else.
    let none = run.status.code() == Some(77) || run.stdout.is_empty();
    assert!(!none, "a full disk can't be tried without the right to mount a tmpfs: {errors}");
    assert!(run.status.success() && said.contains("1 passed"), "{}\n{said}\n{errors}", run.status);
}

fn on_a_tiny_disk(directory: &Path) {
    let ballast = directory.join("ballast");
    fs::write(&ballast, vec![0; 5 << 20]).unwrap();
    let store = open(directory);
    let handle = store.handle();
    let body = "x".repeat(1000);
    let mut put = 0_u64;
    let mut event = || {
        put += 1;
        handle.event(id(put), facts(put), || format!("{{\"x\":\"{body}\"}}"))
    };
    // Fill it.
    let full = until(|| {
        for _ in 0..100 {
            event();
        }
        let _ = store.handle().flush().unwrap().wait(LONGEST);
        store.stats().failing.is_some()
    });
    assert!(full, "{:?}", store.stats());
    let why = store.stats().failing.unwrap();
    assert!(why.contains("full"), "{why}");
    // What people ask for is refused with the reason, at once; events are counted; questions are answered.
    let refused = write(&store, vec![Change::List(others::entry("192.0.2.1"))]);
    assert!(matches!(refused, Err(WriteError::Disk(_))), "{refused:?}");
    assert_eq!(event(), Fate::LeftOut(counts::Why::Disk));
    let stored = store.reader().count(&Sql::all(), Between::any()).unwrap().count;
    assert!(stored > 0);
    // Space again: it is noticed without anybody's doing.
    fs::remove_file(&ballast).unwrap();
    assert!(until(|| store.stats().failing.is_none()), "{:?}", store.stats());
    assert_eq!(event(), Fate::Queued);
    write(&store, vec![Change::List(others::entry("192.0.2.1"))]).unwrap();
    flush(&store);
    let stats = store.stats();
    assert_eq!(stats.stored + stats.disk, put, "{stats:?}");
    drop(store);
    let store = open(directory);
    assert!(store.salvaged().is_none());
    let reader = store.reader();
    let counted = reader.counters(Between::any(), CountBy::Service, (None, None, None), 100).unwrap();
    assert_eq!(counted.iter().map(|count| count.count).sum::<i64>() as u64, put);
    let left_out = reader.left_out(Between::any(), 1000).unwrap();
    let left_out: i64 = left_out.iter().filter(|row| row.rule.is_empty()).map(|row| row.count).sum();
    assert_eq!(left_out as u64, stats.disk);
    assert_eq!(reader.count(&Sql::all(), Between::any()).unwrap().count as u64, stats.stored);
}

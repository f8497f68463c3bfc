//! Real files of Debian and files made here.

mod go;
mod hostile;
mod lazy;
mod libraries;
mod made;
mod vectors;

use super::{Cost, Inspection, Place, Point, Runtime, inspect};
use std::{fs, path::PathBuf};

/// Where a file is that has to be there.
fn place(places: &[&str], package: &str) -> PathBuf {
    let found = places.iter().map(PathBuf::from).find(|place| place.exists());
    found
        .unwrap_or_else(|| panic!("none of {places:?} is there: `cargo xtask setup test` installs {package}"))
}

fn read(places: &[&str], package: &str) -> Vec<u8> {
    fs::read(place(places, package)).unwrap()
}

fn library(name: &str, package: &str) -> Vec<u8> {
    let places =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/lib/x86_64-linux-gnu"];
    let places: Vec<String> = places.iter().map(|place| format!("{place}/{name}")).collect();
    read(&places.iter().map(String::as_str).collect::<Vec<_>>(), package)
}

fn points(inspection: &Inspection, runtime: Runtime) -> &[Point] {
    let found = inspection.runtimes.iter().find(|found| found.runtime == runtime);
    &found.unwrap_or_else(|| panic!("no {runtime} in {:?}", inspection.runtimes)).points
}

/// What must hold of any point in any file of x86-64: its instruction is what its cost says.
fn check(file: &[u8], points: &[Point]) {
    for point in points {
        let code = &file[usize::try_from(point.offset).unwrap()..];
        let emulated = matches!(
            code,
            [0x50..=0x57 | 0x70..=0x7f | 0x90 | 0xe8 | 0xe9 | 0xeb, ..]
                | [0x41, 0x50..=0x57, ..]
                | [0x0f, 0x80..=0x8f, ..]
                | [0x66, 0x90, ..]
        );
        match (point.cost, point.place) {
            (Cost::Emulated, _) => assert!(emulated, "{point:?}: {:x?}", &code[..8]),
            (Cost::Stepped, Place::Leave) => {
                assert!(matches!(code, [0xc3, ..] | [0xf3, 0xc3, ..]), "{point:?}")
            }
            (Cost::Stepped, Place::Enter) => assert!(!emulated, "{point:?}"),
            (Cost::Return, place) => assert_eq!(place, Place::Leave),
        }
    }
}

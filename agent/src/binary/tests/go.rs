//! Programs of the Go that is installed, and function tables of every layout made here.

use std::{fmt::Write as _, process::Command};

use super::{
    made::{ADDRESS, CODE, elf},
    *,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    V2,
    V16,
    V18,
    V20,
}

const NAMES: [&str; 5] = [
    "runtime.text",
    "crypto/tls.(*halfConn).decrypt",
    "crypto/tls.(*Conn).Write",
    "crypto/tls.(*Conn).WriteTo",
    "crypto/tls.(*Conn).readRecordOrCCS",
];
/// cmp 0x10(%r14),%rsp; jbe +6; nop… ; ret; padding, as Go's functions begin and end.
const FUNCTION: [u8; 16] =
    [0x49, 0x3b, 0x66, 0x10, 0x76, 0x06, 0x0f, 0x1f, 0x00, 0x31, 0xdb, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc];
/// call the function that lies 48 bytes before; nop; test %rsi,%rsi; je +0; ret; padding.
const CALLER: [u8; 16] =
    [0xe8, 0xcb, 0xff, 0xff, 0xff, 0x90, 0x48, 0x85, 0xf6, 0x74, 0x00, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc];

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A program with the functions of [`NAMES`], whose table has no section, as if section headers were removed.
pub fn program(layout: Layout) -> Vec<u8> {
    let functions: Vec<(String, &[u8])> = (0..NAMES.len())
        .map(|index| (format!("f{index}"), if index == 4 { &CALLER } else { &FUNCTION }.as_slice()))
        .collect();
    let functions: Vec<(&str, &[u8])> = functions.iter().map(|(name, code)| (name.as_str(), *code)).collect();
    let text = ADDRESS + CODE as u64;
    let entry = |index: usize| text + (index * FUNCTION.len()) as u64;
    let mut names = vec![0];
    let offsets = NAMES.map(|name| {
        let at = u32::try_from(names.len()).unwrap();
        names.extend(name.bytes().chain([0]));
        at
    });
    let count = NAMES.len() as u64;
    let small = matches!(layout, Layout::V18 | Layout::V20);
    let row = if small { 8 } else { 16 };
    // Records stand behind the functab, entries of 12 or 8 bytes; both are counted from where the functab is.
    let functab_length = (NAMES.len() + 1) * row;
    let record_length = if small { 8 } else { 12 };
    let tables = |base: usize, name_base: u32| {
        let (mut functab, mut records) = (Vec::new(), Vec::new());
        for (index, name) in offsets.iter().enumerate() {
            let record = base + functab_length + index * record_length;
            if small {
                functab.extend(u32::try_from(entry(index) - text).unwrap().to_le_bytes());
                functab.extend(u32::try_from(record).unwrap().to_le_bytes());
                records.extend(u32::try_from(entry(index) - text).unwrap().to_le_bytes());
            } else {
                functab.extend(words(&[entry(index), record as u64]));
                records.extend(words(&[entry(index)]));
            }
            records.extend((name + name_base).to_le_bytes());
        }
        if small {
            functab.extend(u32::try_from(entry(NAMES.len()) - text).unwrap().to_le_bytes());
            functab.extend([0; 4]);
        } else {
            functab.extend(words(&[entry(NAMES.len()), 0]));
        }
        [functab, records].concat()
    };
    let magic: u32 = match layout {
        Layout::V2 => 0xffff_fffb,
        Layout::V16 => 0xffff_fffa,
        Layout::V18 => 0xffff_fff0,
        Layout::V20 => 0xffff_fff1,
    };
    let mut table = magic.to_le_bytes().to_vec();
    table.extend([0, 0, 1, 8]);
    match layout {
        Layout::V2 => {
            let length = 16 + functab_length + NAMES.len() * record_length;
            table.extend(words(&[count]));
            table.extend(tables(16, u32::try_from(length).unwrap()));
            table.extend(&names);
        }
        Layout::V16 => {
            let names_at = 8 * 8;
            let functab = names_at + names.len() as u64;
            table.extend(words(&[count, 1, names_at, functab, functab, functab, functab]));
            table.extend(&names);
            table.extend(tables(0, 0));
        }
        Layout::V18 | Layout::V20 => {
            let names_at = 9 * 8;
            let functab = names_at + names.len() as u64;
            table.extend(words(&[count, 1, text, names_at, functab, functab, functab, functab]));
            table.extend(&names);
            table.extend(tables(0, 0));
        }
    }
    let version = match layout {
        Layout::V2 => "go1.15.15",
        Layout::V16 => "go1.16.15",
        Layout::V18 => "go1.18.1",
        Layout::V20 => "go1.26.0 X:boringcrypto",
    };
    let mut build = b"\xff Go buildinf:\x08\x02".to_vec();
    build.resize(32, 0);
    build.push(u8::try_from(version.len()).unwrap());
    build.extend(version.bytes());
    build.resize(build.len().next_multiple_of(16), 0);
    build.extend(table);
    let mut file = elf(&functions, &build);
    // No section headers.
    file[40..48].fill(0);
    file[58..64].fill(0);
    file
}

#[test]
fn every_layout_of_the_function_table() {
    let mut run = 0;
    for layout in [Layout::V2, Layout::V16, Layout::V18, Layout::V20] {
        let inspection = inspect(&program(layout)).unwrap();
        let old = matches!(layout, Layout::V2 | Layout::V16);
        let mut told = String::new();
        for point in points(&inspection, Runtime::Go) {
            let at = point.offset - CODE as u64;
            writeln!(told, "{} {} {:?}", point.program, at, point.cost).unwrap();
        }
        let expected = if old {
            "picket_go0_decrypt 20 Emulated\npicket_go0_decrypt_leave 69 Emulated\npicket_go0_write 36 Emulated\n"
        } else {
            "picket_go_decrypt 20 Emulated\npicket_go_decrypt_leave 69 Emulated\npicket_go_write 36 Emulated\n"
        };
        assert_eq!(told, expected, "{layout:?}");
        run += 1;
    }
    assert_eq!(run, 4);
}

const PROGRAM: &str = r#"package main

import (
	"crypto/tls"
	"os"
)

func main() {
	c := tls.Server(nil, &tls.Config{})
	b := make([]byte, 10)
	n, err := c.Read(b)
	c.Write(b[:n])
	println(err, os.Args[0])
}
"#;

#[test]
#[cfg(target_arch = "x86_64")]
fn programs_with_and_without_symbols() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("main.go"), PROGRAM).unwrap();
    let go = |arguments: &[&str]| {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(dir.path()).env("GO111MODULE", "off").env("GOFLAGS", "");
        let output = command.output().expect("`cargo xtask setup test` installs golang-go");
        assert!(output.status.success(), "go {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = go(&["env", "GOVERSION"]);
    let version = version.trim().trim_start_matches("go");
    let mut counts = Vec::new();
    for (name, options) in [
        ("plain", &[] as &[&str]),
        ("stripped", &["-ldflags", "-s -w"]),
        ("pie", &["-buildmode=pie", "-ldflags", "-s -w"]),
    ] {
        go(&[&["build", "-o", name], options, &["main.go"]].concat());
        let mut file = fs::read(dir.path().join(name)).unwrap();
        for headers in ["with", "without"] {
            if headers == "without" {
                file[40..48].fill(0);
                file[58..64].fill(0);
            }
            let inspection = inspect(&file).unwrap();
            let [found] = inspection.runtimes.as_slice() else { panic!("{name}: {:?}", inspection.runtimes) };
            assert_eq!(found.version.as_deref(), Some(version), "{name} {headers} section headers");
            assert_eq!(found.unseen, None);
            check(&file, &found.points);
            counts.push(found.points.iter().map(|point| (point.program, point.cost)).collect::<Vec<_>>());
        }
    }
    assert_eq!(counts.len(), 6);
    let programs = ["picket_go_decrypt", "picket_go_decrypt_leave", "picket_go_write"];
    // One trap each.
    let expected = programs.map(|program| (program, Cost::Emulated));
    assert!(counts.iter().all(|points| *points == expected), "{counts:?}");
}

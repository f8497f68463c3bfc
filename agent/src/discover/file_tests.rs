use std::{
    fs::{self, File},
    io::Write as _,
};

use super::*;
use crate::discover::{FileKey, mapping::Memory, scan};

/// A file of this test's own that this process has mapped executable, as `/proc` tells it.
struct Mapped {
    _directory: tempfile::TempDir,
    path: PathBuf,
    _memory: Memory,
    mapping: Mapping,
}

impl Mapped {
    fn new(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("mapped file");
        File::create(&path).expect("created").write_all(bytes).expect("written");
        let file = File::open(&path).expect("opened");
        let memory = Memory::executable(&file, bytes.len()).expect("mapped; /tmp must not be mounted noexec");
        let (_, mapped) = scan::process(std::process::id()).expect("this process");
        let wanted = path.as_os_str().as_bytes();
        let mapping = mapped.into_iter().find(|mapping| *mapping.path == *wanted).expect("it is mapped");
        Self { _directory: directory, path, _memory: memory, mapping }
    }
}

fn text(file: &OpenFile) -> String {
    fs::read_to_string(file.attach_path()).expect("read")
}

#[test]
fn a_mapped_file_is_opened_whatever_became_of_its_name() {
    let mapped = Mapped::new(b"the first");
    let first = OpenFile::open(&mapped.mapping).expect("opened");
    assert_eq!((text(&first).as_str(), first.path(), first.size()), ("the first", mapped.path.as_path(), 9));

    let new = mapped.path.with_extension("new");
    fs::write(&new, "another").expect("written");
    fs::rename(&new, &mapped.path).expect("replaced");
    let still = OpenFile::open(&mapped.mapping).expect("opened");
    assert_eq!(text(&still), "the first");
    assert_eq!(still.path(), mapped.path);
    assert!(still.is_same(&first) && first.is_unwritten());

    fs::remove_file(&mapped.path).expect("removed");
    assert_eq!(text(&OpenFile::open(&mapped.mapping).expect("opened")), "the first");

    // Its addresses have changed since: they are looked up.
    let moved = Mapping { addresses: 0x1000..0x2000, ..mapped.mapping.clone() };
    assert_eq!(text(&OpenFile::open(&moved).expect("opened")), "the first");
    // What is mapped there is another file.
    let other = Mapping { file: FileKey { inode: 1, ..mapped.mapping.file }, ..mapped.mapping.clone() };
    assert!(matches!(OpenFile::open(&other), Err(OpenError::Gone(_))));
    let gone = Mapping { pid: u32::MAX, ..mapped.mapping.clone() };
    assert!(matches!(OpenFile::open(&gone), Err(OpenError::Gone(u32::MAX))));
}

#[test]
fn by_its_path_only_the_same_file_is_opened() {
    let mapped = Mapped::new(b"the first");
    let why = || io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(text(&OpenFile::by_path(&mapped.mapping, why()).expect("opened")), "the first");
    let new = mapped.path.with_extension("new");
    fs::write(&new, "the other").expect("written");
    fs::rename(&new, &mapped.path).expect("replaced");
    assert!(matches!(OpenFile::by_path(&mapped.mapping, why()), Err(OpenError::Another { .. })));
    fs::remove_file(&mapped.path).expect("removed");
    assert!(matches!(OpenFile::by_path(&mapped.mapping, why()), Err(OpenError::Another { .. })));
}

#[test]
fn what_is_written_over_is_noticed() {
    let mapped = Mapped::new(b"the first");
    let open = OpenFile::open(&mapped.mapping).expect("opened");
    assert!(open.is_unwritten());
    fs::write(&mapped.path, "the first, longer").expect("written in place");
    assert!(!open.is_unwritten());
    let anew = open.anew().expect("the same, as it is now");
    assert!(anew.is_unwritten() && anew.is_same(&open));
    assert_eq!(anew.size(), 17);
}

#[test]
fn the_page_in_memory_tells_files_apart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (a, b) = (directory.path().join("a"), directory.path().join("b"));
    fs::write(&a, "equal").expect("written");
    fs::write(&b, "equal").expect("written");
    let open = |path: &Path| File::open(path).expect("opened");
    assert_eq!(same::pages(open(&a), open(&a)), Some(true), "needs root");
    assert_eq!(same::pages(open(&a), open(&b)), Some(false));
    fs::write(&b, "").expect("written");
    assert_eq!(same::pages(open(&a), open(&b)), None, "a file without a page");
}

//! Files are read where they are looked at, and may change meanwhile.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Write as _},
};

use proptest::prelude::*;

use super::{
    super::{Error, Source, inspect_source, search::Search, store::Store},
    made::elf,
    *,
};
use crate::limits;

/// A source that counts, and after so many reads becomes another.
struct Watched<'a> {
    bytes: &'a dyn Source,
    reads: Cell<usize>,
    read: Cell<u64>,
    largest: Cell<usize>,
    /// What happens before a read of this number, counted from 0.
    then: &'a dyn Fn(usize) -> io::Result<()>,
}

impl<'a> Watched<'a> {
    fn new(bytes: &'a dyn Source, then: &'a dyn Fn(usize) -> io::Result<()>) -> Self {
        Self { bytes, reads: Cell::new(0), read: Cell::new(0), largest: Cell::new(0), then }
    }
}

impl Source for Watched<'_> {
    fn length(&self) -> io::Result<u64> {
        self.bytes.length()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        (self.then)(self.reads.replace(self.reads.get() + 1))?;
        self.largest.set(self.largest.get().max(into.len()));
        let length = self.bytes.read_at(into, offset)?;
        self.read.set(self.read.get() + length as u64);
        Ok(length)
    }
}

fn nothing(_: usize) -> io::Result<()> {
    Ok(())
}

/// Of Debian's files: what is read of them, in KiB, and in how many reads.
#[test]
#[cfg(target_arch = "x86_64")]
fn little_is_read_of_large_files() {
    let mut run = 0;
    for (places, package, kibibytes, reads) in [
        (["/bin/ls", "/usr/bin/ls"], "coreutils", 100, 8),
        (["/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"], "libc6", 900, 32),
        (["/usr/lib/x86_64-linux-gnu/libssl.so.3", "/lib/x86_64-linux-gnu/libssl.so.3"], "openssl", 320, 32),
        (
            ["/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/lib/x86_64-linux-gnu/libcrypto.so.3"],
            "openssl",
            1024,
            64,
        ),
        (["/usr/bin/node", "/usr/local/bin/node"], "nodejs", 16 * 1024, 128),
    ] {
        let file = File::open(place(&places, package)).unwrap();
        let watched = Watched::new(&file, &nothing);
        let inspection = inspect_source(&watched).unwrap();
        assert!(inspection.build_id.is_some());
        let (read, count) = (watched.read.get() / 1024, watched.reads.get());
        assert!(read <= kibibytes && count <= reads, "{places:?}: {read} KiB in {count} reads");
        // Never much at a time: this is what is in memory.
        assert!(watched.largest.get() <= 256 * 1024);
        run += 1;
    }
    assert_eq!(run, 5);
}

/// Cut before each of the reads that it takes: an error, or what would have been found.
#[test]
fn a_file_may_be_cut_between_two_reads() {
    let whole = library("libssl.so.3", "openssl");
    let expected = inspect(&whole).unwrap();
    let all = Watched::new(&whole.as_slice(), &nothing).count();
    let (mut errors, mut run) = (0, 0);
    for cut_before in 0..=all {
        for length in [0, 64, 4096, whole.len() / 2, whole.len() - 1] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&whole).unwrap();
            let cut = |read: usize| if read == cut_before { file.set_len(length as u64) } else { Ok(()) };
            match inspect_source(&Watched::new(&file, &cut)) {
                Ok(found) => assert_eq!(found, expected, "cut to {length} before read {cut_before}"),
                Err(error) => {
                    assert_eq!(error, Error::Unread(io::ErrorKind::UnexpectedEof));
                    errors += 1;
                }
            }
            run += 1;
        }
    }
    assert_eq!(run, 5 * (all + 1));
    assert!(errors > all, "{errors} of {run}");
}

impl Watched<'_> {
    /// The reads that an inspection takes.
    fn count(self) -> usize {
        inspect_source(&self).unwrap();
        self.reads.get()
    }
}

#[test]
fn a_disk_that_fails_is_an_error() {
    let file = elf(&[("SSL_read", &[0x55, 0x5d, 0xc3])], &[]);
    let fail = |_| Err(io::Error::other("no"));
    let error = inspect_source(&Watched::new(&file.as_slice(), &fail)).unwrap_err();
    assert_eq!(error, Error::Unread(io::ErrorKind::Other));
    assert!(error.to_string().contains("does its disk fail"));
    // An interrupted read is begun again.
    let interrupt = |read| if read == 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) };
    assert_eq!(inspect_source(&Watched::new(&file.as_slice(), &interrupt)), inspect(&file));
}

/// Bytes that are others each time they are read.
struct Changing<'a> {
    bytes: &'a [u8],
    seed: Cell<u64>,
    /// One of so many bytes.
    rare: u64,
}

impl Source for Changing<'_> {
    fn length(&self) -> io::Result<u64> {
        self.bytes.length()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = self.bytes.read_at(into, offset)?;
        let mut at = 0;
        loop {
            // Knuth's MMIX generator; its high bits are good enough here.
            let next = self
                .seed
                .get()
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            self.seed.set(next);
            at += usize::try_from((next >> 33) % (2 * self.rare)).unwrap() + 1;
            let Some(byte) = into[..length].get_mut(at) else { return Ok(length) };
            *byte = (next >> 24) as u8;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_file_may_change_between_reads(which in 0..3_usize, seed: u64, rare in 16..20_000_u64) {
        let file = &hostile::FILES[which];
        let changing = Changing { bytes: file, seed: Cell::new(seed), rare };
        if let Ok(inspection) = inspect_source(&changing) {
            for point in inspection.runtimes.iter().flat_map(|found| &found.points) {
                prop_assert!(point.offset < file.len() as u64);
            }
        }
    }

    /// A span gives what a slice does, wherever blocks and windows end.
    #[test]
    fn spans_are_slices(
        length in 0..600_000_usize,
        texts in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 0..64),
        edges in prop::collection::vec((0..3_usize, 0..24_usize, 0..4_usize), 0..16),
        looks in prop::collection::vec((any::<prop::sample::Index>(), 0..300_usize), 1..32),
    ) {
        const TEXTS: [&str; 4] = ["abcdefgh\0", "cdef", "ghab", "a\0"];
        let mut bytes = vec![b'.'; length];
        let mut put = |at: usize, text: &str| {
            if let Some(place) = bytes.get_mut(at..at + text.len()) {
                place.copy_from_slice(text.as_bytes());
            }
        };
        for (at, text) in texts {
            put(at.index(length.max(1)), TEXTS[text]);
        }
        for (edge, before, text) in edges {
            put([16, 256, 512][edge] * 1024 - 12 + before, TEXTS[text]);
        }
        let source = bytes.as_slice();
        let store = Store::new(&source).unwrap();
        let span = store.all();
        let mut found = Vec::new();
        Search::new(&TEXTS).each(span, |which, at| {
            found.push((which, at.start, at.end));
            true
        });
        let whole = aho_corasick::AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(TEXTS)
            .unwrap();
        let expected: Vec<_> = whole
            .find_iter(&bytes)
            .map(|found| (found.pattern().as_usize(), found.start() as u64, found.end() as u64))
            .collect();
        prop_assert_eq!(found, expected);
        let mut rows = Vec::new();
        span.rows::<24>(|at, row| {
            rows.push((at, *row));
            true
        });
        let expected: Vec<(u64, [u8; 24])> =
            (0..).step_by(24).zip(bytes.as_chunks::<24>().0.iter().copied()).collect();
        prop_assert!(rows == expected);
        for (at, length) in looks {
            let at = at.index(bytes.len() + 10);
            let part = bytes.get(at..at + length);
            let of_span = span.get(at as u64, length as u64);
            prop_assert_eq!(of_span.and_then(|part| part.bytes()), part.map(<[u8]>::to_vec));
            let Some(part) = part else { continue };
            prop_assert!(span.has(at as u64, part));
            let of_span = of_span.unwrap();
            prop_assert_eq!(of_span.find(b'a', 200), memchr::memchr(b'a', &part[..length.min(200)]).map(|at| at as u64));
            let back = &bytes[at.saturating_sub(length)..at];
            let expected = memchr::memrchr(b'h', back).map(|found| (at - back.len() + found) as u64);
            prop_assert_eq!(span.find_back(b'h', at as u64, length), expected);
        }
    }
}

/// What is over the cap is not read, and nothing after it.
#[test]
fn more_than_the_cap_is_an_error() {
    struct Zeros;
    impl Source for Zeros {
        fn length(&self) -> io::Result<u64> {
            Ok(3 << 30)
        }

        fn read_at(&self, into: &mut [u8], _: u64) -> io::Result<usize> {
            into.fill(0);
            Ok(into.len())
        }
    }
    let store = Store::new(&Zeros).unwrap();
    let mut seen = 0;
    store.all().windows(|_, bytes, _| {
        seen += bytes.len() as u64;
        Some(bytes.len())
    });
    assert_eq!(seen, limits::BINARY_READ);
    assert_eq!((store.lost(), store.all().u8(0)), (Some(Error::TooMuch), None));
    assert!(Error::TooMuch.to_string().contains("512 MiB"));
}

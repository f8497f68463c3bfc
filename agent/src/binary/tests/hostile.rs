//! Files that were damaged or made to harm: no panic, no point outside of the file.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{
    super::{Error, Image, Store},
    made::{CODE, elf},
    *,
};

pub static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    vec![
        library("libssl.so.3", "openssl"),
        library("libgnutls.so.30", "libgnutls30"),
        elf(&[("SSL_read", &[0x55, 0x5d, 0xc3]), ("BIO_read", &[0x55, 0x5d, 0xc3])], &[]),
        go::program(go::Layout::V2),
        go::program(go::Layout::V18),
    ]
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_do_no_harm(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..24),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut file = FILES[which].clone();
        // Headers and tables are where it hurts: at the front and at the back.
        let edge = file.len().min(4096);
        let length = file.len();
        for (at, byte, back) in changes {
            let at = at.index(edge);
            file[if back { length - 1 - at } else { at }] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(length));
        }
        if let Ok(inspection) = inspect(&file) {
            for point in inspection.runtimes.iter().flat_map(|found| &found.points) {
                prop_assert!(point.offset < file.len() as u64);
            }
        }
    }

    #[test]
    fn any_code_has_an_entry_within_it(code in prop::collection::vec(any::<u8>(), 1..200)) {
        let file = elf(&[("SSL_read", &code), ("SSL_read_ex", &[0xc3])], &[]);
        let inspection = inspect(&file).unwrap();
        let points = points(&inspection, Runtime::OpenSsl);
        let of_it: Vec<_> = points.iter().filter(|point| &*point.symbol == "SSL_read").collect();
        prop_assert_eq!(of_it.iter().filter(|point| point.place == Place::Enter).count(), 1);
        for point in of_it {
            prop_assert!((CODE..CODE + code.len()).contains(&usize::try_from(point.offset).unwrap()));
        }
    }
}

/// A segment at the end of all addresses: sums of addresses must not overflow.
#[test]
fn addresses_may_be_as_large_as_they_like() {
    for mut file in [go::program(go::Layout::V2), go::program(go::Layout::V16), go::program(go::Layout::V18)]
    {
        // The second program header's address; its data has the function table.
        file[136..144].copy_from_slice(&(u64::MAX - 7).to_le_bytes());
        let inspection = inspect(&file).unwrap();
        assert_eq!(inspection.runtimes.len(), 1);
        file[80..88].copy_from_slice(&(u64::MAX - 7).to_le_bytes());
        assert_eq!(points(&inspect(&file).unwrap(), Runtime::Go), []);
    }
}

/// An unwind table that says it has 2⁶⁴ − 1 rows: functions are found, but not their cold parts.
#[test]
fn unwind_tables_may_say_that_they_are_as_long_as_they_like() {
    let mut file = FILES[0].clone();
    let headers = file[64..].chunks(56).take(file[56].into());
    let unwind = headers.map(<[u8]>::to_vec).find(|header| header[..4] == 0x6474_e550_u32.to_le_bytes());
    let offset = u64::from_le_bytes(unwind.unwrap()[8..16].try_into().unwrap());
    let table = usize::try_from(offset).unwrap();
    // How the number is written: eight bytes, behind four of where the frames are.
    file[table + 2] = 4;
    file[table + 8..table + 16].fill(0xff);
    let found = points(&inspect(&file).unwrap(), Runtime::OpenSsl).to_vec();
    assert!(!found.is_empty());
    let store = Store::new(&file.as_slice()).map(|store| Image::parse(&store).unwrap().frame(0x1000));
    assert_eq!(store.unwrap(), None);
}

#[test]
fn other_files_are_refused_in_words() {
    assert_eq!(inspect(b""), Err(Error::NotElf));
    assert_eq!(
        inspect(b"#!/bin/sh\necho hello, this is a script and no program at all, is it\n"),
        Err(Error::NotElf)
    );
    let mut file = elf(&[("main", &[0xc3])], &[]);
    file[18] = 243;
    assert_eq!(inspect(&file), Err(Error::Processor(243)));
    assert!(Error::Processor(243).to_string().contains("x86-64 and AArch64"));
    file[18] = 62;
    file[56..58].copy_from_slice(&200_u16.to_le_bytes());
    assert_eq!(inspect(&file), Err(Error::Headers("program headers")));
}

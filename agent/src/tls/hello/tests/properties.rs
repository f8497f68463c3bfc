//! What holds for any bytes.

use proptest::prelude::*;

use super::{
    super::*,
    file,
    made::{Made, numbers, vector16},
};
use crate::limits;

/// Once it is told, more bytes don't change it.
fn steady<T: PartialEq + std::fmt::Debug>(bytes: &[u8], cuts: &[usize], read: impl Fn(&[u8]) -> Progress<T>) {
    let whole = read(bytes);
    for cut in cuts {
        let part = read(&bytes[..cut % (bytes.len() + 1)]);
        assert!(part == Progress::NeedMore || part == whole, "{part:?}, then {whole:?}");
    }
}

/// A captured hello with bytes changed.
fn bent(end: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(super::files(end)), changes).prop_map(|(name, changes)| {
        let mut bytes = file(&name);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn a_client_is_told_once(bytes in bent(".client"), cuts in prop::collection::vec(any::<usize>(), 20)) {
        steady(&bytes, &cuts, ClientHello::read);
    }

    #[test]
    fn a_service_is_told_once(bytes in bent(".service"), cuts in prop::collection::vec(any::<usize>(), 20)) {
        steady(&bytes, &cuts, ServerHello::read);
    }

    /// Whatever is offered is read as it was written, but for what is there to be ignored, in records of any
    /// lengths.
    #[test]
    fn what_is_offered_is_read(
        version in any::<u16>(),
        ciphers in prop::collection::vec(any::<u16>(), 0..120),
        groups in prop::collection::vec(any::<u16>(), 0..20),
        kinds in prop::collection::vec((100..u16::MAX, prop::collection::vec(any::<u8>(), 0..40)), 0..60),
        record in 1usize..600,
    ) {
        let mut extensions = kinds;
        extensions.push((extension::SUPPORTED_GROUPS, vector16(&numbers(&groups))));
        let made = Made { version, ciphers: ciphers.clone(), extensions: Some(extensions.clone()) };
        let bytes = super::in_records(&made.bytes(), record);
        prop_assume!(bytes.len() <= limits::TLS_HELLO);
        let plain = |values: Vec<u16>| values.into_iter().filter(|v| !is_grease(*v)).collect::<Vec<_>>();
        let read = ClientHello::read(&bytes);
        let Progress::Done(hello) = read else { panic!("{read:?}") };
        prop_assert_eq!(hello.legacy_version, Version(version));
        prop_assert_eq!(hello.cipher_suites.iter().map(|c| c.0).collect::<Vec<_>>(), plain(ciphers));
        prop_assert_eq!(&hello.extensions, &plain(extensions.iter().map(|(kind, _)| *kind).collect()));
        prop_assert_eq!(&hello.groups, &plain(groups));
    }

    /// A fingerprint has its 36 characters, whatever the hello, and is the same in any order of the lists that
    /// are sorted.
    #[test]
    fn each_hello_has_one(
        version in any::<u16>(),
        ciphers in prop::collection::vec(any::<u16>(), 0..200),
        kinds in prop::collection::vec(any::<u16>(), 0..200),
    ) {
        let extensions = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
        let made = Made { version, ciphers, extensions: Some(extensions) };
        let mut turned = made.clone();
        turned.ciphers.reverse();
        if let Some(extensions) = &mut turned.extensions {
            extensions.reverse();
        }
        let read = |made: &Made| match ClientHello::read(&made.bytes()) {
            Progress::Done(hello) => (hello.ja4(), hello.ja4_r()),
            other => panic!("{other:?}"),
        };
        let (ja4, raw) = read(&made);
        prop_assert_eq!((ja4, raw.clone()), read(&turned));
        let text = ja4.as_str();
        prop_assert_eq!(text.len(), 36);
        prop_assert_eq!(&text[..11], &raw[..11]);
        prop_assert!(text[11..].bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'_')));
    }
}

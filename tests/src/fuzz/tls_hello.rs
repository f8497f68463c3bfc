//! First bytes of a connection, as a client's and as a service's: what is told once is told for good, and
//! nothing beyond the cap counts.

use std::fmt::Debug;

use picket::{
    limits,
    tls::hello::{Answer, ClientHello, Progress, ServerHello, TlsFacts},
};

/// Prefixes of an input that are read.
const CUTS: usize = 64;

/// Input: the bytes themselves.
pub fn run(data: &[u8]) {
    if let Progress::Done(hello) = steady(data, ClientHello::read) {
        let (ja4, raw) = (hello.ja4(), hello.ja4_r());
        assert_eq!(ja4.as_str().len(), 36);
        assert_eq!(ja4.as_str().as_bytes()[..11], raw.as_bytes()[..11]);
        if let Some(name) = &hello.sni {
            assert!((1..=limits::TLS_SNI).contains(&name.len()));
            assert!(name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()));
        }
        let facts = TlsFacts::offered(&hello);
        assert_eq!(facts.alpn_offered.len() + usize::from(facts.alpn_more), hello.alpn.len());
        assert!(facts.memory() < 4096, "{} bytes", facts.memory());
    }
    if let Progress::Done(Answer::Hello(hello)) = steady(data, ServerHello::read) {
        let mut facts = TlsFacts::default();
        facts.answered(&hello);
        assert_eq!((facts.version, facts.cipher), (Some(hello.version), Some(hello.cipher_suite)));
    }
}

fn steady<T: PartialEq + Debug>(data: &[u8], read: impl Fn(&[u8]) -> Progress<T>) -> Progress<T> {
    let whole = read(data);
    let mut told = false;
    for cut in (0..data.len()).step_by((data.len() / CUTS).max(1)) {
        let part = read(&data[..cut]);
        assert!(part == whole || (!told && part == Progress::NeedMore), "{part:?}, then {whole:?}");
        told |= part != Progress::NeedMore;
    }
    if data.len() >= limits::TLS_HELLO {
        assert_ne!(whole, Progress::NeedMore, "no more than the cap is waited for");
        assert_eq!(whole, read(&data[..limits::TLS_HELLO]), "bytes beyond the cap don't count");
    }
    whole
}

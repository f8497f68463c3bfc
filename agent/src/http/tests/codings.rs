//! Content codings.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

pub(super) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(data: &[u8]) -> Vec<u8> {
    compress_to_vec(data, CompressionLevel::Fastest)
}

/// Brotli without compression (RFC 7932 section 9.2: WBITS 16, one uncompressed meta-block of at
/// most 64 KiB, an empty last one).
pub(super) fn brotli(data: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for block in data.chunks(1 << 16) {
        // Bits from the lowest: [WBITS `0`] ISLAST `0`, MNIBBLES `00`, MLEN-1 in 16 bits, ISUNCOMPRESSED `1`.
        let first = usize::from(coded.is_empty());
        let header = (((block.len() - 1) << 3) | 1 << 19) << first;
        coded.extend_from_slice(&(header as u32).to_le_bytes()[..3]);
        coded.extend_from_slice(block);
    }
    coded.push(if coded.is_empty() { 0b110 } else { 0b11 });
    coded
}

fn post(coding: &str, body: &[u8]) -> Step {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    i([head.as_bytes(), body].concat())
}

/// Data, cut, and the first anomaly of a coded body.
fn decoded(limits: Limits, coding: &str, body: &[u8]) -> (Vec<u8>, bool, Option<&'static str>) {
    let mut connection = Connection::new(limits, true);
    let out = feed(&mut connection, &[post(coding, body)], usize::MAX);
    let [Output::Request(r)] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!(r.body.wire_len, body.len() as u64);
    (r.body.data.to_vec(), r.body.cut, r.anomalies.first().map(|a| a.kind))
}

type Encode = fn(&[u8]) -> Vec<u8>;
const ENCODERS: &[(&str, Encode)] = &[
    ("gzip", gzip),
    ("deflate", zlib),
    ("deflate", deflate),
    ("br", brotli),
    ("zstd", zstd),
    ("x-gzip", gzip),
];

fn text(len: usize) -> Vec<u8> {
    let noise = |n: usize| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) % 18;
    (0..len).map(|n| b"id=1 UNION SELECT "[noise(n)]).collect()
}

#[test]
fn whole_bodies() {
    for (name, encode) in ENCODERS {
        for len in [1, 100, 60_000, 200_000] {
            let plain = text(len);
            let coded = encode(&plain);
            let limits = Limits { request_body: 1 << 20, ..Limits::default() };
            assert!(decoded(limits, name, &coded) == (plain, false, None), "{name}, {len} bytes");
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Compressed by the reference implementations: Node's zlib.brotliCompressSync, and zstd -19 --check.
#[test]
fn compressed_by_others() {
    let plain = b"hello hello hello hello hello, id=1 UNION SELECT 1".to_vec();
    let brotli =
        bytes("1b3100e09d09762c643af08493212f63d0d2128485adc8cab287edad0b5164167ad461b7f426190f9ac4110b");
    assert_eq!(decoded(Limits::default(), "br", &brotli), (plain.clone(), false, None));
    let zstd = bytes(concat!(
        "28b52ffd04680d0100d868656c6c6f202c2069643d3120554e494f4e2053454c4543",
        "5420310100a94b11ad53c394"
    ));
    assert_eq!(decoded(Limits::default(), "zstd", &zstd), (plain, false, None));
    // 1 MiB of `A` in 14 bytes.
    let bomb = bytes("5bffff8f5f22281e0b0472ef1f00");
    let limit = Limits::default().decoded_body;
    assert_eq!(decoded(Limits::default(), "br", &bomb), (vec![b'A'; limit], true, None));
    // The large-window extension is not part of the content coding.
    let large = bytes(concat!(
        "1158c400807726d8b190e9c0134e86bc8c414b4b1016b6222bcb1eb6b72e449159e8",
        "51073b4b6f92f1a0491cb100"
    ));
    assert_eq!(decoded(Limits::default(), "br", &large), (large.clone(), true, Some("bad_content_encoding")));
}

#[test]
fn stacked_and_plain() {
    let plain = text(500);
    let stacked = gzip(&brotli(&zstd(&plain)));
    assert!(decoded(Limits::default(), "zstd, br, gzip", &stacked) == (plain.clone(), false, None));
    assert!(decoded(Limits::default(), "identity", &plain) == (plain.clone(), false, None));
    assert!(decoded(Limits::default(), "", &plain) == (plain.clone(), false, None));
    let bad = Some("bad_content_encoding");
    assert!(decoded(Limits::default(), "gzip,gzip,gzip,gzip,gzip", &stacked) == (stacked.clone(), true, bad));
    assert!(decoded(Limits::default(), "rot13", &plain) == (plain, true, bad));
}

#[test]
fn transfer_codings_are_undone_too() {
    let coded = gzip(b"attack");
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    let chunk = [format!("{:x}\r\n", coded.len()).as_bytes(), &coded, b"\r\n0\r\n\r\n"].concat();
    assert_eq!(run(&[i(head), i(chunk)]), "0 POST / [attack]\n");
}

#[test]
fn what_does_not_decode_is_judged_as_it_is() {
    for (name, encode) in ENCODERS {
        let plain = b"%%% not compressed %%%";
        let (data, cut, anomaly) = decoded(Limits::default(), name, plain);
        assert!(cut && anomaly == Some("bad_content_encoding"), "{name}");
        assert!(data.ends_with(&plain[4..]), "{name}: {}", data.escape_ascii());

        let coded = encode(&text(1000));
        let tail = [&coded[..], b"<script>"].concat();
        let (data, cut, anomaly) = decoded(Limits::default(), name, &tail);
        assert!(cut && anomaly == Some("bad_content_encoding"), "{name}: something behind the end");
        assert!(data.starts_with(&text(1000)) && data.ends_with(b"script>"), "{name}");

        let (data, cut, anomaly) = decoded(Limits::default(), name, &coded[..coded.len() - 1]);
        assert!(cut && anomaly == Some("bad_content_encoding"), "{name}: truncated");
        // zstd gives whole blocks or none; what nothing decodes of stays as it is.
        assert!(text(1000).starts_with(&data) || data == coded[..coded.len() - 1], "{name}: truncated");
        assert!(!data.is_empty(), "{name}");
    }
}

#[test]
fn cut_bodies_decode_as_far_as_they_can() {
    for (name, encode) in ENCODERS {
        // zstd decodes block by block: enough of them that some are whole.
        let plain = text(700_000);
        let coded = encode(&plain);
        let limits = Limits { request_body: coded.len() * 3 / 4, decoded_body: 1 << 20, ..Limits::default() };
        let (data, cut, anomaly) = decoded(limits, name, &coded);
        assert!(cut && anomaly.is_none(), "{name}: cut by us is no anomaly");
        assert!(data.len() > plain.len() / 3 && plain.starts_with(&data), "{name}: {}", data.len());
    }
}

#[test]
fn bombs_are_bounded() {
    let zeros = vec![0; 8 << 20];
    for (name, encode) in ENCODERS {
        let coded = encode(&zeros);
        let limits = Limits { request_body: 16 << 20, decoded_body: 10_000, ..Limits::default() };
        let (data, cut, anomaly) = decoded(limits, name, &coded);
        assert_eq!((data.len(), cut, anomaly), (10_000, true, None), "{name}");
    }
    // RLE blocks: 128 KiB of output for 4 bytes of input.
    let block = [0x02, 0xff, 0x0f, b'A'];
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for _ in 0..10_000 {
        bomb.extend_from_slice(&block);
    }
    let (data, cut, _) = decoded(Limits::default(), "zstd", &bomb);
    assert!(data.len() <= Limits::default().decoded_body && cut);
    // A window of 2 GiB is refused before memory is set aside.
    let (data, cut, anomaly) =
        decoded(Limits::default(), "zstd", &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0]);
    assert_eq!((data.len(), cut, anomaly), (9, true, Some("bad_content_encoding")));
}

//! Content codings (RFC 9110 section 8.4.1), undone within a bound.

use std::io::Read;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status, bufread::GzDecoder};
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::{
    anomaly::{self, note},
    body::Raw,
    message::Body,
};
use crate::limits::MAX_CODINGS;

/// Window a zstd frame may ask for; RFC 9659 forbids more in HTTP.
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    /// zlib, or raw deflate, which many send under this name.
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// By the name in Content-Encoding or Transfer-Encoding.
    pub fn named(name: &[u8]) -> Option<Self> {
        let is = |n: &[u8]| name.eq_ignore_ascii_case(n);
        if is(b"gzip") || is(b"x-gzip") {
            Some(Self::Gzip)
        } else if is(b"deflate") {
            Some(Self::Deflate)
        } else if is(b"br") {
            Some(Self::Brotli)
        } else if is(b"zstd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }
}

/// How far decoding came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// To the end.
    Whole,
    /// To the end of the input, which is not the end of the coding.
    Truncated,
    /// To the bound.
    Over,
    /// To something that is not this coding.
    Bad,
}

/// What one coding gave.
struct Decoded {
    data: Vec<u8>,
    /// Bytes of the input that were used.
    used: usize,
    end: End,
}

/// Undoes codings, the last applied first.
///
/// What can't be decoded stays as it is: behind what could be, so that both are judged, with
/// [`anomaly::BAD_CONTENT_ENCODING`] and `cut`.
pub(super) fn undo(mut raw: Raw, codings: &[Option<Coding>], limit: usize) -> (Body, Raw) {
    let mut data = std::mem::take(&mut raw.data);
    let mut cut = raw.cut;
    if codings.len() > MAX_CODINGS {
        cut = true;
        note(&mut raw.anomalies, anomaly::BAD_CONTENT_ENCODING, || {
            format!("{} codings one over the other, at most {MAX_CODINGS} are undone", codings.len())
        });
    } else if !data.is_empty() {
        for coding in codings.iter().rev() {
            let Some(coding) = coding else {
                cut = true;
                note(&mut raw.anomalies, anomaly::BAD_CONTENT_ENCODING, || {
                    "a coding that is not known".into()
                });
                break;
            };
            let mut decoded = coding.decode(&data, limit);
            match decoded.end {
                End::Whole => {}
                End::Over => cut = true,
                End::Truncated if cut => {}
                End::Truncated | End::Bad => {
                    cut = true;
                    note(&mut raw.anomalies, anomaly::BAD_CONTENT_ENCODING, || {
                        format!("{coding:?} does not decode from byte {} on", decoded.used)
                    });
                }
            }
            if decoded.data.is_empty() && decoded.end != End::Whole {
                break; // as it is
            }
            if decoded.end == End::Bad {
                let rest = data.get(decoded.used..).unwrap_or_default();
                decoded.data.extend_from_slice(rest);
                data = decoded.data;
                break;
            }
            data = decoded.data;
        }
    }
    let body = Body { data: data.into(), wire_len: raw.wire_len, cut };
    (body, raw)
}

impl Coding {
    fn decode(self, input: &[u8], limit: usize) -> Decoded {
        let mut decoded = match self {
            Self::Gzip => gzip(input, limit),
            Self::Deflate => deflate(input, limit),
            Self::Brotli => brotli(input, limit),
            Self::Zstd => zstd(input, limit),
        };
        if decoded.data.len() > limit {
            decoded.data.truncate(limit);
            decoded.end = End::Over;
        } else if decoded.end == End::Whole && decoded.used < input.len() {
            decoded.end = End::Bad; // something stands behind the end
        }
        decoded
    }
}

/// gzip (RFC 1952), several members.
fn gzip(input: &[u8], limit: usize) -> Decoded {
    let mut data = Vec::new();
    let mut rest = input;
    let end = loop {
        let room = limit.saturating_add(1).saturating_sub(data.len()) as u64;
        let mut member = GzDecoder::new(rest);
        let result = member.by_ref().take(room).read_to_end(&mut data);
        let is_member = rest.starts_with(&[0x1f, 0x8b]) || rest.len() < 2;
        if is_member {
            rest = member.get_ref();
        }
        match result {
            Ok(_) if data.len() > limit => break End::Over,
            Ok(_) if rest.is_empty() => break End::Whole,
            Ok(_) => {}
            Err(_) if rest.is_empty() => break End::Truncated,
            Err(_) => break End::Bad,
        }
    };
    Decoded { data, used: input.len() - rest.len(), end }
}

/// zlib (RFC 1950) or raw deflate (RFC 1951).
fn deflate(input: &[u8], limit: usize) -> Decoded {
    let is_zlib = match input {
        [cmf, flags, ..] => cmf & 0x0f == 8 && (u32::from(*cmf) << 8 | u32::from(*flags)) % 31 == 0,
        _ => true,
    };
    let mut inflate = Decompress::new(is_zlib);
    let mut data = Vec::new();
    let end = loop {
        let used = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(used..).unwrap_or_default();
        data.reserve(rest.len().saturating_mul(4).clamp(1024, 64 * 1024));
        let before = data.len();
        match inflate.decompress_vec(rest, &mut data, FlushDecompress::None) {
            Ok(Status::StreamEnd) => break End::Whole,
            _ if data.len() > limit => break End::Over,
            Ok(_) if inflate.total_in() as usize == used && data.len() == before => break End::Truncated,
            Ok(_) => {}
            Err(_) => break End::Bad,
        }
    };
    Decoded { data, used: usize::try_from(inflate.total_in()).unwrap_or(input.len()), end }
}

/// Brotli (RFC 7932), without the large-window extension: at most 16 MiB of window.
fn brotli(input: &[u8], limit: usize) -> Decoded {
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let (mut available, mut used) = (input.len(), 0);
    let mut data = vec![0; input.len().saturating_mul(4).clamp(1024, 64 * 1024).min(limit.saturating_add(1))];
    let (mut written, mut total) = (0, 0);
    let end = loop {
        let mut room = data.len() - written;
        let result = BrotliDecompressStream(
            &mut available,
            &mut used,
            input,
            &mut room,
            &mut written,
            &mut data,
            &mut total,
            &mut state,
        );
        match result {
            BrotliResult::ResultSuccess => break End::Whole,
            BrotliResult::NeedsMoreInput => break End::Truncated,
            BrotliResult::NeedsMoreOutput if written > limit => break End::Over,
            BrotliResult::NeedsMoreOutput => data.resize((data.len() * 2).min(limit.saturating_add(1)), 0),
            BrotliResult::ResultFailure => break End::Bad,
        }
    };
    data.truncate(written);
    Decoded { data, used: used.min(input.len()), end }
}

/// Zstandard (RFC 8878), several frames, skippable ones left out.
fn zstd(input: &[u8], limit: usize) -> Decoded {
    let mut data = Vec::new();
    let mut rest = input;
    let mut used = 0;
    let end = loop {
        if rest.is_empty() {
            break End::Whole;
        }
        used = input.len() - rest.len();
        // A decoder of its own for each frame: a used one sets its whole window aside at once.
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_ZSTD_WINDOW);
        match decoder.reset(&mut rest) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let Some(after) = rest.get(length as usize..) else { break End::Truncated };
                rest = after;
                continue;
            }
            Err(_) if rest.is_empty() => break End::Truncated,
            Err(_) => break End::Bad,
        }
        let room = limit.saturating_add(1).saturating_sub(data.len());
        let result = decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(room));
        if !matches!(result, Ok(true)) {
            // The decoder gives its window away only at the end of a frame: an empty last block
            // (and a checksum, which is not looked at) ends it here.
            let _ = decoder.decode_blocks(&[1_u8, 0, 0, 0, 0, 0, 0][..], BlockDecodingStrategy::All);
        }
        data.extend(decoder.collect().unwrap_or_default());
        match result {
            Ok(true) => {}
            Ok(false) => break End::Over,
            Err(_) if rest.is_empty() => break End::Truncated,
            Err(_) => break End::Bad,
        }
        used = input.len() - rest.len();
    };
    Decoded { data, used, end }
}

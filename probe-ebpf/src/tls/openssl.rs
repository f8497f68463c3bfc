//! OpenSSL, and what has its interface: BoringSSL, LibreSSL.
//!
//! What `SSL_peek` shows is read later: it says only whose ciphertext is read. Early data have functions of their own.

use aya_ebpf::{
    EbpfContext,
    macros::{uprobe, uretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use picket_common::{stats::Counter, tls::Library};

use super::{Call, ObjectKey, deliver, enter, freed, is_new, op, process, thread, tie, under_way};
use crate::{
    count,
    preempt::own_stack,
    source::{read, word},
};

/// `int SSL_read(SSL *, void *, int)`.
#[uprobe]
pub fn picket_ssl_read(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::READ, false).unwrap_or(0)
}

/// `int SSL_read_ex(SSL *, void *, size_t, size_t *)`, `SSL_read_early_data`.
#[uprobe]
pub fn picket_ssl_read_ex(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::READ, true).unwrap_or(0)
}

/// `int SSL_write(SSL *, const void *, int)`.
#[uprobe]
pub fn picket_ssl_write(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::WRITE, false).unwrap_or(0)
}

/// `int SSL_write_ex(SSL *, const void *, size_t, size_t *)`, `SSL_write_early_data`.
#[uprobe]
pub fn picket_ssl_write_ex(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::WRITE, true).unwrap_or(0)
}

/// `int SSL_write_ex2(SSL *, const void *, size_t, uint64_t flags, size_t *)`, OpenSSL 3.3.
#[uprobe]
pub fn picket_ssl_write_ex2(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let result: u64 = ctx.arg(4).unwrap_or(0);
    call(&ctx, op::WRITE, result).unwrap_or(0)
}

/// `ossl_ssize_t SSL_sendfile(SSL *, int, off_t, size_t, int)`, OpenSSL 3.0.
#[uprobe]
pub fn picket_ssl_sendfile(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    let (Some(object), Some(len)) = (ctx.arg(0), ctx.arg(3)) else { return 0 };
    enter(thread(), Call { object, len, ..Call::of(op::SENDFILE) });
    0
}

/// Where one of these is left.
#[uprobe]
pub fn picket_ssl_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    end(&ctx).unwrap_or(0)
}

/// The same as a return probe, for functions of which a way out is not known.
#[uretprobe]
pub fn picket_ssl_return(ctx: RetProbeContext) -> u32 {
    own_stack(&ctx);
    end(&ProbeContext::new(ctx.as_ptr())).unwrap_or(0)
}

/// `void SSL_free(SSL *)`.
#[uprobe]
pub fn picket_ssl_free(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    if let Some(object) = ctx.arg(0) {
        freed(object);
    }
    0
}

/// `int SSL_peek(SSL *, void *, int)`, `SSL_peek_ex`: what it shows is read later, but the ciphertext is read now.
#[uprobe]
pub fn picket_ssl_peek(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::PEEK, false).unwrap_or(0)
}

/// `int BIO_read(BIO *, void *, int)`: in a call that reads, the object's ciphertext.
#[uprobe]
pub fn picket_bio_read(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_wanted(&ctx).unwrap_or(0)
}

/// Where it is left.
#[uprobe]
pub fn picket_bio_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_read(i64::from(result(&ctx) as i32)).unwrap_or(0)
}

/// The same as a return probe.
#[uretprobe]
pub fn picket_bio_return(ctx: RetProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_read(i64::from(result(&ProbeContext::new(ctx.as_ptr())) as i32)).unwrap_or(0)
}

#[inline(always)]
fn begin(ctx: &ProbeContext, op: u32, with_result: bool) -> Option<u32> {
    let result = if with_result { ctx.arg(3)? } else { 0 };
    call(ctx, op, result)
}

#[inline(always)]
fn call(ctx: &ProbeContext, op: u32, result: u64) -> Option<u32> {
    let len: u64 = ctx.arg(2)?;
    // An int, where there is no other result.
    let len = if result == 0 { u64::from(len as u32) } else { len };
    enter(thread(), Call { object: ctx.arg(0)?, buffer: ctx.arg(1)?, len, result, ..Call::of(op) });
    Some(0)
}

#[inline(always)]
fn end(ctx: &ProbeContext) -> Option<u32> {
    let returned = result(ctx);
    let Some(call) = under_way(thread()) else {
        if returned as i32 > 0 && is_new(thread()) {
            count::add(Counter::TlsUnderWay, 1);
        }
        return None;
    };
    let op = call.op;
    call.op = op::NONE;
    if op == op::PEEK {
        return None;
    }
    let len = if op == op::SENDFILE {
        returned as i64
    } else if call.result == 0 {
        i64::from(returned as i32)
    } else if returned as i32 == 1 {
        word(call.result)? as i64
    } else {
        0
    };
    // More than there is room for is no length.
    if len > 0 && len as u64 <= call.len {
        deliver(Library::OpenSsl, call.object, call.buffer, len as u64, op);
    }
    Some(0)
}

/// What a C function returns.
#[inline(always)]
pub fn result(ctx: &ProbeContext) -> u64 {
    // SAFETY: a field of the context.
    unsafe {
        #[cfg(bpf_target_arch = "aarch64")]
        return (*ctx.regs).regs[0];
        #[cfg(not(bpf_target_arch = "aarch64"))]
        (*ctx.regs).rax
    }
}

/// Notes where ciphertext will be, if it is for a call that reads with an object that is tied to nothing.
/// The arguments are those of `read(2)`.
#[inline(always)]
pub fn ciphertext_wanted(ctx: &ProbeContext) -> Option<u32> {
    let call = under_way(thread())?;
    if call.op != op::READ && call.op != op::PEEK
        || tie::is_tied(&ObjectKey { address: call.object, pid: process() })
    {
        return None;
    }
    call.cipher = ctx.arg(1)?;
    Some(0)
}

/// Ties the object by the ciphertext that was read: a record's header comes alone, before it, or with it.
#[inline(always)]
pub fn ciphertext_read(len: i64) -> Option<u32> {
    use picket_common::tls::{KEY_LEN, RECORD_HEADER, content};
    let call = under_way(thread())?;
    let at = core::mem::replace(&mut call.cipher, 0);
    if at == 0 || len < KEY_LEN as i64 {
        return None;
    }
    let key = ObjectKey { address: call.object, pid: process() };
    let head: [u8; 2] = read(at)?;
    if head == [content::APPLICATION_DATA, 3]
        && len >= (KEY_LEN + RECORD_HEADER) as i64
        && tie::by_record(&key, at + RECORD_HEADER as u64)
    {
        return Some(0);
    }
    tie::by_record(&key, at);
    Some(0)
}

//! GnuTLS.

use aya_ebpf::{
    EbpfContext,
    macros::{uprobe, uretprobe},
    programs::{ProbeContext, RetProbeContext},
};

use picket_common::tls::Library;

use super::{
    Call, ObjectKey, deliver, enter, freed, op,
    openssl::{ciphertext_read, ciphertext_wanted, result},
    process, thread, under_way,
};
use crate::{maps::TLS_OBJECT, preempt::own_stack};

/// `GNUTLS_E_AGAIN`, `GNUTLS_E_INTERRUPTED`: a send has taken the bytes and wants to be called again.
const AGAIN: i64 = -28;
const INTERRUPTED: i64 = -52;

/// `ssize_t gnutls_record_recv(gnutls_session_t, void *, size_t)` and what begins with the same arguments.
#[uprobe]
pub fn picket_gnutls_recv(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::READ).unwrap_or(0)
}

/// `ssize_t gnutls_record_send(gnutls_session_t, const void *, size_t)` and what begins with the same arguments.
#[uprobe]
pub fn picket_gnutls_send(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    begin(&ctx, op::WRITE).unwrap_or(0)
}

/// Where one of these is left.
#[uprobe]
pub fn picket_gnutls_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    end(&ctx).unwrap_or(0)
}

/// The same as a return probe, for functions of which a way out is not known.
#[uretprobe]
pub fn picket_gnutls_return(ctx: RetProbeContext) -> u32 {
    own_stack(&ctx);
    end(&ProbeContext::new(ctx.as_ptr())).unwrap_or(0)
}

/// `void gnutls_deinit(gnutls_session_t)`.
#[uprobe]
pub fn picket_gnutls_free(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    if let Some(object) = ctx.arg(0) {
        freed(object);
    }
    0
}

/// `ssize_t recv(int, void *, size_t, int)`: in a call that reads, the session's ciphertext.
#[uprobe]
pub fn picket_recv(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_wanted(&ctx).unwrap_or(0)
}

/// Where it is left.
#[uprobe]
pub fn picket_recv_leave(ctx: ProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_read(result(&ctx) as i64).unwrap_or(0)
}

/// The same as a return probe.
#[uretprobe]
pub fn picket_recv_return(ctx: RetProbeContext) -> u32 {
    own_stack(&ctx);
    ciphertext_read(result(&ProbeContext::new(ctx.as_ptr())) as i64).unwrap_or(0)
}

#[inline(always)]
fn begin(ctx: &ProbeContext, op: u32) -> Option<u32> {
    let (object, buffer, len) = (ctx.arg(0)?, ctx.arg(1)?, ctx.arg(2)?);
    enter(thread(), Call { object, buffer, len, ..Call::of(op) });
    Some(0)
}

#[inline(always)]
fn end(ctx: &ProbeContext) -> Option<u32> {
    let call = under_way(thread())?;
    let op = call.op;
    call.op = op::NONE;
    let len = result(ctx) as i64;
    if op == op::READ {
        if len > 0 && len as u64 <= call.len {
            deliver(Library::GnuTls, call.object, call.buffer, len as u64, op);
        }
        return Some(0);
    }
    let key = ObjectKey { address: call.object, pid: process() };
    // SAFETY: an entry of the map; a session is used by one thread at a time for each direction.
    let mut object = TLS_OBJECT.get_ptr_mut(key).map(|object| unsafe { &mut *object });
    let queued = object.as_ref().is_some_and(|object| object.queued != 0);
    if len == AGAIN || len == INTERRUPTED {
        // The bytes are taken; they must not be told again when the call is repeated.
        if !queued && call.buffer != 0 {
            deliver(Library::GnuTls, call.object, call.buffer, call.len, op);
            if let Some(object) = TLS_OBJECT.get_ptr_mut(key) {
                // SAFETY: as above.
                unsafe { (*object).queued = 1 };
            }
        }
    } else if queued {
        if let Some(object) = &mut object {
            object.queued = 0;
        }
    } else if len > 0 && call.buffer != 0 && len as u64 <= call.len {
        deliver(Library::GnuTls, call.object, call.buffer, len as u64, op);
    }
    Some(0)
}

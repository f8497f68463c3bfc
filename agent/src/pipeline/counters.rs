//! What the pipeline counts beside the kernel and the stages.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter many threads add to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The pipeline's counters.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Counter,)* }

        impl Counters {
            /// Every counter by name.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name.value()),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Requests of a process of this host that were led back to the one request that they come from.
    chains_linked,
    /// The same, to several of one client.
    chains_ambiguous,
    /// Those that may come from requests of several clients: led back to none.
    chains_unsure,
    /// Those that come from no request that is known.
    chains_unlinked,
    /// Requests that were not noted as ones that others may come from: the table was full.
    chains_full,
    /// Requests that were judged before all workers had read what came before them, and transactions that were told
    /// before all had read what may come from them.
    chains_hurried,
    /// Connections of which anything was read.
    connections,
    /// Requests seen.
    requests,
    /// Responses seen.
    responses,
    /// Requests to services whose policy is off: not judged.
    not_judged,
    /// Responses that were not judged: the rules of their requests had been replaced.
    rules_replaced,
    /// Requests whose response was not seen.
    unanswered,
    /// Requests that are malformed in some way.
    malformed,
    /// Connections given up because they do not speak HTTP (any longer).
    not_http,
    /// Connections in the clear that speak HTTP/2, which is not read yet.
    http2_clear,
    /// The same over TLS.
    http2_tls,
    /// TLS connections whose plaintext is seen.
    tls_seen,
    /// TLS connections that ended, or were silent for long, and of whose plaintext nothing was seen.
    tls_unseen,
    /// Requests on which at least one rule held.
    events,
    /// Blocks made by the agent on its own.
    blocks,
    /// Loss: a connection was forgotten because the table was full.
    evicted_table_full,
    /// Loss: a connection was forgotten because connections held too many bytes.
    evicted_memory_full,
    /// Connections forgotten because nothing was heard of them.
    expired_idle,
    /// Loss: payload whose connection never came to be known, or came too late.
    pending_dropped,
    /// Loss: ring entries that are no records of this version.
    bad_records,
    /// The tap did not take advice about a connection.
    advice_failed,
    /// Loss: events, and with `--all` transactions, that could not be taken or printed fast enough.
    output_dropped,
    /// Transactions that are no event, of which detection rules were not told: too much was going on.
    plain_skipped,
}

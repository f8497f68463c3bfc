//! What happened to the segments of a worker's connections.

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters of the stream stage; one set per worker, shared by all its connections.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct StreamStats { $($(#[$doc])* pub $name: u64,)* }

        impl StreamStats {
            /// Every counter with the name users read.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Adds another worker's counts.
            pub fn merge(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

stats! {
    /// Segments that came in.
    segments,
    /// Bytes handed on, each once.
    bytes,
    /// Bytes that came although they had been delivered, or stood in the queue, already.
    retransmitted,
    /// Segments that were partly new and partly old.
    overlaps,
    /// Segments that came before their turn and were held.
    out_of_order,
    /// Holes the tap left on purpose.
    gaps_skipped,
    /// Holes where bytes are missing that Picket should have seen.
    gaps_lost,
    /// Holes given up because they stood open for too long (also counted as `gaps_lost`).
    hole_timeouts,
    /// Holes given up because too much was held behind them (also counted as `gaps_lost`).
    over_cap,
    /// Segments dropped because their sequence number is far from what the direction is at.
    implausible,
    /// Times a direction followed such a jump, because what came next continued there.
    resynchronised,
}

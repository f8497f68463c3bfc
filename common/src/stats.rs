//! Counters of the kernel side, one set per CPU.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident = $index:literal, $key:literal;)*) => {
        /// What is counted, and its place in the per-CPU array.
        #[repr(u32)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter { $($(#[$doc])* $name = $index,)* }

        impl Counter {
            /// Every counter, in the order of the array.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name users read, `snake_case`.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

counters! {
    /// Packets with TCP payload seen by the tap.
    Packets = 0, "packets";
    /// Records written.
    Records = 1, "records";
    /// Payload bytes written.
    Bytes = 2, "bytes";
    /// Payload bytes of HTTP connections not sent because the message is over its budget. Not a loss.
    SkippedBytes = 3, "skipped_bytes";
    /// Connections given up: not HTTP.
    Ignored = 4, "connections_ignored";
    /// Loss: a record did not fit into its ring buffer.
    RingFull = 5, "ring_full";
    /// Loss: a packet longer than the records one packet may become.
    TooLong = 6, "too_long";
    /// Loss: no memory for the state of a connection.
    TableFull = 7, "table_full";
    /// Loss: a packet's bytes could not be read.
    Unreadable = 8, "unreadable";
    /// Connections opened to services.
    Opened = 9, "connections_opened";
    /// Connections of services closed, of those that were captured.
    Closed = 10, "connections_closed";
    /// Packets dropped by the denylist.
    Denied = 11, "denied";
    /// Packets of denylisted addresses let through because the passlist holds them.
    Passed = 12, "passlisted";
    /// Segments towards a service that its TCP will not take: all of it old, or far out of the window.
    OutOfWindow = 13, "out_of_window";
    /// TLS handshakes with services.
    TlsHellos = 14, "tls_handshakes";
    /// Objects of TLS libraries tied to a connection of a service whose handshake was seen.
    TlsTied = 15, "tls_tied";
    /// The same of connections older than the agent: by a record's ciphertext.
    TlsTiedByRecord = 16, "tls_tied_by_record";
    /// Calls into TLS libraries with data of objects tied to no service's connection: clients, above all.
    TlsForeign = 17, "tls_foreign_calls";
    /// Searches for the place of the random in a library's objects.
    TlsSearches = 18, "tls_searches";
    /// Loss: reads that were under way in a TLS library when its probes were attached: where they put what they read is not
    /// known.
    TlsUnderWay = 19, "tls_reads_under_way";
}

impl Counter {
    /// Whether each count is something Picket should have seen and did not.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(
            self,
            Self::RingFull | Self::TooLong | Self::TableFull | Self::Unreadable | Self::TlsUnderWay
        )
    }
}

/// Length of the per-CPU array.
pub const COUNTERS: usize = Counter::ALL.len();

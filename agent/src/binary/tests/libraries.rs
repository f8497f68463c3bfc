//! Debian's libraries and programs.

use super::*;

/// Symbol, costs of its enter and of its leave points, as `e`mulated, `s`tepped, `r`eturn probe; `*` is any number of any.
type Expected = &'static [(&'static str, &'static str, &'static str)];

const SSL: Expected = &[
    // What nginx, HAProxy and Node call costs one trap each way.
    ("SSL_read", "e", "e"),
    ("SSL_write", "e", "e"),
    ("SSL_read_ex", "e", "s"),
    ("SSL_write_ex", "e", "s"),
    ("SSL_read_early_data", "e", "*"),
    ("SSL_write_early_data", "e", "*"),
    ("SSL_sendfile", "e", "*"),
    ("SSL_free", "e", ""),
];

const GNUTLS: Expected = &[
    ("gnutls_record_recv", "e", "*"),
    ("gnutls_record_recv_early_data", "e", "*"),
    ("gnutls_record_send2", "e", "*"),
    ("gnutls_record_send_range", "e", "*"),
    ("gnutls_record_send_early_data", "e", "*"),
    ("gnutls_deinit", "e", ""),
];

#[cfg(target_arch = "x86_64")]
fn expect(file: &[u8], runtime: Runtime, expected: Expected) {
    let inspection = inspect(file).unwrap();
    let points = points(&inspection, runtime);
    check(file, points);
    for (symbol, enter, leave) in expected {
        for (place, costs) in [(Place::Enter, enter), (Place::Leave, leave)] {
            let found = points.iter().filter(|point| *point.symbol == **symbol && point.place == place);
            let found: String = found
                .map(|point| match point.cost {
                    Cost::Emulated => 'e',
                    Cost::Stepped => 's',
                    Cost::Return => 'r',
                })
                .collect();
            if *costs == "*" {
                assert!(!found.is_empty() && !found.contains('r'), "{symbol} {place:?}: {found}");
            } else {
                assert_eq!(&found, costs, "{symbol} {place:?}");
            }
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn functions_of_debians_libraries_have_their_points() {
    expect(&library("libssl.so.3", "openssl"), Runtime::OpenSsl, SSL);
    expect(&library("libgnutls.so.30", "libgnutls30"), Runtime::GnuTls, GNUTLS);
    expect(&library("libcrypto.so.3", "openssl"), Runtime::LibCrypto, &[("BIO_read", "e", "e")]);
    expect(&library("libc.so.6", "libc6"), Runtime::LibC, &[("recv", "e", "*")]);
}

/// Its build has no stack protector: nothing before the return is emulated.
#[test]
#[cfg(target_arch = "x86_64")]
fn node_has_openssl_and_libcrypto_in_itself() {
    let node = read(&["/usr/bin/node", "/usr/local/bin/node"], "nodejs");
    let inspection = inspect(&node).unwrap();
    assert!(inspection.interpreter.is_some() && !inspection.static_linked);
    let runtimes: Vec<_> = inspection.runtimes.iter().map(|found| found.runtime).collect();
    if runtimes.is_empty() {
        // Debian's own node is linked to Debian's OpenSSL, another one has it inside.
        return expect(&library("libssl.so.3", "openssl"), Runtime::OpenSsl, SSL);
    }
    assert_eq!(runtimes, [Runtime::OpenSsl, Runtime::LibCrypto]);
    expect(
        &node,
        Runtime::OpenSsl,
        &[("SSL_read", "e", "r"), ("SSL_write", "e", "r"), ("SSL_free", "e", "")],
    );
    assert!(inspection.runtimes[0].version.as_deref().is_some_and(|version| version.starts_with("3.")));
}

#[test]
fn versions_are_told() {
    let version = |name, package, runtime| {
        let inspection = inspect(&library(name, package)).unwrap();
        let found = inspection.runtimes.into_iter().find(|found| found.runtime == runtime);
        found.and_then(|found| found.version).unwrap_or_default()
    };
    // libssl has but its soname; the others say it.
    assert_eq!(&*version("libssl.so.3", "openssl", Runtime::OpenSsl), "3");
    let crypto = version("libcrypto.so.3", "openssl", Runtime::LibCrypto);
    assert!(crypto.starts_with("3.") && crypto.split('.').count() == 3, "{crypto}");
    let gnutls = version("libgnutls.so.30", "libgnutls30", Runtime::GnuTls);
    assert!(gnutls.starts_with("3.") && gnutls.split('.').count() == 3, "{gnutls}");
}

#[test]
fn a_jump_to_a_function_with_points_has_none() {
    let inspection = inspect(&library("libgnutls.so.30", "libgnutls30")).unwrap();
    let points = points(&inspection, Runtime::GnuTls);
    assert!(points.iter().all(|point| &*point.symbol != "gnutls_record_send"), "{points:?}");
    assert!(points.iter().any(|point| point.program == "picket_gnutls_send"));
}

#[test]
fn ordinary_programs_have_nothing() {
    for program in ["/bin/ls", "/bin/sh", "/usr/bin/curl"] {
        let inspection = inspect(&read(&[program], "curl")).unwrap();
        assert_eq!(inspection.runtimes, [], "{program}");
        assert!(inspection.build_id.is_some_and(|id| id.len() == 20), "{program}");
        assert!(inspection.interpreter.is_some_and(|path| path.contains("ld-linux")), "{program}");
    }
}

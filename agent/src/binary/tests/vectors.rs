//! Functions of a few instructions.

use super::{
    made::{CODE, elf},
    *,
};

use Cost::{Emulated, Return, Stepped};

struct Vector {
    what: &'static str,
    code: &'static [u8],
    enter: (u64, Cost),
    leaves: &'static [(u64, Cost)],
}

const VECTORS: &[Vector] = &[
    Vector {
        what: "push %rbp; pop %rbp; ret",
        code: &[0x55, 0x5d, 0xc3],
        enter: (0, Emulated),
        leaves: &[(2, Stepped)],
    },
    Vector {
        what: "test %edx,%edx; js 5; ret; 5: ret",
        code: &[0x85, 0xd2, 0x78, 0x01, 0xc3, 0xc3],
        enter: (2, Emulated),
        leaves: &[(4, Stepped), (5, Stepped)],
    },
    Vector {
        what: "stack protector: mov %rsi,%rax; sub %fs:0x28,%r11; jne 15; add $8,%rsp; ret; 15: call 1a",
        code: &[
            0x48, 0x89, 0xf0, 0x64, 0x4c, 0x2b, 0x1c, 0x25, 0x28, 0, 0, 0, 0x75, 0x05, 0x48, 0x83, 0xc4,
            0x08, 0xc3, 0xe8, 0, 0, 0, 0,
        ],
        enter: (12, Emulated),
        leaves: &[(12, Emulated)],
    },
    Vector {
        what: "stack protector, result after it: sub %fs:0x28,%r11; jne 10; xor %eax,%eax; ret; 10: ud2",
        code: &[0x64, 0x4c, 0x2b, 0x1c, 0x25, 0x28, 0, 0, 0, 0x75, 0x03, 0x31, 0xc0, 0xc3, 0x0f, 0x0b],
        enter: (9, Emulated),
        leaves: &[(13, Stepped)],
    },
    Vector {
        what: "a branch that is no stack protector's: test %eax,%eax; jne 5; ret; 5: ret",
        code: &[0x85, 0xc0, 0x75, 0x01, 0xc3, 0xc3],
        enter: (2, Emulated),
        leaves: &[(4, Stepped), (5, Stepped)],
    },
    Vector {
        what: "an argument is lost: xor %edi,%edi; push %rdi; pop %rdi; ret",
        code: &[0x31, 0xff, 0x57, 0x5f, 0xc3],
        enter: (0, Stepped),
        leaves: &[(4, Stepped)],
    },
    Vector {
        what: "a loop: xor %eax,%eax; 2: push %rax; jne 2; pop %rax; ret",
        code: &[0x31, 0xc0, 0x50, 0x75, 0xfd, 0x58, 0xc3],
        enter: (0, Stepped),
        leaves: &[(6, Stepped)],
    },
    Vector {
        what: "a one-byte nop: mov %esi,%eax; nop; ret",
        code: &[0x89, 0xf0, 0x90, 0xc3],
        enter: (2, Emulated),
        leaves: &[(2, Emulated)],
    },
    Vector {
        what: "a jump over it: push %rax; pop %rax; jne 5; nop; 5: ret",
        code: &[0x50, 0x58, 0x75, 0x01, 0x90, 0xc3],
        enter: (0, Emulated),
        leaves: &[(5, Stepped)],
    },
    Vector {
        what: "a table may jump over it: push %rbp; jmp *(%r11,%rax,8); nop; ret",
        code: &[0x55, 0x41, 0xff, 0x24, 0xc3, 0x90, 0xc3],
        enter: (0, Emulated),
        leaves: &[(6, Stepped)],
    },
    Vector { what: "jmp *%rax", code: &[0xff, 0xe0], enter: (0, Stepped), leaves: &[(0, Return)] },
    Vector {
        what: "a jump to who knows where: push %rbp; pop %rbp; jmp +0x1000",
        code: &[0x55, 0x5d, 0xe9, 0, 0x10, 0, 0],
        enter: (0, Emulated),
        leaves: &[(0, Return)],
    },
    Vector {
        what: "no instruction",
        code: &[0x55, 0x06, 0xc3],
        enter: (0, Emulated),
        leaves: &[(0, Return)],
    },
];

#[test]
fn points_of_small_functions() {
    let mut run = 0;
    for Vector { what, code, enter, leaves } in VECTORS {
        let inspection = inspect(&elf(&[("SSL_read", code)], &[])).unwrap();
        let points = points(&inspection, Runtime::OpenSsl);
        let at = |place| {
            let points = points.iter().filter(move |point| point.place == place);
            points.map(|point| (point.offset - CODE as u64, point.cost)).collect::<Vec<_>>()
        };
        assert_eq!(at(Place::Enter), [*enter], "{what}");
        assert_eq!(at(Place::Leave), *leaves, "{what}");
        run += 1;
    }
    assert_eq!(run, 13);
}

/// `SSL_write_ex` of OpenSSL 3.5 is `mov %rcx,%r8; xor %ecx,%ecx; jmp SSL_write_ex2`.
#[test]
fn a_shell_is_passed_by() {
    let shell = [0x49, 0x89, 0xc8, 0x31, 0xc9, 0xe9, 0, 0, 0, 0];
    let file = elf(&[("SSL_write_ex", &shell), ("SSL_write_ex2", &[0x55, 0x5d, 0xc3])], &[]);
    let inspection = inspect(&file).unwrap();
    let points = points(&inspection, Runtime::OpenSsl);
    let mut programs: Vec<_> = points.iter().map(|point| (point.program, &*point.symbol)).collect();
    programs.sort_unstable();
    // There is no unwind table in the file that says where the second one ends: its symbol does.
    assert_eq!(programs, [("picket_ssl_leave", "SSL_write_ex2"), ("picket_ssl_write_ex2", "SSL_write_ex2")]);
    assert!(inspection.static_linked);
}

/// A library of gcc's in which `SSL_read_ex` ends in a function without a name that `SSL_read` calls: its end would be taken
/// for that of `SSL_read`.
#[test]
fn a_shared_end_is_no_leave_point() {
    let file = include_bytes!("../../../../tests/corpus/binary/library");
    let inspection = inspect(file).unwrap();
    let leaves = |runtime, symbol: &str| {
        let points = points(&inspection, runtime).iter();
        let leaves = points.filter(|point| point.place == Place::Leave && &*point.symbol == symbol);
        leaves.map(|point| point.cost).collect::<Vec<_>>()
    };
    assert_eq!(leaves(Runtime::OpenSsl, "SSL_read_ex"), [Return]);
    assert_eq!(leaves(Runtime::OpenSsl, "SSL_read"), [Emulated]);
    // Through a table of jumps, a stub of another library's function at its end.
    assert_eq!(leaves(Runtime::LibCrypto, "BIO_read"), [Return]);
    assert_eq!(leaves(Runtime::GnuTls, "gnutls_record_recv"), [Stepped]);
    check(file, points(&inspection, Runtime::OpenSsl));
}

/// mov 0x10(%rbx),%rsi; mov 0x18(%rbx),%rax; call *0x18(%rax), as rustc calls a boxed encrypter.
const SEND: &[u8] =
    &[0x53, 0x48, 0x89, 0xfb, 0x48, 0x8b, 0x73, 0x10, 0x48, 0x8b, 0x43, 0x18, 0xff, 0x50, 0x18, 0x5b, 0xc3];

#[test]
fn rustls_is_found_under_both_manglings() {
    let legacy = [
        "_ZN6rustls12common_state11CommonState20send_appdata_encrypt17h0123456789abcdefE",
        "_ZN6rustls12common_state11CommonState23take_received_plaintext17h0123456789abcdefE",
        "_ZN95_$LT$rustls..msgs..deframer..DeframerIter$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4next17h0E",
    ];
    let v0 = [
        "_RNvMNtCscwmbPMg72Ip_6rustls12common_stateNtB2_11CommonState20send_appdata_encrypt.llvm.897645155419263266",
        "_RNvMNtCscwmbPMg72Ip_6rustls12common_stateNtB2_11CommonState23take_received_plaintext",
        "_RNvXs_NtNtCscwmbPMg72Ip_6rustls4msgs8deframerNtB4_12DeframerIterNtNtNtNtCsgEmfK2I1SDS_4core4iter6traits8iterator\
         8Iterator4next",
    ];
    for [send, take, next] in [legacy, v0] {
        let push = [0x55, 0x5d, 0xc3].as_slice();
        let inspection = inspect(&elf(&[(send, SEND), (take, push), (next, push)], &[])).unwrap();
        let [found] = inspection.runtimes.as_slice() else { panic!("{:?}", inspection.runtimes) };
        assert_eq!((found.runtime, found.object, found.unseen), (Runtime::Rustls, Some(0x10), None));
        let mut programs: Vec<_> = found.points.iter().map(|point| point.program).collect();
        programs.sort_unstable();
        let expected = [
            "picket_rustls_read",
            "picket_rustls_record",
            "picket_rustls_write",
            "picket_rustls_write_leave",
        ];
        assert_eq!(programs, expected);
        // Where that is inlined, records pass the ciphers.
        let ciphers = [
            "_ZN111_$LT$rustls..crypto..ring..tls13..Tls13MessageDecrypter$u20$as$u20$rustls..crypto..cipher..\
             MessageDecrypter$GT$7decrypt17h0042f55a1afa8055E",
            "_RNvXNtNtNtCs1PVfNTLNy3A_6rustls6crypto4ring5tls12NtB2_19GcmMessageDecrypterNtNtNtB8_6crypto6cipher\
             16MessageDecrypter7decrypt",
        ];
        let file = elf(&[(send, SEND), (take, push), (ciphers[0], push), (ciphers[1], push)], &[]);
        let inspection = inspect(&file).unwrap();
        let points = points(&inspection, Runtime::Rustls);
        assert_eq!(points.iter().filter(|point| point.program == "picket_rustls_decrypt").count(), 2);
        // Without the place where a record passes, nothing could be tied.
        let inspection = inspect(&elf(&[(send, SEND), (take, push)], &[])).unwrap();
        assert!(inspection.runtimes[0].points.is_empty() && inspection.runtimes[0].unseen.is_some());
    }
}

/// Early data and new keys are seen where the functions for them are, and nothing else is missed where they are not.
#[test]
fn of_rustls_early_data_and_new_keys_are_seen_where_they_can_be() {
    let [send, take, next] = [
        "_ZN6rustls12common_state11CommonState20send_appdata_encrypt17h0123456789abcdefE",
        "_ZN6rustls12common_state11CommonState23take_received_plaintext17h0123456789abcdefE",
        "_ZN95_$LT$rustls..msgs..deframer..DeframerIter$u20$as$u20$core..iter..traits..iterator..Iterator$GT$4next17h0E",
    ];
    // Both manglings, and methods of the same types that are none of these.
    let handles = [
        "_ZN143_$LT$rustls..server..tls13..ExpectEarlyData$u20$as$u20$rustls..common_state..State$LT$rustls..server..\
         server_conn..ServerConnectionData$GT$$GT$6handle17h988abbc429c82569E",
        "_RNvXNtNtCs1PVfNTLNy3A_6rustls6server5tls13NtB2_15ExpectEarlyDataINtNtB6_12common_state5StateNtNtB4_11server_conn\
         20ServerConnectionDataE6handle",
    ];
    let early = [
        "_ZN6rustls6server11server_conn14EarlyDataState23take_received_plaintext17haa6960ef7939eda5E",
        "_RNvMNtNtCs1PVfNTLNy3A_6rustls6server11server_connNtB2_14EarlyDataState23take_received_plaintext",
    ];
    let update = [
        "_ZN6rustls5tls1312key_schedule18KeyScheduleTraffic27update_encrypter_and_notify17h0E",
        "_RNvMNtNtCs1PVfNTLNy3A_6rustls5tls1312key_scheduleNtB2_18KeyScheduleTraffic27update_encrypter_and_notify",
    ];
    let others = [
        "_ZN143_$LT$rustls..server..tls13..ExpectEarlyData$u20$as$u20$rustls..common_state..State$LT$rustls..server..\
         server_conn..ServerConnectionData$GT$$GT$10into_owned17hd9b3d4c216686265E",
        "_ZN6rustls6server11server_conn14EarlyDataState6accept17h1d1a1f35a246f216E",
        "_ZN6rustls6server5tls1330ExpectAndSkipRejectedEarlyData6handle17h0E",
    ];
    let always = ["read", "record", "write", "write_leave"];
    let mut run = 0;
    for (functions, more) in [
        (vec![handles[0], early[0], update[0]], &["early", "early_read", "update", "update_leave"][..]),
        (vec![handles[1], early[1], update[1]], &["early", "early_read", "update", "update_leave"]),
        (others.to_vec(), &[]),
        // One of the two says nothing.
        (vec![handles[0]], &[]),
        (vec![early[0], update[0]], &["update", "update_leave"]),
    ] {
        let push = [0x55, 0x5d, 0xc3].as_slice();
        let mut code = vec![(send, SEND), (take, push), (next, push)];
        code.extend(functions.iter().map(|name| (*name, push)));
        let inspection = inspect(&elf(&code, &[])).unwrap();
        let [found] = inspection.runtimes.as_slice() else { panic!("{:?}", inspection.runtimes) };
        assert_eq!(found.unseen, None);
        let mut programs: Vec<_> = found.points.iter().map(|point| point.program).collect();
        programs.sort_unstable();
        let mut expected: Vec<_> =
            always.iter().chain(more).map(|program| format!("picket_rustls_{program}")).collect();
        expected.sort_unstable();
        assert_eq!(programs, expected, "{functions:?}");
        run += 1;
    }
    assert_eq!(run, 5);
}

/// Unseen code is told by its symbols; removed symbols by what constants say.
#[test]
fn what_cannot_be_seen_is_named() {
    let cases = [
        ("JNI_CreateJavaVM", Runtime::Java),
        ("erts_alc_export", Runtime::Erlang),
        ("SSL_ImportFD", Runtime::Nss),
        ("mbedtls_ssl_read", Runtime::MbedTls),
        ("wolfSSL_read", Runtime::WolfSsl),
        ("s2n_recv", Runtime::S2n),
    ];
    for (symbol, runtime) in cases {
        let inspection = inspect(&elf(&[(symbol, &[0xc3])], &[])).unwrap();
        let [found] = inspection.runtimes.as_slice() else { panic!("{symbol}: {:?}", inspection.runtimes) };
        assert_eq!(found.runtime, runtime);
        assert!(found.points.is_empty() && found.unseen.is_some_and(|unseen| !unseen.partly));
    }
    let code = vec![0xcc; 64 * 1024];
    let texts: [(&[u8], Runtime, Option<&str>); 3] = [
        (b"/registry/src/index.crates.io-1/rustls-0.23.46/src/conn.rs\0", Runtime::Rustls, Some("0.23.46")),
        (b"../ssl/ssl_lib.c\0OpenSSL 1.1.1w  11 Sep 2023\0", Runtime::OpenSsl, Some("1.1.1w")),
        (b"third_party/ssl/ssl_lib.cc\0BoringSSL\0", Runtime::BoringSsl, None),
    ];
    for (text, runtime, version) in texts {
        let mut file = elf(&[("main", text), ("rest", &code)], &[]);
        let inspection = inspect(&file).unwrap();
        let [found] = inspection.runtimes.as_slice() else { panic!("{runtime}: {:?}", inspection.runtimes) };
        assert_eq!((found.runtime, found.version.as_deref()), (runtime, version));
        assert!(found.points.is_empty() && found.unseen.is_some_and(|unseen| !unseen.partly));
        // With local symbols, of which TLS code would have its own, a text is but a text.
        let locals = file.len() - 3 * 64 + 44;
        file[locals..locals + 4].copy_from_slice(&300_u32.to_le_bytes());
        assert_eq!(inspect(&file).unwrap().runtimes, [], "{runtime}");
        // Nor has a file TLS code that has hardly any code.
        assert_eq!(inspect(&elf(&[("main", text)], &[])).unwrap().runtimes, [], "{runtime}");
    }
    // A program that is only compiled with OpenSSL says so too.
    assert_eq!(
        inspect(&elf(&[("main", b"built with OpenSSL 3.0.22 25 Aug 2026\0"), ("rest", &code)], &[]))
            .unwrap()
            .runtimes,
        []
    );
}

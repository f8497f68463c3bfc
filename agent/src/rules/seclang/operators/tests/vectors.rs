//! What each operator holds on.

use super::*;

/// Argument, text, whether it holds.
type Vector = (&'static str, &'static [u8], bool);

/// Every text that matches must have what the operator needs.
fn run(name: &str, vectors: &[Vector]) -> usize {
    for &(argument, text, expected) in vectors {
        let operator = operator(name, argument);
        let mut cache = None;
        let found = operator.find(text, b"", &mut cache);
        assert_eq!(found.is_some(), expected, "@{name} {argument} on {}", text.escape_ascii());
        assert_eq!(operator.find(text, b"", &mut cache), found, "a second time");
        if let Some(found) = found {
            assert!(found.start <= found.end && found.end <= text.len());
            assert!(operator.need().is_met_by(text), "@{name} {argument} on {}", text.escape_ascii());
        }
    }
    vectors.len()
}

#[test]
fn patterns() {
    let vectors: &[Vector] = &[
        ("^GET$", b"GET", true),
        ("^GET$", b"get", false),
        ("(?i)union.*select", b"UNION\nSELECT", true),
        ("", b"", true),
        (r"[\n\r]", b"a\rb", true),
        (r"<\?(?!xml)", b"<?php", true),
        (r"<\?(?!xml)", b"<?xml", false),
    ];
    assert_eq!(run("rx", vectors) + run("rxGlobal", vectors), 14);
    let found = operator("rx", "b+").find(b"abbc", b"", &mut None);
    assert_eq!(found, Some(Found { start: 1, end: 3 }));
}

#[test]
fn phrases() {
    let vectors: &[Vector] = &[
        ("sqlmap nikto", b"x NIKTO/2", true),
        ("sqlmap nikto", b"sqlma", false),
        ("  a   b  ", b"b", true),
        ("A|42|C|44|F", b"abcdf", true),
        ("A|42|C|44|F", b"A|42|C", false),
        ("|3a 2f| x", b"a:/b", true),
        ("|3a 2f| x", b"2f", false),
        ("|3a2F|", b":/", true),
        ("a|zz|b", b"a|zz|b", true),
        ("a||b", b"a||b", true),
        ("a|b", b"a|b", true),
        ("|4 c d|", b"|4", false),
        ("|41", b"|41", true),
        ("|4 1 d", b"|4", true),
        ("\u{e9}", "\u{e9}".as_bytes(), true),
        ("abc b", b"xbx", true),
    ];
    // `|4 c d|`: an odd number of digits, so all of it is the phrase.
    assert_eq!(run("pm", vectors), 16);
    assert_eq!(operator("pm", "bc").find(b"ABCD", b"", &mut None), Some(Found { start: 1, end: 3 }));
}

#[test]
fn texts() {
    let begins: &[Vector] = &[
        ("/admin", b"/admin/x", true),
        ("/admin", b"/Admin", false),
        ("/admin", b"x/admin", false),
        ("/admin", b"/ad", false),
        ("", b"x", true),
    ];
    let ends: &[Vector] = &[
        (".php", b"/x.php", true),
        (".php", b"/x.PHP", false),
        (".php", b".php/", false),
        (".php", b"hp", false),
        ("", b"", true),
    ];
    let contains: &[Vector] = &[
        ("/etc/", b"../etc/passwd", true),
        ("/etc/", b"/ETC/", false),
        ("", b"x", true),
        ("a b", b"xa b", true),
        ("abc", b"ab", false),
    ];
    let words: &[Vector] = &[
        ("or", b"x or y", true),
        ("or", b"for", false),
        ("or", b"for or", true),
        ("or", b"or1", false),
        ("or", b"or_", false),
        ("or", b"OR", false),
        ("or", b"-or-", true),
        ("or", b"\xffor", true),
        ("--", b"a--b", false),
        ("--", b" -- ", true),
        ("", b"", true),
        ("", b"ab", true),
    ];
    let equal: &[Vector] = &[
        ("POST", b"POST", true),
        ("POST", b"post", false),
        ("POST", b"POST ", false),
        ("", b"", true),
        ("", b"x", false),
    ];
    let within: &[Vector] = &[
        ("GET HEAD POST", b"HEAD", true),
        ("GET HEAD POST", b"HEA", true),
        ("GET HEAD POST", b"T H", true),
        ("GET HEAD POST", b"PUT", false),
        ("GET HEAD POST", b"get", false),
        ("GET", b"GETX", false),
        ("GET", b"", true),
    ];
    let ran = [
        run("beginsWith", begins),
        run("endsWith", ends),
        run("contains", contains),
        run("strmatch", contains),
        run("containsWord", words),
        run("streq", equal),
        run("within", within),
    ];
    assert_eq!(ran.iter().sum::<usize>(), 44);
    let found = |name: &str, argument: &str| operator(name, argument).find(b"for or", b"", &mut None);
    assert_eq!(found("containsWord", "or"), Some(Found { start: 4, end: 6 }));
    assert_eq!(found("contains", "or"), Some(Found { start: 1, end: 3 }));
    assert_eq!(found("endsWith", "or"), Some(Found { start: 4, end: 6 }));
    assert_eq!(found("beginsWith", "for"), Some(Found { start: 0, end: 3 }));
}

#[test]
fn numbers() {
    // Text and argument; then eq, ge, gt, le, lt.
    let vectors: [(&str, &str, [bool; 5]); 12] = [
        ("1", "1", [true, true, false, true, false]),
        ("2", "1", [false, true, true, false, false]),
        ("0", "1", [false, false, false, true, true]),
        ("10", "9", [false, true, true, false, false]),
        ("-1", "0", [false, false, false, true, true]),
        (" 5x", "5", [true, true, false, true, false]),
        ("", "0", [true, true, false, true, false]),
        ("abc", "0", [true, true, false, true, false]),
        ("abc", "1", [false, false, false, true, true]),
        ("5", "", [false, true, true, false, false]),
        ("-5", "-4", [false, false, false, true, true]),
        ("99999999999999999999", "100", [false, true, true, false, false]),
    ];
    let mut ran = 0;
    for (text, argument, expected) in vectors {
        for (name, expected) in ["eq", "ge", "gt", "le", "lt"].into_iter().zip(expected) {
            let operator = operator(name, argument);
            let holds = operator.find(text.as_bytes(), b"", &mut None).is_some();
            assert_eq!(holds, expected, "{text:?} @{name} {argument}");
            assert!(!holds || operator.need().is_met_by(text.as_bytes()), "{text:?} @{name} {argument}");
            ran += 1;
        }
    }
    assert_eq!(ran, 60);
    assert_eq!(operator("gt", "0").need().bytes, [ByteSet::of_bytes(b'1'..=b'9')]);
    assert_eq!(operator("lt", "1").need(), Need::NOTHING);
}

#[test]
fn addresses() {
    let list = "127.0.0.1, 10.0.0.0/8,2001:db8::/32,172.16.0.0/255.240.0.0,192.168.1.7/24";
    let vectors: Vec<Vector> = vec![
        (list, b"127.0.0.1", true),
        (list, b"127.0.0.2", false),
        (list, b"10.255.0.1", true),
        (list, b"172.31.0.1", true),
        (list, b"172.32.0.1", false),
        (list, b"192.168.1.200", true),
        (list, b"2001:db8::7", true),
        (list, b"2001:DB8::7", true),
        (list, b"::ffff:10.0.0.1", true),
        (list, b"10.0.0.1:80", false),
        (list, b" 10.0.0.1", false),
        (list, b"", false),
        (list, b"\xff", false),
        ("::", b"::", true),
    ];
    assert_eq!(run("ipMatch", &vectors), 14);
}

#[test]
fn encodings() {
    let ranges: &[Vector] = &[
        ("1-255", b"a\0b", true),
        ("1-255", b"a\xffb", false),
        ("32-36,38-126", b"a%b", true),
        ("32-36, 38 - 126", b"a b", false),
        ("38,44-46,48-58,61,65-90,95,97-122", b"a=1&b=2", false),
        ("38,44-46,48-58,61,65-90,95,97-122", b"a=1;b", true),
        ("0-255", b"\0\xff", false),
        ("65", b"B", true),
        ("65", b"", false),
        ("97-122", b"A", true),
    ];
    let url: &[Vector] = &[
        ("", b"a%20b", false),
        ("", b"a%2", true),
        ("", b"a%", true),
        ("", b"%zz", true),
        ("", b"%2x", true),
        ("", b"%%20", true),
        ("", b"%41%", true),
        ("", b"", false),
        ("", b"100", false),
        ("", b"%u0041", true),
    ];
    let utf8: &[Vector] = &[
        ("", "\u{e9}\u{20ac}\u{1f600}".as_bytes(), false),
        ("", b"abc", false),
        ("", b"\xe9", true),
        ("", b"\xc0\xaf", true),
        ("", b"\xe0\x80\xaf", true),
        ("", b"\xed\xa0\x80", true),
        ("", b"\xf4\x90\x80\x80", true),
        ("", b"\xf8\x88\x80\x80\x80", true),
        ("", b"\x80", true),
        ("", b"\xe2\x82", true),
        ("", b"", false),
    ];
    let ran = run("validateByteRange", ranges)
        + run("validateUrlEncoding", url)
        + run("validateUtf8Encoding", utf8);
    assert_eq!(ran, 31);
    let at = |name: &str, argument: &str, text: &[u8]| operator(name, argument).find(text, b"", &mut None);
    assert_eq!(at("validateByteRange", "65", b"AAB"), Some(Found { start: 2, end: 3 }));
    assert_eq!(at("validateUrlEncoding", "", b"a%20%x"), Some(Found { start: 4, end: 6 }));
    assert_eq!(at("validateUtf8Encoding", "", b"a\xff"), Some(Found { start: 1, end: 2 }));
    let allowed = operator("validateByteRange", "1-255").need();
    assert_eq!(allowed.bytes, [ByteSet::of_bytes([0])]);
}

#[test]
fn numbers_of_cards_and_persons() {
    let card = r"\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,4}";
    let cards: &[Vector] = &[
        (card, b"4111111111111111", true),
        (card, b"pay 5500-0000-0000-0004 now", true),
        (r"\b\d{16}\b", b"4111111111111112", false),
        // The first candidate is none, one that begins inside it is.
        (r"\d{16}", b"94111111111111111", true),
        (card, b"1234", false),
        (r"\D+", b"abc", false),
        (r"\d+", b"00000000000000000000000000000000000000000", true),
    ];
    let cpf = r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}";
    let cpfs: &[Vector] = &[
        (cpf, b"529.982.247-25", true),
        (cpf, b"11144477735", true),
        (cpf, b"529.982.247-26", false),
        (cpf, b"529.982.247-35", false),
        (cpf, b"111.111.111-11", false),
        (cpf, b"012.345.678-90", false),
        (r"\d+", b"5299822472", false),
    ];
    let ssn = r"\d{3}-?\d{2}-?\d{4}";
    let ssns: &[Vector] = &[
        (ssn, b"078-05-1120", true),
        (ssn, b"219099999", true),
        (ssn, b"000-12-3456", false),
        (ssn, b"666-12-3456", false),
        (ssn, b"740-12-3456", false),
        (ssn, b"123-00-3456", false),
        (ssn, b"123-45-0000", false),
        (ssn, b"123-45-6789", false),
        (ssn, b"111-11-1111", false),
        (r"\d+", b"12345", false),
    ];
    let svnr = r"\d{4} ?\d{6}";
    let svnrs: &[Vector] = &[
        (svnr, b"1237 010180", true),
        (svnr, b"1238 010180", false),
        (svnr, b"0000000000", false),
        (svnr, b"1234567890", false),
        (r"\d+", b"123701018", false),
    ];
    let ran =
        [run("verifyCC", cards), run("verifyCPF", cpfs), run("verifySSN", ssns), run("verifySVNR", svnrs)];
    assert_eq!(ran, [7, 7, 10, 5]);
    let many = b"1".repeat(64 * 1024);
    assert!(operator("verifyCC", r"\d{13}").find(&many, b"", &mut None).is_none());
}

#[test]
fn injections_and_constants() {
    let sqli: &[Vector] = &[
        ("", b"1' OR '1'='1", true),
        ("", b"1 UNION ALL SELECT password FROM users", true),
        ("", b"O'Brien", false),
        ("", b"", false),
    ];
    let xss: &[Vector] = &[
        ("", b"<script>alert(1)</script>", true),
        ("", b"x' onmouseover='alert(1)", true),
        ("", b"a < b", false),
        ("", b"", false),
    ];
    let always: &[Vector] = &[("", b"", true), ("x", b"y", true)];
    let never: &[Vector] = &[("", b"", false), ("x", b"x", false)];
    let ran = [
        run("detectSQLi", sqli),
        run("detectXSS", xss),
        run("unconditionalMatch", always),
        run("noMatch", never),
    ];
    assert_eq!(ran, [4, 4, 2, 2]);
    for name in ["detectSQLi", "detectxss"] {
        assert!(operator(name, "").is_injection());
    }
    assert!(!operator("rx", "a").is_injection());
    let long = [&b"x ".repeat(4096)[..], b"1' OR '1'='1"].concat();
    assert!(operator("detectSQLi", "").find(&long, b"", &mut None).is_none(), "judged to its limit only");
}

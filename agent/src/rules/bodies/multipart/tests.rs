use proptest::prelude::*;

use super::super::seen::Seen;
use super::super::{Buffers, Over};
use super::{Multipart, Settings, Unmatched, read};
use crate::limits;

const TYPE: &[u8] = b"multipart/form-data; boundary=B";

fn seen(body: &[u8], settings: Settings) -> (Vec<String>, Multipart) {
    let mut seen = Seen::default();
    let mut buffers = Buffers::default();
    // Nothing of another body stays.
    read(
        TYPE,
        b"--B\r\nContent-Disposition: form-data; name=a; filename=b\r\n",
        settings,
        &mut buffers,
        &mut Seen::default(),
    );
    let read = read(TYPE, body, settings, &mut buffers, &mut seen);
    (seen.lines, read)
}

/// The flags by the letters of rule 200003, and `CL` for CRLF lines with LF lines, `U1`, `U2`.
fn flags(read: &Multipart) -> String {
    let flags = &read.flags;
    let all = [
        (read.outcome.error.is_some(), "PE"),
        (flags.boundary_quoted, "BQ"),
        (flags.boundary_whitespace, "BW"),
        (flags.data_before, "DB"),
        (flags.data_after, "DA"),
        (flags.header_folding, "HF"),
        (flags.lf_line, "LF"),
        (flags.missing_semicolon, "SM"),
        (flags.invalid_quoting, "IQ"),
        (flags.invalid_part, "IP"),
        (flags.invalid_header_folding, "IH"),
        (flags.file_limit_exceeded, "FL"),
        (flags.crlf_lf_lines(), "CL"),
        (flags.unmatched_boundary == Unmatched::Alone, "U1"),
        (flags.unmatched_boundary == Unmatched::Between, "U2"),
    ];
    let set: Vec<&str> = all.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    let strict = set.iter().any(|name| !["CL", "U1", "U2"].contains(name));
    assert_eq!(read.strict_error(), strict);
    let unmatched = read.flag(crate::rules::variable::Variable::MultipartUnmatchedBoundary);
    assert_eq!(
        unmatched,
        Some(if set.contains(&"U1") {
            1
        } else if set.contains(&"U2") {
            2
        } else {
            0
        })
    );
    set.join(" ")
}

/// Header lines out of the way.
fn short(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.starts_with("header ")).collect()
}

/// One part each, by the value of `Content-Disposition`; flags and values of libmodsecurity 3.0.9, and
/// the values that it does not read any more.
#[test]
fn dispositions() {
    let cases: [(&str, &str, &[&str]); 41] = [
        (r#"form-data; name="a""#, "", &["name a", "a=x"]),
        (r#"form-data; name=a"#, "", &["name a", "a=x"]),
        (r#"form-data; name = "a""#, "", &["name a", "a=x"]),
        (r#"form-data;name=a;"#, "", &["name a", "a=x"]),
        ("\t form-data \t; \t name=a", "", &["name a", "a=x"]),
        (r#"form-data; name="f"; filename="x.txt""#, "", &["name f", "filename x.txt", "file f=x.txt: x"]),
        (r#"form-data; filename="x"; name="a""#, "", &["filename x", "name a", "file a=x: x"]),
        (r#"form-data;name=a;filename=b"#, "", &["name a", "filename b", "file a=b: x"]),
        (r#"form-data; name="f"; filename="""#, "", &["name f", "filename ", "f=x"]),
        (r#"form-data; name="a\"b""#, "", &[r#"name a\"b"#, r#"a\"b=x"#]),
        (r#"form-data; name="a\\b""#, "", &[r"name a\\b", r"a\\b=x"]),
        (
            r#"form-data; name=f; filename="C:\dir\b.txt""#,
            "",
            &["name f", r"filename C:\\dir\\b.txt", r"file f=C:\\dir\\b.txt: x"],
        ),
        (r#"form-data; name="a;b=c""#, "", &["name a;b=c", "a;b=c=x"]),
        (r#"form-data; name="a'b""#, "", &[r"name a\'b", r"a\'b=x"]),
        ("form-data; name=a'b", "IQ", &[r"name a\'b", r"a\'b=x"]),
        ("form-data; name='a'; filename='b'", "IQ", &["name a", "filename b", "file a=b: x"]),
        (r#"form-data; name='a"b'"#, "IQ", &[r#"name a\"b"#, r#"a\"b=x"#]),
        (r#"form-data; name=a; filename="x""y""#, "PE IQ IP", &["name a", "filename x", "file a=x: x"]),
        ("form-data; name=a; filename='x'y'", "PE IQ IP", &["name a", "filename x", "file a=x: x"]),
        (r#"form-data; name=a; filename=x"y"#, "PE IP", &["name a", "filename x", "file a=x: x"]),
        (r#"form-data; name="a" x; filename=b"#, "PE IP", &["name a", "filename b", "file a=b: x"]),
        (r#"form-data; name="a"#, "PE IP", &["name a", "a=x"]),
        ("form-data; name=a; ", "PE IP", &["name a", "a=x"]),
        ("form-data; name=a;;filename=b", "PE IP", &["name a", "filename b", "file a=b: x"]),
        ("form-data name=a", "PE IP", &["=x"]),
        ("form-data", "PE IP", &["=x"]),
        ("form-data; name", "PE IP", &["=x"]),
        ("form-data; name=", "PE IP", &["name ", "=x"]),
        (r#"form-data; name="""#, "PE IP", &["name ", "=x"]),
        (r#"form-data; NAME="a""#, "PE IP", &["=x"]),
        ("form-datax; name=a", "PE IP", &["name a", "a=x"]),
        ("FORM-DATA; name=a", "PE IP", &["name a", "a=x"]),
        ("attachment; name=a", "PE IP", &["name a", "a=x"]),
        ("form-data; name=a; size=3; filename=b", "PE IP", &["name a", "filename b", "file a=b: x"]),
        ("form-data; name=a; name=b", "PE IP", &["name a", "name b", "a=x"]),
        (
            "form-data; name=f; filename=a; filename=b",
            "PE IP",
            &["name f", "filename a", "filename b", "file f=a: x"],
        ),
        (
            "form-data; name=f; filename=a; filename*=UTF-8''b%41%2e",
            "",
            &["name f", "filename a", "filename bA.", "file f=a|bA.: x"],
        ),
        (
            "form-data; name=f; filename*=utf-8'en'b; filename=a",
            "",
            &["name f", "filename b", "filename a", "file f=a|b: x"],
        ),
        ("form-data; name=f; filename*=UTF-8''b", "PE IP", &["name f", "filename b", "file f=b: x"]),
        (
            "form-data; name=f; filename=a; filename*=b",
            "PE IP",
            &["name f", "filename a", "filename b", "file f=a|b: x"],
        ),
        (
            "form-data; name=f; filename=a; filename*=utf-8'en'b%zz",
            "PE IP",
            &["name f", "filename a", "filename b%zz", "file f=a|b%zz: x"],
        ),
    ];
    let mut ran = 0;
    for (disposition, expected_flags, expected) in cases {
        let body = format!("--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--\r\n");
        let (lines, read) = seen(body.as_bytes(), Settings::default());
        assert_eq!(short(lines), expected, "{disposition}: {:?}", read.outcome.error);
        assert_eq!(flags(&read), expected_flags, "{disposition}: {:?}", read.outcome.error);
        ran += 1;
    }
    assert_eq!(ran, 41);
}

/// `A` stands for a good header of a part with the name a, `E` for the last boundary's line.
#[test]
fn bodies() {
    let cases: [(&str, &str, &[&str]); 40] = [
        ("", "", &[]),
        ("--B\r\nAx\r\nE", "", &["name a", "a=x"]),
        ("--B\r\nAx\r\n--B--", "", &["name a", "a=x"]),
        ("--B\r\nA\r\nE", "", &["name a", "a="]),
        ("--B\r\nAx\r\n--B\r\nAy\r\nE", "", &["name a", "a=x", "name a", "a=y"]),
        ("--B\r\nAl1\r\nl2\nl3\r\n\r\nE", "", &["name a", r"a=l1\r\nl2\nl3\r\n"]),
        ("--B\r\nAx\n\r\nE", "", &["name a", r"a=x\n"]),
        ("--B--\r\n", "", &[]),
        ("--B--", "PE DB", &[]),
        ("pre\n--B\r\nAx\r\nE", "DB LF CL", &["name a", "a=x"]),
        ("pre\r\n--B--\n", "DB LF", &[]),
        ("--B\r\nContent-Disposition: form-data; name=a\r\r\n\r\nx\r\nE", "", &["name a", "a=x"]),
        ("--B\r\nAx\nE", "LF CL", &["name a", "a=x"]),
        ("--B\nAx\r\nE", "LF CL", &["name a", "a=x"]),
        ("pre\r\n--B\r\nAx\r\nE", "DB", &["name a", "a=x"]),
        ("\r\n--B\r\nAx\r\nE", "DB", &["name a", "a=x"]),
        ("--B\r\nAx\r\nE\r\n", "DA", &["name a", "a=x"]),
        ("--B\r\nAx\r\nE--B\r\nAy\r\nE", "DA", &["name a", "a=x"]),
        ("--B\r\nAx\r\n--C\r\n-- \r\n--\r\ny\r\nE", "U2", &["name a", r"a=x\r\n--C\r\n-- \r\n--\r\ny"]),
        ("--B\r\nAx\r\n--\ny\r\nE", "", &["name a", r"a=x\r\n--\ny"]),
        ("--B\r\nAx --B y\r\nE", "U2", &["name a", "a=x --B y"]),
        ("--B\r\nAx\r\n--C\r\n", "PE U1", &["name a", r"a=x\r\n--C\r\n"]),
        ("--b\r\nAx\r\n--b--", "PE DB U1", &[]),
        ("x", "PE DB", &[]),
        ("--B\r\nAx\r\n", "PE", &["name a", r"a=x\r\n"]),
        ("--B\r\nAx", "PE", &["name a", "a=x"]),
        ("--B\r\nContent-Disposition: form-data; name=a\r\n", "PE", &["name a"]),
        ("--B\r\n", "PE IP", &[]),
        ("--B", "PE DB", &[]),
        ("--B\r\nA", "PE", &["name a", "a="]),
        ("--B\r\nAE", "PE IP", &["name a", "a="]),
        ("--B\r\nContent-Disposition: form-data; name=a\r\nE", "PE IP", &["name a"]),
        ("--B\r\n\r\nx\r\nE", "PE IP", &["=x"]),
        ("--B\r\n--B\r\nAx\r\nE", "PE IP", &["name a", "a=x"]),
        ("--B \r\nAx\r\n--B-- \r\n", "PE", &["name a", "a=x"]),
        ("--B\r\nAx\r\n--B--x\r\n", "PE", &["name a", r"a=x\r\n--B--x\r\n"]),
        ("--B\r\nAx\r\n--BC\r\nE", "PE", &["name a", r"a=x\r\n--BC"]),
        ("--B\r\nAx\r\n-- B\r\nE", "PE U2", &["name a", r"a=x\r\n-- B"]),
        ("--B\r\nAx\r\n--B--B\r\nE", "PE U2", &["name a", r"a=x\r\n--B--B"]),
        ("--B\r\nAx\r\n--B--B--B\r\nE", "PE U2", &["name a", r"a=x\r\n--B--B--B"]),
    ];
    let mut ran = 0;
    for (text, expected_flags, expected) in cases {
        let body =
            text.replace('A', "Content-Disposition: form-data; name=a\r\n\r\n").replace('E', "--B--\r\n");
        let (lines, read) = seen(body.as_bytes(), Settings::default());
        assert_eq!(short(lines), expected, "{}", text.escape_debug());
        assert_eq!(flags(&read), expected_flags, "{}: {:?}", text.escape_debug(), read.outcome.error);
        ran += 1;
    }
    assert_eq!(ran, 40);
}

/// What is told of the lines of a part's header.
#[test]
fn headers() {
    const GOOD: &str = "Content-Disposition: form-data; name=a\r\n";
    const TOLD: &str = "header a: Content-Disposition: form-data; name=a";
    let cases: [(&str, &str, &[&str]); 12] = [
        (
            "content-disposition: form-data; name=a\r\n",
            "",
            &["name a", "header a: content-disposition: form-data; name=a"],
        ),
        ("AContent-Type: text/plain\r\n", "", &["name a", TOLD, "header a: Content-Type: text/plain"]),
        ("X:y\r\nA", "", &["name a", "header a: X:y", TOLD]),
        ("AX: y\r\n folded\r\n\tmore\r\n", "HF", &["name a", TOLD, "header a: X: y folded more"]),
        ("Content-Disposition: form-data;\r\n name=a\r\n", "HF", &["name a", TOLD]),
        (
            "A\x0bfolded\r\n",
            "PE HF IP IH",
            &["name a", "header a: Content-Disposition: form-data; name=a folded"],
        ),
        (" folded\r\nA", "PE HF", &["name a", TOLD]),
        ("Anocolon\r\n", "PE", &["name a", TOLD, "header a: nocolon"]),
        ("A: v\r\n", "PE", &["name a", TOLD, "header a: : v"]),
        ("AX: a\0b\r\n", "PE", &["name a", TOLD, r"header a: X: a\x00b"]),
        (
            "Acontent-disposition: form-data; name=b\r\n",
            "PE",
            &["name a", TOLD, "header a: content-disposition: form-data; name=b"],
        ),
        (
            "Content-Disposition : form-data; name=a\r\n",
            "PE IP",
            &["name a", "header a: Content-Disposition : form-data; name=a"],
        ),
    ];
    let mut ran = 0;
    for (header, expected_flags, expected) in cases {
        let body = format!("--B\r\n{}\r\nx\r\n--B--\r\n", header.replace('A', GOOD));
        let (mut lines, read) = seen(body.as_bytes(), Settings::default());
        assert_eq!(lines.pop().as_deref(), Some("a=x"), "{}", header.escape_debug());
        assert_eq!(lines, expected, "{}", header.escape_debug());
        assert_eq!(flags(&read), expected_flags, "{}: {:?}", header.escape_debug(), read.outcome.error);
        ran += 1;
    }
    assert_eq!(ran, 12);
}

#[test]
fn messages() {
    let error = |content_type: &[u8], body: &[u8]| {
        let read =
            read(content_type, body, Settings::default(), &mut Buffers::default(), &mut Seen::default());
        read.outcome.error.map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(
        error(TYPE, b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"),
        "Multipart parsing error: Multipart: Final boundary missing at byte 50"
    );
    assert_eq!(
        error(b"multipart/form-data; boundary=\"B", b"--B--"),
        "Multipart parsing error: Multipart: Invalid boundary in C-T (quote) at byte 0"
    );
    assert_eq!(
        error(b"multipart/form-data; boundary=\"B\"", b"--\"B\"\r\n--B--"),
        "Multipart parsing error: Multipart: Invalid boundary (quotes) at byte 0"
    );
}

/// The end of a body that was cut is no error, wherever it is.
#[test]
fn cut() {
    let whole = b"--B\r\nContent-Disposition: form-data; name=a\r\nX: y\r\n\r\nx\r\n--B\r\n\
        Content-Disposition: form-data; name=f; filename=g\r\n\r\nx\r\ny\r\n--B--\r\n";
    let mut errors = 0;
    for end in 0..=whole.len() {
        let (_, read) = seen(&whole[..end], Settings { cut: true, ..Settings::default() });
        // In the middle of the header the part has no name yet.
        errors += usize::from(read.outcome.error.is_some_and(|e| !e.what.contains("Content-Disposition")));
        assert!(!read.flags.crlf_lf_lines());
    }
    assert_eq!(errors, 0);
}

#[test]
fn bounds() {
    let part = "--B\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\nxy\r\n";
    let body = |parts: usize| format!("{}--B--\r\n", part.repeat(parts));
    let (_, read) = seen(body(3).as_bytes(), Settings { files: 2, cut: false });
    assert_eq!((flags(&read).as_str(), read.files, read.files_size), ("FL", 3, 6));
    let (lines, read) = seen(body(limits::BODY_PARTS).as_bytes(), Settings { files: 5000, cut: false });
    assert_eq!((flags(&read).as_str(), read.outcome.over), ("", None));
    assert_eq!(lines.len(), 4 * limits::BODY_PARTS);
    let (_, read) = seen(body(limits::BODY_PARTS + 1).as_bytes(), Settings { files: 5000, cut: false });
    assert_eq!((read.files, read.outcome.over), (limits::BODY_PARTS, Some(Over::Parts)));

    let headers: String = (0..=limits::BODY_PART_HEADERS).map(|n| format!("X{n}: y\r\n z\r\n")).collect();
    let body = format!("--B\r\nContent-Disposition: form-data; name=a\r\n{headers}\r\nx\r\n--B--\r\n");
    let (lines, read) = seen(body.as_bytes(), Settings::default());
    assert_eq!(lines.len(), limits::BODY_PART_HEADERS + 2);
    assert_eq!((flags(&read).as_str(), read.outcome.over), ("HF", Some(Over::PartHeaders)));

    for (length, good) in [(4091, true), (4092, false)] {
        let body = format!(
            "--B\r\nContent-Disposition: form-data; name=a\r\nX: {}\r\n\r\nx\r\n--B--\r\n",
            "y".repeat(length)
        );
        assert_eq!(seen(body.as_bytes(), Settings::default()).1.outcome.error.is_none(), good, "{length}");
    }
    let mut sink = Seen { room: Some(2), ..Seen::default() };
    let stopped = super::read(TYPE, body.as_bytes(), Settings::default(), &mut Buffers::default(), &mut sink);
    assert_eq!((sink.lines.len(), stopped.outcome.over), (2, Some(Over::Sink)));
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

proptest! {
    #[test]
    fn gives_back_what_was_put_in(parts in prop::collection::vec(("[ -~é]{1,12}", prop::option::of("[ -~é]{1,12}"),
        prop::collection::vec(any::<u8>(), 0..60), any::<bool>()), 0..6)) {
        let content_type = "multipart/form-data; boundary=----xY'7";
        let mut body = Vec::new();
        let mut expected = Vec::new();
        let mut size = 0;
        for (name, filename, content, typed) in &parts {
            let other = filename.as_ref().map(|f| format!("; filename=\"{}\"", quoted(f))).unwrap_or_default();
            let line = format!("Content-Disposition: form-data; name=\"{}\"{other}", quoted(name));
            let shown = name.as_bytes().escape_ascii();
            body.extend(format!("------xY'7\r\n{line}\r\n").bytes());
            expected.push(format!("name {shown}"));
            expected.extend(filename.as_ref().map(|f| format!("filename {}", f.as_bytes().escape_ascii())));
            expected.push(format!("header {shown}: {}", line.as_bytes().escape_ascii()));
            if *typed {
                body.extend(b"Content-Type: text/plain\r\n");
                expected.push(format!("header {shown}: Content-Type: text/plain"));
            }
            body.extend(b"\r\n");
            body.extend(content);
            body.extend(b"\r\n");
            let content_shown = content.escape_ascii();
            expected.push(match filename {
                Some(f) => {
                    size += content.len();
                    format!("file {shown}={}: {content_shown}", f.as_bytes().escape_ascii())
                }
                None => format!("{shown}={content_shown}"),
            });
        }
        body.extend(b"------xY'7--\r\n");
        let mut sink = Seen::default();
        let read = read(content_type.as_bytes(), &body, Settings::default(), &mut Buffers::default(), &mut sink);
        prop_assert_eq!(sink.lines, expected);
        let mut read = read;
        // Content may look like a boundary.
        read.flags.unmatched_boundary = Unmatched::None;
        prop_assert_eq!(flags(&read), "");
        prop_assert_eq!(read.files_size, size);
    }

    #[test]
    fn any_bytes(content_type in prop::collection::vec(prop_oneof![any::<u8>(),
        prop::sample::select(&b"boundary=\"; B"[..])], 0..20), body in prop::collection::vec(prop::sample::select(vec!["--B",
            "--B--", "\r\n", "\n", "Content-Disposition: form-data; name=", "filename*=u''%4", "\"", "'", ";", "\\", " ",
            "\0", ":", "x", "\r\n\r\n", "filename="]), 0..60), good in any::<bool>(), cut in any::<bool>()) {
        let body = body.concat().into_bytes();
        let content_type = [if good { TYPE } else { b"multipart/form-data; boundary=" }, &content_type[..]].concat();
        let settings = Settings { cut, ..Settings::default() };
        let mut sink = Seen::default();
        let read = read(&content_type, &body, settings, &mut Buffers::default(), &mut sink);
        prop_assert!(sink.lines.len() <= 3 * body.len());
        prop_assert!(read.outcome.error.is_none_or(|error| error.at <= body.len()));
        prop_assert!(read.files_size <= body.len());
    }
}

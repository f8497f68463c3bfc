use proptest::prelude::*;

use super::super::seen::Seen;
use super::super::{Buffers, Outcome, Over};
use super::read;
use crate::limits::{BODY_ATTRIBUTES, BODY_DEPTH};

fn seen(text: &[u8], cut: bool) -> (Vec<String>, Outcome) {
    let mut seen = Seen::default();
    let mut buffers = Buffers::default();
    // Nothing of another body stays.
    read(b"<a b='c'>text<d>", BODY_DEPTH, true, &mut buffers, &mut Seen::default());
    let outcome = read(text, BODY_DEPTH, cut, &mut buffers, &mut seen);
    (seen.lines, outcome)
}

/// Text and attributes are those of libmodsecurity 3.0.9 with libxml2, but for defined entities.
#[test]
fn vectors() {
    let cases: [(&str, &[&str]); 23] = [
        ("", &[]),
        ("<a/>", &["text "]),
        ("<a>1<b c='2'>3</b>4<!-- com --><![CDATA[5<&amp;]]>&lt;&#65;</a>", &["@c=2", "text 1345<&amp;<A"]),
        ("<a xmlns='u' xmlns:p='v' p:q='w'>\n <b>t</b>\n</a>", &["@p:q=w", r"text \n t\n"]),
        ("<p:a>1</p:a>", &["text 1"]),
        ("<a><?pi some?>z</a>", &["text z"]),
        ("<a b=\"x&amp;&#x41;\ny\">\r\nz\r</a>", &["@b=x&A y", r"text \nz\n"]),
        ("\u{feff}<a>1</a>", &["text 1"]),
        ("<a>a</a><!-- c -->\n<?pi?>\n", &["text a"]),
        ("<?xml version='1.0' encoding=\"UTF-8\"?>\n<a>é</a>", &[r"text \xc3\xa9"]),
        ("<!-- > <a> -->\n<a >b</a >", &["text b"]),
        ("<a b = 'c' d=\"'\"\n/>", &["@b=c", r"@d=\'", "text "]),
        ("<a b='>'>]] ></a>", &["@b=>", "text ]] >"]),
        ("<a>&lt;&gt;&amp;&apos;&quot;</a>", &[r#"text <>&\'\""#]),
        ("<a>&#38;lt; &#x1F600;&#9;</a>", &[r"text &lt; \xf0\x9f\x98\x80\t"]),
        ("<a b='&#10;&#13;\t\r\n'/>", &[r"@b=\n\r  ", "text "]),
        ("<!DOCTYPE a><a>1</a>", &["text 1"]),
        ("<!DOCTYPE a PUBLIC \"-//x\" 'y>'><a>1</a>", &["text 1"]),
        (
            "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY e 'EXP]>'> <!-- ' ]> -->]>\n<a b='&e;'>x&e;y</a>",
            &[r"text <!ENTITY e \'EXP]>\'> <!-- \' ]> -->", "@b=&e;", "text x&e;y"],
        ),
        ("<!DOCTYPE a [ ]><a/>", &["text "]),
        ("<a><b><c>1</c></b><b>2</b></a>", &["text 12"]),
        ("<é ü='ö'/>", &[r"@\xc3\xbc=\xc3\xb6", "text "]),
        ("<a>x<![CDATA[]]>y<![CDATA[]] ]]>z</a>", &["text xy]] z"]),
    ];
    let mut ran = 0;
    for (text, expected) in cases {
        let (lines, outcome) = seen(text.as_bytes(), false);
        assert_eq!(lines, expected, "{text}");
        assert_eq!(outcome, Outcome::default(), "{text}");
        ran += 1;
    }
    assert_eq!(ran, 23);
}

/// What is wrong, where, and what is read all the same.
#[test]
fn malformed() {
    let cases: [(&str, usize, &[&str]); 40] = [
        ("x", 0, &["text x"]),
        (" ", 1, &[]),
        ("<a><b>x</b>", 11, &["text x"]),
        ("<a>x<b>y</a>", 8, &["text xy"]),
        ("<a x='1' x='2'>t</a>", 0, &["@x=1", "@x=2", "text t"]),
        ("<a></a><b>1</b>", 7, &["text 1"]),
        ("<a>1</a>trail", 8, &["text 1trail"]),
        ("<a>&undef;</a>", 3, &["text &undef;"]),
        ("<a>& b</a>", 3, &["text & b"]),
        ("<a>&#0;&#xd800;&#;&#x;</a>", 3, &["text &#0;&#xd800;&#;&#x;"]),
        ("<a b=1>t</a>", 5, &["@b=1", "text t"]),
        ("<a b>t</a>", 3, &["text t"]),
        ("<a b='1'c='2'/>", 8, &["@b=1", "@c=2", "text "]),
        ("<a b='<'/>", 6, &["@b=<", "text "]),
        ("<a b='1></a>", 5, &["@b=1></a>", "text "]),
        ("<a 1='2'/>", 3, &["@1=2", "text "]),
        ("<a ='2'/>", 3, &["@=2", "text "]),
        ("<a \"/>", 3, &["text "]),
        ("<1>x</1>", 0, &["text x"]),
        ("< a>x</a>", 0, &["text < a>x"]),
        ("<>x", 0, &["text <>x"]),
        ("<a<b>x</b></a>", 2, &["text x"]),
        ("<a>x]]>y</a>", 4, &["text x]]>y"]),
        ("<a>x\u{1}y</a>", 4, &[r"text x\x01y"]),
        ("<a><!-- -- --></a>", 8, &["text "]),
        ("<a><!-- x", 3, &["text "]),
        ("<a><![CDATA[x</a>", 3, &["text x</a>"]),
        ("<![CDATA[x]]><a/>", 0, &["text x"]),
        ("<a/><?xml version='1.0'?>", 4, &["text "]),
        ("<?xml?><a/>", 0, &["text "]),
        ("<a/><!DOCTYPE a>", 4, &["text "]),
        ("<!DOCTYPE a [<!ENTITY e 'x'>", 0, &[r"text <!ENTITY e \'x\'>"]),
        ("</a>", 0, &[]),
        ("<a", 2, &["text "]),
        ("<a></ a>", 3, &["text "]),
        ("<A></a>", 3, &["text "]),
        ("<a xmlns:x='1' xmlns:x='2'/>", 0, &["text "]),
        ("<a><? x?></a>", 3, &["text "]),
        ("<a><!-- a---></a>", 9, &["text "]),
        ("\n<?xml version='1.0'?><a/>", 1, &["text "]),
    ];
    let mut ran = 0;
    for (text, at, expected) in cases {
        let (lines, outcome) = seen(text.as_bytes(), false);
        assert_eq!(lines, expected, "{text}");
        assert_eq!(outcome.error.map(|error| error.at), Some(at), "{text}: {:?}", outcome.error);
        ran += 1;
    }
    assert_eq!(ran, 40);
    let (lines, outcome) = seen(b"<a>\xff</a>", false);
    assert_eq!(lines, [r"text \xff"]);
    assert_eq!(
        outcome.error.map(|e| e.to_string()).as_deref(),
        Some("XML parsing error: not UTF-8 at byte 3")
    );
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xff</a>";
    assert_eq!(seen(latin, false).1, Outcome::default());
}

/// The end of a body that was cut is no error, wherever it is.
#[test]
fn cut() {
    let whole = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><!-- x --><a b='c &amp; d' e = \"f\">\
        é&lt;<g/><h i='j'>k</h><![CDATA[l]]><?m n?></a>"
        .as_bytes();
    for end in 0..=whole.len() {
        let (_, outcome) = seen(&whole[..end], true);
        assert_eq!(outcome, Outcome::default(), "{}", whole[..end].escape_ascii());
    }
    assert_eq!(seen(b"<a b='c' d='e", true).0, ["@b=c", "text "]);
    assert_eq!(seen(b"<a>x<b>y &am", true).0, ["text xy "]);
}

#[test]
fn bounds() {
    let (lines, outcome) = seen(&b"<a>x".repeat(BODY_DEPTH), true);
    assert_eq!((lines.len(), outcome), (1, Outcome::default()));
    let (lines, outcome) = seen(&b"<a>x".repeat(BODY_DEPTH + 1), true);
    assert_eq!((lines, outcome.over), (vec![format!("text {}", "x".repeat(BODY_DEPTH))], Some(Over::Depth)));
    assert_eq!(outcome.error.map(|error| error.at), Some(4 * BODY_DEPTH));

    let attributes: String = (0..=BODY_ATTRIBUTES).map(|n| format!(" a{n}='x'")).collect();
    let (lines, outcome) = seen(format!("<a{attributes}/>").as_bytes(), false);
    assert_eq!(
        (lines.len(), outcome.over, outcome.error),
        (BODY_ATTRIBUTES + 1, Some(Over::Attributes), None)
    );

    let mut sink = Seen { room: Some(2), ..Seen::default() };
    let text = format!("<a{attributes}>x</a>");
    let outcome = read(text.as_bytes(), BODY_DEPTH, false, &mut Buffers::default(), &mut sink);
    assert_eq!((sink.lines.len(), outcome.over), (2, Some(Over::Sink)));
}

/// An element as it is written, with the text and the attributes that are in it.
#[derive(Clone, Debug, Default)]
struct Written {
    xml: String,
    text: String,
    attributes: Vec<String>,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&#x22;")
}

fn element() -> impl Strategy<Value = Written> {
    let leaf = ("[ -~é]{0,8}", any::<bool>()).prop_map(|(text, cdata)| {
        let text = text.replace("]]>", "");
        let xml = if cdata { format!("<![CDATA[{text}]]>") } else { escaped(&text) };
        Written { xml, text, attributes: Vec::new() }
    });
    leaf.prop_recursive(5, 40, 5, |inner| {
        ("[a-z_:é][a-z0-9.-]{0,5}", prop::option::of("[ -~é]{0,8}"), prop::collection::vec(inner, 0..5))
            .prop_map(|(name, value, children)| {
                let name = if name.starts_with("xmlns") { "x".to_owned() } else { name };
                let mut all = Written::default();
                let value = value.inspect(|value| {
                    all.attributes.push(format!(
                        "@{}={}",
                        name.as_bytes().escape_ascii(),
                        value.as_bytes().escape_ascii()
                    ));
                });
                let attribute =
                    value.map(|value| format!(" {name} = '{}'", escaped(&value))).unwrap_or_default();
                all.xml = format!("<{name}{attribute}>");
                for child in children {
                    all.xml += &child.xml;
                    all.text += &child.text;
                    all.attributes.extend(child.attributes);
                }
                all.xml += &format!("<!-- c --></{name}\n>");
                all
            })
    })
}

proptest! {
    #[test]
    fn gives_back_what_was_put_in(element in element()) {
        let mut expected = element.attributes.clone();
        expected.push(format!("text {}", element.text.as_bytes().escape_ascii()));
        let text = format!("<?xml version=\"1.0\"?>\n<r>{}</r>\n", element.xml);
        let (lines, outcome) = seen(text.as_bytes(), false);
        prop_assert_eq!(lines, expected, "{}", text);
        prop_assert_eq!(outcome, Outcome::default(), "{}", text);
    }

    #[test]
    fn any_bytes(pieces in prop::collection::vec(prop_oneof![Just("<"), Just(">"), Just("/"), Just("a"), Just("="),
        Just("'"), Just("\""), Just("&"), Just("#x"), Just(";"), Just(" "), Just("!--"), Just("-->"), Just("![CDATA["),
        Just("]]>"), Just("?"), Just("!DOCTYPE"), Just("["), Just("]"), Just("é"), Just("\n"), Just("</a>"), Just("<a>")],
        0..60), cut in any::<bool>(), junk in prop::collection::vec(any::<u8>(), 0..6)) {
        let text = [pieces.concat().as_bytes(), &junk].concat();
        let (lines, outcome) = seen(&text, cut);
        prop_assert!(lines.len() <= text.len() + 1);
        prop_assert!(outcome.error.is_none_or(|error| error.at <= text.len()));
    }
}

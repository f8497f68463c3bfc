//! Directives other than `SecRule`.

use super::*;
use crate::rules::seclang::directives::{DIRECTIVES, Form, Values};

#[test]
fn spellings() {
    spelled(
        35,
        &[
            ("SecAction id:1,pass", "SecAction \"id:1,pass\""),
            ("secaction \"id:1\"", "SecAction id:1"),
            ("SecMarker \"END-SAMPLING\"", "SecMarker END-SAMPLING"),
            ("SecMarker 10", "SecMarker 10"),
            (
                "SecDefaultAction \"phase:1,log,auditlog,pass\"",
                "SecDefaultAction \"phase:1,log,auditlog,pass\"",
            ),
            ("SecRuleRemoveById 1 2-9 \"20-30, 40\"", "SecRuleRemoveById 1 2-9 20-30 40"),
            ("SecRuleRemoveByTag \"attack-.*\"", "SecRuleRemoveByTag attack-.*"),
            ("SecRuleRemoveByMsg \"a b\"", "SecRuleRemoveByMsg \"a b\""),
            ("SecRuleRemoveByTag a \"b c\" d", "SecRuleRemoveByTag a \"b c\" d"),
            ("SecRuleUpdateTargetById 1 !ARGS:x", "SecRuleUpdateTargetById 1 !ARGS:x"),
            (
                "SecRuleUpdateTargetById 1-9 \"!ARGS:x,!ARGS:y\"",
                "SecRuleUpdateTargetById 1-9 !ARGS:x|!ARGS:y",
            ),
            ("SecRuleUpdateTargetById 1 ARGS:x ARGS", "SecRuleUpdateTargetById 1 ARGS:x ARGS"),
            (
                "SecRuleUpdateTargetByTag a/b \"!ARGS:/x y/\"",
                "SecRuleUpdateTargetByTag a/b \"!ARGS:'/x y/'\"",
            ),
            (
                "SecRuleUpdateTargetByMsg \"a b\" \"!ARGS\" ARGS",
                "SecRuleUpdateTargetByMsg \"a b\" !ARGS ARGS",
            ),
            (
                "SecRuleUpdateActionById 1 \"deny,status:403\"",
                "SecRuleUpdateActionById 1:0 \"deny,status:403\"",
            ),
            ("SecRuleUpdateActionById 1:2 pass", "SecRuleUpdateActionById 1:2 pass"),
            ("SecRuleEngine detectiononly", "SecRuleEngine DetectionOnly"),
            ("SECRULEENGINE \"On\"", "SecRuleEngine On"),
            ("SecRequestBodyLimit 13107200", "SecRequestBodyLimit 13107200"),
            ("SecRequestBodyLimitAction processpartial", "SecRequestBodyLimitAction ProcessPartial"),
            ("SecResponseBodyMimeType text/plain text/html", "SecResponseBodyMimeType text/plain text/html"),
            ("SecResponseBodyMimeTypesClear", "SecResponseBodyMimeTypesClear"),
            ("SecUnicodeMapFile unicode.mapping 20127", "SecUnicodeMapFile unicode.mapping 20127"),
            ("SecComponentSignature \"OWASP_CRS/3.3.4\"", "SecComponentSignature OWASP_CRS/3.3.4"),
            ("SecAuditLogRelevantStatus \"^(?:5|4(?!04))\"", "SecAuditLogRelevantStatus \"^(?:5|4(?!04))\""),
            ("SecArgumentSeparator &", "SecArgumentSeparator &"),
            ("SecCookieFormat 0", "SecCookieFormat 0"),
            ("SecCollectionTimeout 600", "SecCollectionTimeout 600"),
            ("SecGeoLookupDB /usr/share/GeoIP.dat", "SecGeoLookupDb /usr/share/GeoIP.dat"),
            ("SecDebugLogLevel 3", "SecDebugLogLevel 3"),
            ("SecAuditLogType Concurrent", "SecAuditLogType Concurrent"),
            ("SecContentInjection Off", "SecContentInjection Off"),
            ("SecWebAppId \"a 'b' \\\"c\\\"\"", "SecWebAppId \"a 'b' \\\"c\\\"\""),
            ("SecTmpDir \"\"", "SecTmpDir \"\""),
            ("SecRule ARGS 'a\"b' 'id:1'", "SecRule ARGS \"@rx a\\\"b\" id:1"),
        ],
    );
}

#[test]
fn the_table_is_sorted_and_each_directive_reads() {
    assert!(DIRECTIVES.windows(2).all(|pair| pair[0].0.to_lowercase() < pair[1].0.to_lowercase()));
    let mut ran = 0;
    for (name, form) in DIRECTIVES {
        let arguments = match form {
            Form::Rule => "ARGS x id:1",
            Form::Action | Form::DefaultAction => "phase:1",
            Form::Marker | Form::RemoveBy(_) => "x",
            Form::RemoveById => "1",
            Form::UpdateTargetById => "1 ARGS",
            Form::UpdateTargetBy(_) => "x ARGS",
            Form::UpdateActionById => "1 deny",
            Form::Setting(Values::OneOf(names)) => names[0],
            Form::Setting(Values::Off(_)) => "Off",
            Form::Setting(Values::Number) => "7",
            Form::Setting(Values::Texts(0, _)) => "",
            Form::Setting(Values::Texts(..)) => "x",
            Form::Include { .. } | Form::Refused(_) => {
                let error = read_text(format!("{name} x"), "x").unwrap_err();
                assert!(!error.problem.contains("there is no directive"), "{error}");
                ran += 1;
                continue;
            }
        };
        let text = again(&format!("{} {arguments}", name.to_ascii_uppercase()));
        assert!(text.starts_with(name), "{text}");
        ran += 1;
    }
    assert_eq!(ran, 98);
}

#[test]
fn containers_of_modules_are_looked_through() {
    let text = "<IfModule security2_module>\n <IfModule \"x\">\nSecRuleEngine On\n </ifmodule>\n</IfModule>\nSecMarker x";
    assert_eq!(directives(text).len(), 2);
}

#[test]
fn other_containers_are_left_out_as_a_whole() {
    let text = "SecMarker a
<Location /x>
  SecRuleRemoveById 1-999999
  <IfModule x>
    SecRuleEngine Off
  </IfModule>
  </Directory>
  <none
</Location>
<IfModule !x>
  SecRuleEngine Off
</IfModule>
<IfModule x>
  SecMarker b
</Directory>
</IfModule>
SecMarker c
<Files y>
SecMarker d";
    let (script, errors) = read_lenient(Path::new("x.conf"), &files(&[("x.conf", text)]));
    let read: Vec<_> = script.directives.iter().map(|directive| directive.to_string()).collect();
    assert_eq!(read, ["SecMarker a", "SecMarker b", "SecMarker c"]);
    let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [2, 10, 15, 18, 18], "{errors:?}");
}

#[test]
fn files_beside_a_directive() {
    let place = |file: &str| ast::Place { file: file.into(), line: 1, column: 1 };
    let vectors = [
        ("/etc/crs/rules/a.conf", "x.data", "/etc/crs/rules/x.data"),
        ("a.conf", "x.data", "x.data"),
        ("rules/a.conf", "../x.data", "rules/../x.data"),
        ("rules/a.conf", "/x.data", "/x.data"),
    ];
    let mut ran = 0;
    for (file, path, expected) in vectors {
        assert_eq!(place(file).beside(path), PathBuf::from(expected));
        ran += 1;
    }
    assert_eq!(ran, 4);
}

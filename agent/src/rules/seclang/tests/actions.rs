//! Actions of all kinds.

use super::*;
use crate::rules::{
    model::Transform,
    seclang::ast::{ActionKind, Change, Ctl, Disruptive, Engine, Selector},
    variable::Variable,
};

fn actions(text: &str) -> Vec<ActionKind> {
    let line = format!("SecDefaultAction \"{text}\"");
    again(&line);
    match <[Directive; 1]>::try_from(directives(&line)) {
        Ok([Directive::DefaultAction { actions, .. }]) => {
            actions.into_iter().map(|action| action.kind).collect()
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn single() {
    use ActionKind as A;
    let own = str::to_owned;
    let set = |collection, name: &str, change| A::SetVar { collection, name: own(name), change };
    let vectors = [
        ("id:200000", A::Id(200_000)),
        ("id:'200000'", A::Id(200_000)),
        ("ID:1", A::Id(1)),
        ("phase:2", A::Phase(2)),
        ("phase:'response'", A::Phase(4)),
        ("phase:REQUEST", A::Phase(2)),
        ("phase:logging", A::Phase(5)),
        ("msg:'a, b: \\\"c\\\" \\'d\\''", A::Msg(own("a, b: \"c\" 'd'"))),
        ("msg:'a\\\\\\\\b \\d'", A::Msg(own("a\\b \\d"))),
        ("msg:It's a test", A::Msg(own("It's a test"))),
        ("logdata:'%{TX.0} in %{MATCHED_VAR_NAME}'", A::LogData(own("%{TX.0} in %{MATCHED_VAR_NAME}"))),
        ("tag:'OWASP_CRS/ATTACK'", A::Tag(own("OWASP_CRS/ATTACK"))),
        ("severity:2", A::Severity(2)),
        ("severity:'CRITICAL'", A::Severity(2)),
        ("severity:debug", A::Severity(7)),
        ("rev:'2'", A::Rev(own("2"))),
        ("ver:'OWASP_CRS/3.3.4'", A::Ver(own("OWASP_CRS/3.3.4"))),
        ("maturity:'8'", A::Maturity(8)),
        ("accuracy:9", A::Accuracy(9)),
        ("t:none", A::TransformNone),
        ("t:urlDecodeUni", A::Transform(Transform::UrlDecodeUni)),
        ("t:LOWERCASE", A::Transform(Transform::Lowercase)),
        ("chain", A::Chain),
        ("capture", A::Capture),
        ("multimatch", A::MultiMatch),
        ("skip:3", A::Skip(3)),
        ("skipAfter:END-HOST-CHECK", A::SkipAfter(own("END-HOST-CHECK"))),
        ("log", A::Log(true)),
        ("nolog", A::Log(false)),
        ("auditlog", A::AuditLog(true)),
        ("noauditlog", A::AuditLog(false)),
        ("pass", A::Disruptive(Disruptive::Pass)),
        ("block", A::Disruptive(Disruptive::Block)),
        ("deny", A::Disruptive(Disruptive::Deny)),
        ("drop", A::Disruptive(Disruptive::Drop)),
        ("allow", A::Disruptive(Disruptive::Allow)),
        ("allow:phase", A::Disruptive(Disruptive::AllowPhase)),
        ("allow:'request'", A::Disruptive(Disruptive::AllowRequest)),
        (
            "redirect:http://x.example/?a=%{REQUEST_URI}",
            A::Disruptive(Disruptive::Redirect(own("http://x.example/?a=%{REQUEST_URI}"))),
        ),
        ("proxy:'http://[::1]:80/'", A::Disruptive(Disruptive::Proxy(own("http://[::1]:80/")))),
        ("status:403", A::Status(403)),
        ("setvar:tx.x=1", set(Variable::Tx, "x", Change::Set(own("1")))),
        ("setvar:'TX.a.b=a, b=c'", set(Variable::Tx, "a.b", Change::Set(own("a, b=c")))),
        ("setvar:'tx.a=+%{tx.b}'", set(Variable::Tx, "a", Change::Add(own("%{tx.b}")))),
        ("setvar:ip.a=-5", set(Variable::Ip, "a", Change::Subtract(own("5")))),
        ("setvar:!tx.x", set(Variable::Tx, "x", Change::Unset)),
        ("setvar:'!ip.dos_counter'", set(Variable::Ip, "dos_counter", Change::Unset)),
        ("setvar:session.x", set(Variable::Session, "x", Change::Set(own("1")))),
        ("setvar:tx.x=", set(Variable::Tx, "x", Change::Set(own("")))),
        (
            "setvar:'tx.%{ARGS.a=b}_%{tx.0}=/%{tx.0}/'",
            set(Variable::Tx, "%{ARGS.a=b}_%{tx.0}", Change::Set(own("/%{tx.0}/"))),
        ),
        (
            "expirevar:'ip.x=%{tx.y}'",
            A::ExpireVar { collection: Variable::Ip, name: own("x"), seconds: own("%{tx.y}") },
        ),
        ("expirevar:ip.x=60", A::ExpireVar { collection: Variable::Ip, name: own("x"), seconds: own("60") }),
        (
            "initcol:ip=%{remote_addr}_%{tx.ua_hash}",
            A::InitCol { collection: Variable::Ip, key: own("%{remote_addr}_%{tx.ua_hash}") },
        ),
        ("initcol:global=global", A::InitCol { collection: Variable::Global, key: own("global") }),
        ("setenv:'a=b c'", A::SetEnv { name: own("a"), value: own("b c") }),
        ("setenv:a", A::SetEnv { name: own("a"), value: own("1") }),
        (
            "setsid:%{REQUEST_COOKIES.PHPSESSID}",
            A::SetId { collection: Variable::Session, key: own("%{REQUEST_COOKIES.PHPSESSID}") },
        ),
        ("setuid:%{ARGS.user}", A::SetId { collection: Variable::User, key: own("%{ARGS.user}") }),
        ("setrsc:'abcd1234'", A::SetId { collection: Variable::Resource, key: own("abcd1234") }),
        ("sanitiseMatched", A::Ignored(own("sanitiseMatched"))),
        ("sanitiseMatchedBytes:1/4", A::Ignored(own("sanitiseMatchedBytes:1/4"))),
        ("sanitiseArg:password", A::Ignored(own("sanitiseArg:password"))),
        (
            "xmlns:xsd=\\\"http://www.w3.org/2001/XMLSchema\\\"",
            A::Ignored(own("xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"")),
        ),
        ("append:'<hr>, Footer'", A::Ignored(own("append:<hr>, Footer"))),
        ("exec:/usr/local/bin/x.pl", A::Ignored(own("exec:/usr/local/bin/x.pl"))),
        ("pause:3000", A::Ignored(own("pause:3000"))),
        (
            "deprecatevar:session.score=60/300",
            A::DeprecateVar { collection: Variable::Session, name: own("score"), by: own("60/300") },
        ),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        assert_eq!(actions(text), [expected], "{text}");
        ran += 1;
    }
    assert_eq!(ran, 67);
}

#[test]
fn ctl() {
    let own = str::to_owned;
    let target = |line: &str| match <[Directive; 1]>::try_from(directives(&format!("SecRule {line} x"))) {
        Ok([Directive::Rule(rule)]) => rule.without_place_of_target(),
        other => panic!("{line}: {other:?}"),
    };
    let vectors = [
        ("ruleEngine=Off", Ctl::RuleEngine(Engine::Off)),
        ("ruleengine=on", Ctl::RuleEngine(Engine::On)),
        ("ruleEngine=DetectionOnly", Ctl::RuleEngine(Engine::DetectionOnly)),
        ("ruleRemoveById=920272", Ctl::RemoveById(920_272, 920_272)),
        ("ruleRemoveById=920000-920999", Ctl::RemoveById(920_000, 920_999)),
        ("ruleRemoveByTag=attack-injection-php", Ctl::RemoveByTag(own("attack-injection-php"))),
        ("ruleRemoveByMsg=a b", Ctl::RemoveByMsg(own("a b"))),
        (
            "ruleRemoveTargetById=942450;REQUEST_COOKIES",
            Ctl::RemoveTargetById(942_450, 942_450, target("REQUEST_COOKIES")),
        ),
        (
            "ruleRemoveTargetById=942430-942440;ARGS:config[signature]",
            Ctl::RemoveTargetById(942_430, 942_440, target("ARGS:config[signature]")),
        ),
        (
            "ruleRemoveTargetByTag=OWASP_CRS;ARGS:a|b",
            Ctl::RemoveTargetByTag(own("OWASP_CRS"), target("ARGS:'a|b'")),
        ),
        (
            "ruleRemoveTargetByTag=x;ARGS:/^a b$/",
            Ctl::RemoveTargetByTag(own("x"), target("\"ARGS:/^a b$/\"")),
        ),
        ("ruleRemoveTargetByMsg=a b;ARGS:c", Ctl::RemoveTargetByMsg(own("a b"), target("ARGS:c"))),
        ("requestBodyProcessor=xml", Ctl::RequestBodyProcessor(own("XML"))),
        ("requestBodyAccess=Off", Ctl::RequestBodyAccess(false)),
        ("responseBodyAccess=on", Ctl::ResponseBodyAccess(true)),
        ("forceRequestBodyVariable=On", Ctl::ForceRequestBodyVariable(true)),
        ("auditLogParts=+E", Ctl::Ignored(own("auditLogParts=+E"))),
        ("auditEngine=RelevantOnly", Ctl::Ignored(own("auditEngine=RelevantOnly"))),
        ("debugLogLevel=9", Ctl::Ignored(own("debugLogLevel=9"))),
        ("hashEngine=Off", Ctl::Ignored(own("hashEngine=Off"))),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        for spelling in [format!("ctl:{text}"), format!("ctl:'{text}'")] {
            let mut read = actions(&spelling);
            if let [
                ActionKind::Ctl(
                    Ctl::RemoveTargetById(.., target)
                    | Ctl::RemoveTargetByTag(_, target)
                    | Ctl::RemoveTargetByMsg(_, target),
                ),
            ] = &mut read[..]
            {
                target.place = ast::Place::default();
            }
            assert_eq!(read, [ActionKind::Ctl(expected.clone())], "{spelling}");
        }
        ran += 1;
    }
    assert_eq!(ran, 20);
}

impl ast::SecRule {
    fn without_place_of_target(mut self) -> ast::Target {
        let mut target = self.targets.remove(0);
        target.place = ast::Place::default();
        target
    }
}

#[test]
fn lists() {
    let vectors: [(&str, usize); 7] = [
        ("", 0),
        ("id:1,", 1),
        (" id : 1 , phase : '2' , deny ", 3),
        ("id:1,\\\n   phase:2,\\\n\tdeny", 3),
        ("id:1,msg:'a,b',deny", 3),
        ("log,auditlog,deny,status:403,phase:2", 5),
        ("t:none,t:lowercase,t:urlDecode", 3),
    ];
    let mut ran = 0;
    for (text, count) in vectors {
        assert_eq!(actions(text).len(), count, "{text}");
        ran += 1;
    }
    assert_eq!(ran, 7);
    assert_eq!(actions("ctl:ruleRemoveTargetById=1;ARGS:x,id:2").len(), 2);
    let [ActionKind::Ctl(Ctl::RemoveTargetById(1, 1, target)), _] =
        &actions("ctl:ruleRemoveTargetById=1;ARGS:x,id:2")[..]
    else {
        panic!("a target");
    };
    assert_eq!(target.selector, Selector::Name("x".to_owned()));
}

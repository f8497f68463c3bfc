//! Rules that later directives change or take away, and which rules and targets they leave.

use crate::rules::{
    program::model::{Program, Selector, Step, Target},
    seclang::{lower, read_text},
};

const RULES: &str = r#"SecRule ARGS|REQUEST_HEADERS "@rx a" "id:1,phase:1,tag:'attack-sqli',tag:'OWASP_CRS/WEB',msg:'First, of %{tx.a}',t:lowercase,setvar:tx.n=1"
SecRule ARGS_NAMES "@rx b" "id:2,phase:2,tag:'attack-xss',msg:'Second',deny,status:403,chain"
SecRule REQUEST_COOKIES|!REQUEST_COOKIES:ok "@rx c" "t:none"
SecRule REQUEST_URI "@rx d" "id:13,phase:2,tag:'OWASP_CRS/WEB',msg:'Second to none'"
SecAction "id:200,phase:1,nolog"
"#;

fn program(more: &str) -> Result<Program, String> {
    let script = read_text(format!("{RULES}{more}"), "test").map_err(|error| error.to_string())?;
    lower::lower(&script.directives).map_err(|error| error.to_string())
}

fn shown(target: &Target) -> String {
    let count = if target.count { "&" } else { "" };
    let name = target.variable.name();
    match &target.selector {
        Selector::All => format!("{count}{name}"),
        Selector::Name(text) => {
            format!("{count}{name}:{}", String::from_utf8_lossy(text.fixed().unwrap_or_default()))
        }
        Selector::Regex(text) => format!("{count}{name}:/{text}/"),
    }
}

/// `1[ARGS|!ARGS:x] 2[…][…]`: rules with the targets of each of their links.
fn targets(program: &Program) -> String {
    let mut all = Vec::new();
    for step in &program.steps {
        let Step::Rule(rule) = step else { continue };
        let mut text = rule.meta.id.to_string();
        for link in &rule.links {
            let mut names: Vec<String> = link.targets.iter().map(shown).collect();
            names.extend(link.excluded.iter().map(|excluded| {
                let target =
                    Target { variable: excluded.variable, selector: excluded.selector.clone(), count: false };
                format!("!{}", shown(&target))
            }));
            text.push_str(&format!("[{}]", names.join("|")));
        }
        all.push(text);
    }
    all.join(" ")
}

fn ids(program: &Program) -> String {
    let ids = program.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) => Some(rule.meta.id.to_string()),
        Step::Marker(_) => None,
    });
    ids.collect::<Vec<_>>().join(" ")
}

#[test]
fn removals() {
    let cases = [
        ("", "1 2 13 200"),
        ("SecRuleRemoveById 1", "2 13 200"),
        ("SecRuleRemoveById 1 13", "2 200"),
        ("SecRuleRemoveById 1-13", "200"),
        ("SecRuleRemoveById \"2-10 200\"", "1 13"),
        ("SecRuleRemoveById 1,200", "2 13"),
        ("SecRuleRemoveById 99", "1 2 13 200"),
        // A chain goes as a whole; its later rules have no id.
        ("SecRuleRemoveById 2", "1 13 200"),
        ("SecRuleRemoveByTag attack-sqli", "2 13 200"),
        ("SecRuleRemoveByTag ^attack-", "13 200"),
        ("SecRuleRemoveByTag OWASP_CRS/WEB", "2 200"),
        ("SecRuleRemoveByTag attack-sqli attack-xss", "13 200"),
        ("SecRuleRemoveByTag sqli$ nothing", "2 13 200"),
        ("SecRuleRemoveByTag owasp", "1 2 13 200"),
        ("SecRuleRemoveByMsg Second", "1 200"),
        ("SecRuleRemoveByMsg \"^Second$\"", "1 13 200"),
        ("SecRuleRemoveByMsg \"^Second$\" First", "13 200"),
        // The message is taken as it is written.
        ("SecRuleRemoveByMsg \"%{tx.a}\"", "2 13 200"),
        ("SecRuleRemoveByMsg \"tx\\.a\"", "2 13 200"),
    ];
    let mut ran = 0;
    for (more, expected) in cases {
        assert_eq!(ids(&program(more).unwrap()), expected, "{more}");
        ran += 1;
    }
    assert_eq!(ran, 19);
}

#[test]
fn targets_updated() {
    let one = "1[ARGS|REQUEST_HEADERS]";
    let two = "2[ARGS_NAMES][REQUEST_COOKIES|!REQUEST_COOKIES:ok]";
    let (thirteen, last) = ("13[REQUEST_URI]", "200[REMOTE_ADDR]");
    let cases = [
        ("", format!("{one} {two} {thirteen} {last}")),
        (
            "SecRuleUpdateTargetById 1 \"!ARGS:x\"",
            format!("1[ARGS|REQUEST_HEADERS|!ARGS:x] {two} {thirteen} {last}"),
        ),
        (
            "SecRuleUpdateTargetById 1 \"!ARGS:x|!ARGS:/^y/|XML:/*\"",
            format!("1[ARGS|REQUEST_HEADERS|XML:/*|!ARGS:x|!ARGS:/^y/] {two} {thirteen} {last}"),
        ),
        // What is left out is left out of the whole chain; what is added is added to its first rule.
        (
            "SecRuleUpdateTargetById 2 \"!REQUEST_COOKIES:x,ARGS\"",
            format!(
                "{one} 2[ARGS_NAMES|ARGS|!REQUEST_COOKIES:x][REQUEST_COOKIES|!REQUEST_COOKIES:ok|!REQUEST_COOKIES:x] \
                 {thirteen} {last}"
            ),
        ),
        (
            "SecRuleUpdateTargetById 1-13 \"!ARGS:x\"",
            format!(
                "1[ARGS|REQUEST_HEADERS|!ARGS:x] 2[ARGS_NAMES|!ARGS:x][REQUEST_COOKIES|!REQUEST_COOKIES:ok|!ARGS:x] \
                 13[REQUEST_URI|!ARGS:x] {last}"
            ),
        ),
        (
            "SecRuleUpdateTargetById 1,13 \"&ARGS\"",
            format!("1[ARGS|REQUEST_HEADERS|&ARGS] {two} 13[REQUEST_URI|&ARGS] {last}"),
        ),
        // Replaced: what is named third makes room for what is named second.
        (
            "SecRuleUpdateTargetById 1 \"ARGS_GET\" \"ARGS\"",
            format!("1[REQUEST_HEADERS|ARGS_GET] {two} {thirteen} {last}"),
        ),
        (
            "SecRuleUpdateTargetByTag attack-xss \"!ARGS_NAMES:x\"",
            format!(
                "{one} 2[ARGS_NAMES|!ARGS_NAMES:x][REQUEST_COOKIES|!REQUEST_COOKIES:ok|!ARGS_NAMES:x] {thirteen} \
                 {last}"
            ),
        ),
        (
            "SecRuleUpdateTargetByTag OWASP \"!REQUEST_HEADERS\"",
            format!("1[ARGS|REQUEST_HEADERS|!REQUEST_HEADERS] {two} 13[REQUEST_URI|!REQUEST_HEADERS] {last}"),
        ),
        (
            "SecRuleUpdateTargetByMsg \"none$\" \"REQUEST_LINE\" \"REQUEST_URI\"",
            format!("{one} {two} 13[REQUEST_LINE] {last}"),
        ),
        ("SecRuleUpdateTargetById 99 \"!ARGS:x\"", format!("{one} {two} {thirteen} {last}")),
    ];
    let mut ran = 0;
    for (more, expected) in cases {
        assert_eq!(targets(&program(more).unwrap()), expected, "{more}");
        ran += 1;
    }
    assert_eq!(ran, 11);
}

/// What is said of a rule: message, tags, how it ends, transformations and effects of each link.
fn said(program: &Program, id: u64) -> String {
    let rule = program.steps.iter().find_map(|step| match step {
        Step::Rule(rule) if rule.meta.id == id => Some(rule),
        _ => None,
    });
    let rule = rule.expect("the rule");
    let links = rule.links.iter().map(|link| {
        let names: Vec<_> = link.transforms.iter().map(|transform| transform.name()).collect();
        format!("{}/{}", names.join(","), link.effects.len())
    });
    let links: Vec<_> = links.collect();
    let then = &rule.then;
    let (tags, message) = (rule.meta.tags.join(","), &rule.meta.message);
    format!("{message} {tags} {:?} {} {} {}", then.verdict, then.status, then.log, links.join(" "))
}

#[test]
fn actions_updated() {
    let tags = "attack-sqli,OWASP_CRS/WEB";
    let cases = [
        (1, "", format!("First, of %{{tx.a}} {tags} Pass 403 true lowercase/1")),
        (1, "SecRuleUpdateActionById 1 \"msg:'x'\"", format!("x {tags} Pass 403 true lowercase/1")),
        (
            1,
            "SecRuleUpdateActionById 1 \"deny,status:406,nolog,tag:new\"",
            format!("First, of %{{tx.a}} {tags},new Deny 406 false lowercase/1"),
        ),
        (
            1,
            "SecRuleUpdateActionById 1 \"t:none,t:urlDecode,setvar:tx.m=2\"",
            format!("First, of %{{tx.a}} {tags} Pass 403 true url_decode/2"),
        ),
        (
            1,
            "SecRuleUpdateActionById 1 \"t:urlDecode\"",
            format!("First, of %{{tx.a}} {tags} Pass 403 true lowercase,url_decode/1"),
        ),
        (
            1,
            "SecRuleUpdateActionById 1 \"id:1,phase:1,msg:y\"",
            format!("y {tags} Pass 403 true lowercase/1"),
        ),
        (2, "SecRuleUpdateActionById 2 \"pass\"", "Second attack-xss Pass 403 true /0 /0".to_owned()),
        (2, "SecRuleUpdateActionById 2 \"chain,pass\"", "Second attack-xss Pass 403 true /0 /0".to_owned()),
        (
            2,
            "SecRuleUpdateActionById 2:1 \"t:lowercase,setvar:tx.x=1\"",
            "Second attack-xss Deny 403 true /0 lowercase/1".to_owned(),
        ),
    ];
    let mut ran = 0;
    for (id, more, expected) in cases {
        assert_eq!(said(&program(more).unwrap(), id), expected, "{more}");
        ran += 1;
    }
    assert_eq!(ran, 9);
    let wrong = [
        ("SecRuleUpdateActionById 99 pass", "no rule 99"),
        ("SecRuleUpdateActionById 2:2 pass", "(link 2)"),
        ("SecRuleUpdateActionById 1 id:5", "can't be changed"),
        ("SecRuleUpdateActionById 1 phase:3", "can't be changed"),
        ("SecRuleUpdateActionById 1 chain", "can't be changed"),
    ];
    let mut ran = 0;
    for (more, says) in wrong {
        let error = program(more).unwrap_err();
        assert!(error.contains(says) && error.starts_with("test:6:"), "{more}: {error}");
        ran += 1;
    }
    assert_eq!(ran, 5);
}

/// `SecDefaultAction` goes for the rules behind it, not for those before.
#[test]
fn defaults_go_for_what_follows() {
    let more = r#"SecDefaultAction "phase:2,nolog,deny,status:406,t:lowercase"
SecRule ARGS "@rx a" "id:20,phase:2,block"
SecRule ARGS "@rx a" "id:21,phase:1,block"
SecDefaultAction "phase:2,log,pass"
SecRule ARGS "@rx a" "id:22,phase:2,block,t:none,chain"
SecAction "setvar:tx.a=1""#;
    let program = program(more).unwrap();
    assert_eq!(said(&program, 13), "Second to none OWASP_CRS/WEB Pass 403 true /0");
    assert_eq!(said(&program, 20), "  Deny 406 false lowercase/0");
    assert_eq!(said(&program, 21), "  Pass 403 true /0");
    assert_eq!(said(&program, 22), "  Pass 403 true /0 /1");
}

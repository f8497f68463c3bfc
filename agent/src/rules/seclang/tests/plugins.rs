//! Files as plugins of CRS and ModSecurity's own configuration are written.

use super::*;

const PLUGIN: &str = r#"# -=[ A plugin: switch, exclusions, a rule before and one behind CRS ]=-
SecRule &TX:shop-plugin_enabled "@eq 0" \
    "id:9599001,\
    phase:1,\
    pass,\
    nolog,\
    setvar:'tx.shop-plugin_enabled=1'"

SecRule TX:shop-plugin_enabled "@eq 0" \
    "id:9599002,phase:1,pass,nolog,noauditlog,ctl:ruleRemoveById=9599100-9599999,skipAfter:END-SHOP"

SecRule REQUEST_FILENAME "@rx /admin/(?:page|post)\.php$" \
    "id:9599100,\
    phase:2,\
    pass,\
    t:none,\
    nolog,\
    ver:'shop-plugin/1.0.0',\
    chain"
    SecRule REQUEST_METHOD "@streq POST" \
        "t:none,\
        chain"
        SecRule ARGS_GET:fbclid|&ARGS:/^(?:id|item)\[\d+\]$/ "!@rx ^[\w-]{61}$" \
            "t:none,\
            ctl:ruleRemoveTargetById=941000-942999;ARGS:content,\
            ctl:ruleRemoveTargetByTag=attack-sqli;ARGS:/^meta\[\d+\]\[value\]$/,\
            ctl:ruleRemoveTargetByTag=OWASP_CRS;REQUEST_HEADERS:Authorization,\
            ctl:requestBodyProcessor=URLENCODED,\
            setvar:'tx.inbound_anomaly_score_pl1=+%{tx.critical_anomaly_score}',\
            setvar:'tx.shop_%{MATCHED_VAR_NAME}=/%{tx.0}/',\
            expirevar:'ip.shop_seen=%{tx.shop_window}'"

SecRule REMOTE_ADDR "@ipMatch 192.0.2.0/24,2001:db8::/32" \
    "id:9599200,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly"
SecRule REQUEST_HEADERS:User-Agent "@pmFromFile shop-agents.data" \
    "id:9599300,phase:1,block,capture,t:none,t:lowercase,\
    msg:'Shop: agent isn\'t welcome, \"%{tx.0}\"',\
    logdata:'Matched Data: %{TX.0} found within %{MATCHED_VAR_NAME}: %{MATCHED_VAR}',\
    tag:'OWASP_CRS',tag:'capec/1000/152/248',severity:'CRITICAL',multiMatch"
SecAction "id:9599400,phase:5,pass,nolog,initcol:ip=%{remote_addr}_%{tx.ua_hash},setvar:!ip.shop_seen"
SecMarker "END-SHOP"
SecRuleUpdateTargetByTag "attack-xss" "!ARGS:/^editor_/|!REQUEST_COOKIES:shop"
SecRuleRemoveById 920350 "949000-949999"
"#;

const CONFIGURATION: &str = r#"<IfModule security2_module>
    SecRuleEngine DetectionOnly
    SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" \
         "id:'200000',phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
    SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
    "id:'200003',phase:2,t:none,log,deny,status:400, \
    msg:'Multipart request body failed strict validation: \
    PE %{REQBODY_PROCESSOR_ERROR}, \
    SM %{MULTIPART_MISSING_SEMICOLON}'"
    SecRule TX:/^MSC_/ "!@streq 0" \
            "id:'200005',phase:2,t:none,deny,msg:'ModSecurity internal error flagged: %{MATCHED_VAR_NAME}'"
    SecAuditLogRelevantStatus "^(?:5|4(?!04))"
    SecResponseBodyMimeType text/plain text/html text/xml
    SecArgumentSeparator &
    SecUnicodeMapFile unicode.mapping 20127
    IncludeOptional crs/*.conf
</IfModule>
"#;

#[test]
fn are_read_and_written() {
    let all = files(&[("main.conf", CONFIGURATION), ("crs/shop.conf", PLUGIN)]);
    let script = read(Path::new("main.conf"), &all).unwrap();
    assert_eq!(script.directives.len(), 8 + 11);
    assert_eq!(script.files.len(), 2);
    let written: String = script.directives.iter().map(|directive| format!("{directive}\n")).collect();
    let again = read_text(&written, "again.conf").unwrap();
    let plain = |script: Script| script.directives.into_iter().map(Directive::without_places);
    assert!(plain(script).eq(plain(again)), "{written}");
}

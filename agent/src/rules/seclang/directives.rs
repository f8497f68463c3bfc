//! Every directive there is, by name.
//!
//! Source: the reference manuals of ModSecurity 2.9 and 3.0, section Configuration Directives, and
//! Apache's `Include`. Names are compared with their case ignored, as both do.

use super::ast::By;

/// What a directive is followed by.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Rule,
    Action,
    DefaultAction,
    Marker,
    RemoveById,
    RemoveBy(By),
    UpdateTargetById,
    UpdateTargetBy(By),
    UpdateActionById,
    /// The pattern may stand for no file.
    Include {
        optional: bool,
    },
    Setting(Values),
    /// Can't be had here: why.
    Refused(&'static str),
}

/// The values of a setting.
#[derive(Clone, Copy)]
pub(super) enum Values {
    /// One of these, case ignored.
    OneOf(&'static [&'static str]),
    /// `On` can't be had here: why. `Off` is how it is.
    Off(&'static str),
    /// A number.
    Number,
    /// At least and at most so many texts.
    Texts(usize, usize),
}

use Form::{Refused, Setting};
use Values::{Number, Off, OneOf, Texts};

const SWITCH: Values = OneOf(&["On", "Off"]);
const THREE: Values = OneOf(&["On", "Off", "DetectionOnly"]);
const RELEVANT: Values = OneOf(&["On", "Off", "RelevantOnly"]);
const ON_LIMIT: Values = OneOf(&["Reject", "ProcessPartial"]);
const DIGIT: Values = OneOf(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
const TEXT: Values = Texts(1, 1);

const RESPONSES: &str = "responses are not changed here";
const LINKS: &str = "links in responses are not signed here";
const CONNECTIONS: &str = "threads of a server are not counted here; limit requests by address instead";
const REMOTE: &str = "rules are not fetched over the network; store them in a file and Include it";

/// Names as the manuals spell them, sorted.
pub(super) const DIRECTIVES: &[(&str, Form)] = &[
    ("Include", Form::Include { optional: false }),
    ("IncludeOptional", Form::Include { optional: true }),
    ("SecAction", Form::Action),
    ("SecArgumentSeparator", Setting(TEXT)),
    ("SecArgumentsLimit", Setting(Number)),
    ("SecAuditEngine", Setting(RELEVANT)),
    ("SecAuditLog", Setting(TEXT)),
    ("SecAuditLog2", Setting(TEXT)),
    ("SecAuditLogDir", Setting(TEXT)),
    ("SecAuditLogDirMode", Setting(TEXT)),
    ("SecAuditLogFileMode", Setting(TEXT)),
    ("SecAuditLogFormat", Setting(OneOf(&["JSON", "JsonLegacy", "Native", "OCSF"]))),
    ("SecAuditLogParts", Setting(TEXT)),
    ("SecAuditLogPrefix", Setting(TEXT)),
    ("SecAuditLogRelevantStatus", Setting(TEXT)),
    ("SecAuditLogStorageDir", Setting(TEXT)),
    ("SecAuditLogType", Setting(OneOf(&["Serial", "Concurrent", "Parallel", "HTTPS", "Syslog"]))),
    ("SecCacheTransformations", Setting(Texts(1, 2))),
    ("SecChrootDir", Refused("the agent starts no server that could be locked into a folder")),
    ("SecCollectionGCFrequency", Setting(Number)),
    ("SecCollectionTimeout", Setting(Number)),
    ("SecComponentSignature", Setting(TEXT)),
    ("SecConnEngine", Setting(THREE)),
    ("SecConnReadStateLimit", Refused(CONNECTIONS)),
    ("SecConnWriteStateLimit", Refused(CONNECTIONS)),
    ("SecContentInjection", Setting(Off(RESPONSES))),
    ("SecCookieFormat", Setting(OneOf(&["0", "1"]))),
    ("SecCookieV0Separator", Setting(TEXT)),
    ("SecDataDir", Setting(TEXT)),
    ("SecDataset", Refused("write the values into a file and use @pmFromFile or @ipMatchFromFile")),
    ("SecDebugLog", Setting(TEXT)),
    ("SecDebugLogLevel", Setting(DIGIT)),
    ("SecDefaultAction", Form::DefaultAction),
    (
        "SecDisableBackendCompression",
        Setting(Off("requests are not changed here; compressed responses are read")),
    ),
    ("SecGeoLookupDb", Setting(TEXT)),
    ("SecGsbLookupDb", Refused("no copy of Google's Safe Browsing list is read here")),
    ("SecGuardianLog", Refused("events are written by the agent; no program is started for them")),
    ("SecHashEngine", Setting(Off(LINKS))),
    ("SecHashKey", Refused(LINKS)),
    ("SecHashMethodPm", Refused(LINKS)),
    ("SecHashMethodRx", Refused(LINKS)),
    ("SecHashParam", Refused(LINKS)),
    ("SecHttpBlKey", Setting(TEXT)),
    (
        "SecIgnoreRuleCompilationErrors",
        Setting(Off("to leave out rules that can't be read, load with --lenient: it names them")),
    ),
    ("SecInterceptOnError", Setting(Off("a rule that fails is counted and passed over"))),
    ("SecMarker", Form::Marker),
    ("SecParseXmlIntoArgs", Setting(OneOf(&["On", "Off", "OnlyArgs"]))),
    ("SecPcreMatchLimit", Setting(Number)),
    ("SecPcreMatchLimitRecursion", Setting(Number)),
    ("SecPdfProtect", Setting(Off(RESPONSES))),
    ("SecPdfProtectMethod", Refused(RESPONSES)),
    ("SecPdfProtectSecret", Refused(RESPONSES)),
    ("SecPdfProtectTimeout", Refused(RESPONSES)),
    ("SecPdfProtectTokenName", Refused(RESPONSES)),
    ("SecReadStateLimit", Refused(CONNECTIONS)),
    ("SecRemoteRules", Refused(REMOTE)),
    ("SecRemoteRulesFailAction", Refused(REMOTE)),
    ("SecRequestBodyAccess", Setting(SWITCH)),
    ("SecRequestBodyInMemoryLimit", Setting(Number)),
    ("SecRequestBodyJsonDepthLimit", Setting(Number)),
    ("SecRequestBodyLimit", Setting(Number)),
    ("SecRequestBodyLimitAction", Setting(ON_LIMIT)),
    ("SecRequestBodyNoFilesLimit", Setting(Number)),
    ("SecRequestEncoding", Refused("requests are judged as their bytes are")),
    ("SecResponseBodyAccess", Setting(SWITCH)),
    ("SecResponseBodyLimit", Setting(Number)),
    ("SecResponseBodyLimitAction", Setting(ON_LIMIT)),
    ("SecResponseBodyMimeType", Setting(Texts(1, usize::MAX))),
    ("SecResponseBodyMimeTypesClear", Setting(Texts(0, 0))),
    ("SecRule", Form::Rule),
    ("SecRuleEngine", Setting(THREE)),
    ("SecRuleInheritance", Setting(SWITCH)),
    ("SecRulePerfTime", Refused("the time of single rules is not measured")),
    ("SecRuleRemoveById", Form::RemoveById),
    ("SecRuleRemoveByMsg", Form::RemoveBy(By::Message)),
    ("SecRuleRemoveByTag", Form::RemoveBy(By::Tag)),
    ("SecRuleScript", Refused("no scripts are run: write it as a SecRule")),
    ("SecRuleUpdateActionById", Form::UpdateActionById),
    ("SecRuleUpdateTargetById", Form::UpdateTargetById),
    ("SecRuleUpdateTargetByMsg", Form::UpdateTargetBy(By::Message)),
    ("SecRuleUpdateTargetByTag", Form::UpdateTargetBy(By::Tag)),
    ("SecRxPreFilter", Setting(SWITCH)),
    ("SecSensorId", Setting(TEXT)),
    ("SecServerSignature", Refused(RESPONSES)),
    ("SecStatusEngine", Setting(SWITCH)),
    (
        "SecStreamInBodyInspection",
        Setting(Off("requests are not changed here; use REQUEST_BODY or FULL_REQUEST")),
    ),
    ("SecStreamOutBodyInspection", Setting(Off("responses are not changed here; use RESPONSE_BODY"))),
    ("SecTmpDir", Setting(TEXT)),
    ("SecTmpSaveUploadedFiles", Setting(SWITCH)),
    ("SecUnicodeCodePage", Setting(Number)),
    ("SecUnicodeMapFile", Setting(Texts(1, 2))),
    ("SecUploadDir", Setting(TEXT)),
    ("SecUploadFileLimit", Setting(Number)),
    ("SecUploadFileMode", Setting(TEXT)),
    ("SecUploadKeepFiles", Setting(RELEVANT)),
    ("SecWebAppId", Setting(TEXT)),
    ("SecWriteStateLimit", Refused(CONNECTIONS)),
    ("SecXmlExternalEntity", Setting(Off("entities that are somewhere else are never fetched"))),
];

/// The directive with this name.
pub(super) fn named(name: &str) -> Option<(&'static str, Form)> {
    DIRECTIVES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}

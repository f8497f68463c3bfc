//! TOML text to [`Config`], all problems at once.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Config, ConfigError, DetectionResponse, NotifyTarget, PolicyConfig, Problem, RuleSource, Suppression,
    detection::{RESPONSE, SUPPRESSION},
    keys::{KEYS, SECTIONS},
    notify::{Draft, NOTIFY, TYPE},
    policies::{EXCLUSION, Field, POLICY},
    users::{BUSINESS, BusinessRule, SERVICE_USERS, ServiceUsers},
};
use crate::{limits, rules::policy::Exclusion};

pub(super) fn read(text: &str, source: &str) -> Result<Config, ConfigError> {
    let mut reader = Reader { text, source, problems: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        reader.problem(span, String::new(), format!("not TOML: {}", error.message()), None);
    }
    let mut config = Config::default();
    // What the parser recovered may be wrong in itself: no second problems on top of the first.
    if errors.is_empty() {
        reader.sections(root.get_ref(), &mut config);
        if reader.problems.is_empty() {
            reader.whole(root.get_ref(), &config);
        }
    }
    if reader.problems.is_empty() {
        return Ok(config);
    }
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(ConfigError::Wrong(reader.problems))
}

struct Reader<'t> {
    text: &'t str,
    source: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn sections(&mut self, root: &DeTable<'_>, config: &mut Config) {
        for (name, value) in root {
            let section: &str = name.get_ref();
            if section == "policies" {
                config.policies = self.policies(value);
            } else if section == "notify" {
                config.notify = self.notify(value);
            } else if !SECTIONS.contains(&section) {
                self.unknown_section(section, name.span());
            } else if let DeValue::Table(table) = value.get_ref() {
                self.section(section, table, config);
            } else {
                let found = describe(value.get_ref());
                let message =
                    format!("expected a section, `[{section}]` on a line of its own, found {found}");
                self.problem(value.span(), section.to_owned(), message, None);
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>, config: &mut Config) {
        for (name, value) in table {
            let full = format!("{section}.{}", name.get_ref());
            if full == "rules.exclusions" {
                config.rules.exclusions = self.exclusions(&full, value);
                continue;
            }
            if full == "users.events" {
                config.users.events = self.business(&full, value);
                continue;
            }
            if full == "users.services" {
                config.users.services = self.service_users(&full, value);
                continue;
            }
            if full == "detection.responses" {
                config.detection.responses = self.responses(&full, value);
                continue;
            }
            if full == "detection.suppressions" {
                config.detection.suppressions = self.suppressions(&full, value);
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.name == full) else {
                self.unknown_key(section, name.get_ref(), name.span());
                continue;
            };
            if let Err(wrong) = (key.set)(config, value) {
                let message = format!("expected {}, found {}", key.expected, wrong.found);
                self.problem(wrong.span, full, message, wrong.help);
            }
        }
    }

    /// `[[policies]]`.
    fn policies(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<PolicyConfig> {
        let mut policies: Vec<PolicyConfig> = Vec::new();
        for (span, table) in self.tables("policies", value, limits::POLICIES) {
            let mut policy = PolicyConfig::default();
            self.table("policies", POLICY, &["exclusions"], table, &mut policy);
            if let Some((_, value)) = table.iter().find(|(name, _)| name.get_ref() == "exclusions") {
                policy.exclusions = self.exclusions("policies.exclusions", value);
            }
            let missing = |key: &str| !table.keys().any(|name| name.get_ref() == key);
            let problem = if missing("name") {
                Some(("expected a name, `name = \"…\"`", "events and `picket services` show it"))
            } else if policies.iter().any(|other| other.name == policy.name) {
                Some(("expected a name of its own", "another policy has this name"))
            } else if ["services", "ports", "containers", "pods", "cgroups"].into_iter().all(missing) {
                Some((
                    "expected the services it is for",
                    "say it with `services`, `ports`, `containers`, `pods` or `cgroups`; what all services have belongs into `[rules]`",
                ))
            } else {
                None
            };
            if let Some((message, help)) = problem {
                self.problem(span, "policies".to_owned(), message.to_owned(), Some(help.to_owned()));
            }
            policies.push(policy);
        }
        policies
    }

    /// `[[notify]]`.
    fn notify(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<NotifyTarget> {
        let mut targets: Vec<NotifyTarget> = Vec::new();
        for (span, table) in self.tables("notify", value, limits::NOTIFY_TARGETS) {
            let before = self.problems.len();
            let entry = |key: &str| table.iter().find(|(name, _)| name.get_ref() == key);
            let mut draft = Draft::default();
            self.table("notify", NOTIFY, &[TYPE.name], table, &mut draft);
            if let Some((_, value)) = entry(TYPE.name)
                && let Err(wrong) = (TYPE.set)(&mut draft, value)
            {
                let message = format!("expected {}, found {}", TYPE.expected, wrong.found);
                self.problem(wrong.span, format!("notify.{}", TYPE.name), message, wrong.help);
            }
            if self.problems.len() > before {
                continue;
            }
            match draft.finish(&|key| entry(key).is_some()) {
                Ok(target) if targets.iter().any(|other| other.name == target.name) => {
                    let message = "expected a name of its own".to_owned();
                    let help = "another target has this name".to_owned();
                    self.problem(span, "notify.name".to_owned(), message, Some(help));
                }
                Ok(target) => targets.push(target),
                Err(unfit) => {
                    let at = unfit.key.and_then(entry).map(|(name, _)| name.span());
                    let key = unfit.key.map_or("notify".to_owned(), |key| format!("notify.{key}"));
                    self.problem(at.unwrap_or(span), key, unfit.message, unfit.help);
                }
            }
        }
        targets
    }

    /// `[[….exclusions]]`.
    fn exclusions(&mut self, full: &str, value: &Spanned<DeValue<'_>>) -> Vec<Exclusion> {
        let mut exclusions = Vec::new();
        for (span, table) in self.tables(full, value, limits::EXCLUSIONS) {
            let mut exclusion = Exclusion::default();
            self.table(full, EXCLUSION, &[], table, &mut exclusion);
            if !table.keys().any(|name| name.get_ref() != "reason") {
                let message = "expected what is excluded".to_owned();
                let help = "say it with `rules`, `services`, `inputs`, `paths` or `client_ips`; to judge nothing there is mode = \"off\"";
                self.problem(span, full.to_owned(), message, Some(help.to_owned()));
            }
            exclusions.push(exclusion);
        }
        exclusions
    }

    /// `[[users.events]]`.
    fn business(&mut self, full: &str, value: &Spanned<DeValue<'_>>) -> Vec<BusinessRule> {
        let mut rules = Vec::new();
        for (span, table) in self.tables(full, value, limits::BUSINESS_RULES) {
            let mut rule = BusinessRule::default();
            self.table(full, BUSINESS, &[], table, &mut rule);
            let missing = |key: &str| !table.keys().any(|name| name.get_ref() == key);
            let problem = if missing("event") {
                Some(("expected an event, `event = \"…\"`", "events carry it as `business[].name`"))
            } else if missing("paths") && missing("fields") {
                Some((
                    "expected the requests it is about",
                    "say it with `paths` or `fields`; `paths = [\"*\"]` is every path",
                ))
            } else {
                None
            };
            if let Some((message, help)) = problem {
                self.problem(span, full.to_owned(), message.to_owned(), Some(help.to_owned()));
            }
            rules.push(rule);
        }
        rules
    }

    /// `[[users.services]]`.
    fn service_users(&mut self, full: &str, value: &Spanned<DeValue<'_>>) -> Vec<ServiceUsers> {
        let mut services = Vec::new();
        for (span, table) in self.tables(full, value, limits::USER_SERVICES) {
            let mut service = ServiceUsers::default();
            self.table(full, SERVICE_USERS, &[], table, &mut service);
            if !table.keys().any(|name| matches!(name.get_ref().as_ref(), "services" | "ports")) {
                let message = "expected the services it is for".to_owned();
                let help = "say it with `services` or `ports`; what all services have belongs into `[users]`";
                self.problem(span, full.to_owned(), message, Some(help.to_owned()));
            }
            services.push(service);
        }
        services
    }

    /// `[[detection.responses]]`.
    fn responses(&mut self, full: &str, value: &Spanned<DeValue<'_>>) -> Vec<DetectionResponse> {
        let mut responses = Vec::new();
        for (span, table) in self.tables(full, value, limits::DETECT_CHANGES) {
            let mut response = DetectionResponse::default();
            self.table(full, RESPONSE, &[], table, &mut response);
            if !table.keys().any(|name| name.get_ref() == "action") {
                let message = "expected what is done, `action = \"block_ip\"`".to_owned();
                let help = "there are \"block_ip\", \"block_user\" and \"flag_ip\"";
                self.problem(span, full.to_owned(), message, Some(help.to_owned()));
            }
            responses.push(response);
        }
        responses
    }

    /// `[[detection.suppressions]]`.
    fn suppressions(&mut self, full: &str, value: &Spanned<DeValue<'_>>) -> Vec<Suppression> {
        let mut suppressions = Vec::new();
        for (span, table) in self.tables(full, value, limits::DETECT_CHANGES) {
            let mut suppression = Suppression::default();
            self.table(full, SUPPRESSION, &[], table, &mut suppression);
            if !table.keys().any(|name| name.get_ref() == "query") {
                let message = "expected which events do not count, `query = \"…\"`".to_owned();
                let help = "to switch rules off there is `disabled` in `[detection]`";
                self.problem(span, full.to_owned(), message, Some(help.to_owned()));
            }
            suppressions.push(suppression);
        }
        suppressions
    }

    /// The tables of a list of tables, with where they begin.
    fn tables<'v, 't>(
        &mut self,
        full: &str,
        value: &'v Spanned<DeValue<'t>>,
        most: usize,
    ) -> Vec<(Range<usize>, &'v DeTable<'t>)> {
        let expected = format!("expected tables, each begun by `[[{full}]]`");
        let Some(array) = value.get_ref().as_array() else {
            let message = format!("{expected}, found {}", describe(value.get_ref()));
            let help = format!("with two brackets: `[[{full}]]`");
            self.problem(value.span(), full.to_owned(), message, Some(help));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for entry in array.iter() {
            match entry.get_ref() {
                DeValue::Table(_) if tables.len() >= most => {
                    self.problem(entry.span(), full.to_owned(), format!("more than {most} of them"), None);
                    break;
                }
                DeValue::Table(table) => tables.push((entry.span(), table)),
                other => {
                    let message = format!("{expected}, found {}", describe(other));
                    self.problem(entry.span(), full.to_owned(), message, None);
                }
            }
        }
        tables
    }

    /// The keys of one of them; `others` are read elsewhere.
    fn table<T>(
        &mut self,
        full: &str,
        fields: &[Field<T>],
        others: &[&'static str],
        table: &DeTable<'_>,
        to: &mut T,
    ) {
        for (name, value) in table {
            let key: &str = name.get_ref();
            if others.contains(&key) {
                continue;
            }
            let Some(field) = fields.iter().find(|field| field.name == key) else {
                let known: Vec<&str> =
                    fields.iter().map(|field| field.name).chain(others.iter().copied()).collect();
                let help = suggest(key, known.iter().copied()).map_or_else(
                    || format!("keys of `[[{full}]]` are {}", list(&known)),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problem(name.span(), format!("{full}.{key}"), "no such key".to_owned(), Some(help));
                continue;
            };
            if let Err(wrong) = (field.set)(to, value) {
                let message = format!("expected {}, found {}", field.expected, wrong.found);
                self.problem(wrong.span, format!("{full}.{key}"), message, wrong.help);
            }
        }
    }

    /// What only all keys together show.
    fn whole(&mut self, root: &DeTable<'_>, config: &Config) {
        if let Some((key, message, help)) = config.api.problem() {
            let section = root.iter().find(|(name, _)| name.get_ref() == "api");
            let table = section.and_then(|(_, value)| value.get_ref().as_table());
            let entry = table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
            if let Some((_, value)) = entry {
                self.problem(value.span(), format!("api.{key}"), message.to_owned(), Some(help.to_owned()));
            }
        }
        if config.rules.crs.is_some() {
            return;
        }
        let policies = root.iter().find(|(name, _)| name.get_ref() == "policies");
        let tables = policies.and_then(|(_, value)| value.get_ref().as_array());
        for (policy, entry) in config.policies.iter().zip(tables.into_iter().flat_map(|array| array.iter())) {
            if !policy.rules.iter().flatten().any(|source| *source == RuleSource::Crs) {
                continue;
            }
            let rules = entry.get_ref().as_table().and_then(|table| {
                table.iter().find(|(name, _)| name.get_ref() == "rules").map(|(_, value)| value.span())
            });
            self.problem(
                rules.unwrap_or_else(|| entry.span()),
                "policies.rules".to_owned(),
                "\"crs\" is where `[rules] crs` says, and that says nothing".to_owned(),
                Some("picket rules use crs writes it; to use CRS for this policy only, give its directory here".to_owned()),
            );
        }
    }

    fn unknown_section(&mut self, name: &str, span: Range<usize>) {
        let help = match KEYS.iter().find(|key| key.short() == name) {
            Some(key) => format!("`{name}` belongs into the section `[{}]`", key.section()),
            None => match suggest(name, SECTIONS.iter().copied().chain(["policies", "notify"])) {
                Some(near @ ("policies" | "notify")) => format!("did you mean `[[{near}]]`?"),
                Some(near) => format!("did you mean `[{near}]`?"),
                None => format!("sections are {}, `[[policies]]` and `[[notify]]`", list(SECTIONS)),
            },
        };
        self.problem(span, name.to_owned(), "no such section".to_owned(), Some(help));
    }

    fn unknown_key(&mut self, section: &str, name: &str, span: Range<usize>) {
        let here: Vec<&str> =
            KEYS.iter().filter(|key| key.section() == section).map(|key| key.short()).collect();
        let help = match (suggest(name, here.iter().copied()), KEYS.iter().find(|key| key.short() == name)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(key)) => format!("`{name}` belongs into the section `[{}]`", key.section()),
            (None, None) => format!("keys of `[{section}]` are {}", list(&here)),
        };
        self.problem(span, format!("{section}.{name}"), "no such key".to_owned(), Some(help));
    }

    fn problem(&mut self, span: Range<usize>, key: String, message: String, help: Option<String>) {
        self.problems.push(Problem::at(self.text, self.source, span, key, message, help));
    }
}

/// The known name nearest to a mistyped one, if it is near.
pub(super) fn suggest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower = name.to_ascii_lowercase().replace('-', "_");
    known
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What stands in the file, for a person.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", shorten(text)),
        DeValue::Integer(integer) => format!("the integer {}", shorten(integer.as_str())),
        DeValue::Float(float) => format!("the number {}", shorten(float.as_str())),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(59).chain(['…']).collect() }
}

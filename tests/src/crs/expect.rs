//! What must come of a stage.

use super::yaml::Output;
use crate::judge::Judged;

/// What must come of a stage; all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// This rule matches.
    pub rule: Option<String>,
    /// This rule does not.
    pub not_rule: Option<String>,
    /// The answer has one of these statuses; empty: any.
    pub status: Vec<u16>,
    /// There is no answer that a client of HTTP/1.x could read.
    pub no_answer: bool,
}

impl Expected {
    /// Reads what a test says. Of a pattern for the log only the rule's id counts: CRS 3.3.4 looks for
    /// nothing else there (`id "911100"`, twice `id:921140`, once the number alone).
    pub(super) fn read(output: &Output) -> Result<Self, String> {
        let id = |pattern: &Option<String>| pattern.as_deref().map(rule_id).transpose();
        let expected = Self {
            rule: id(&output.log_contains)?,
            not_rule: id(&output.no_log_contains)?,
            status: output.status.0.clone(),
            no_answer: output.expect_error,
        };
        if expected == Self::default() {
            return Err("expects nothing".to_owned());
        }
        Ok(expected)
    }

    /// Whether that is what came of it.
    ///
    /// # Errors
    /// What came instead.
    pub fn check(&self, judged: &Judged, answer: Option<u16>) -> Result<(), String> {
        let has = |rule: &String| judged.rules.contains(rule);
        if let Some(rule) = self.rule.as_ref().filter(|rule| !has(rule)) {
            return Err(format!("rule {rule} did not match; matched: {}", listed(&judged.rules)));
        }
        if let Some(rule) = self.not_rule.as_ref().filter(|rule| has(rule)) {
            return Err(format!("rule {rule} matched"));
        }
        let said = answer.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
        if self.no_answer && answer.is_some() {
            return Err(format!("{said} instead of no answer"));
        }
        if !self.status.is_empty() && !answer.is_some_and(|status| self.status.contains(&status)) {
            return Err(format!("{said}, not {:?}", self.status));
        }
        Ok(())
    }
}

/// The number in a pattern for ModSecurity's log.
fn rule_id(pattern: &str) -> Result<String, String> {
    let id = pattern.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6);
    let rest: String = pattern.chars().filter(|c| !c.is_ascii_digit() && *c != '"').collect();
    match (id, rest.as_str()) {
        (Some(id), "" | "id " | "id:") => Ok(id.to_owned()),
        _ => Err(format!("looks for more than a rule's id in the log: {pattern}")),
    }
}

fn listed(rules: &[String]) -> String {
    if rules.is_empty() { "none".to_owned() } else { rules.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_out_of_patterns() {
        let vectors = [
            ("id \"911100\"", Some("911100")),
            ("id \"942480", Some("942480")),
            ("930120", Some("930120")),
            ("id:921140", Some("921140")),
            ("id \"9111\"", None),
            ("id \"911100\"|id \"911101\"", None),
            ("msg \"x\"", None),
        ];
        for (pattern, id) in vectors {
            assert_eq!(rule_id(pattern).ok().as_deref(), id, "{pattern}");
        }
        assert_eq!(vectors.len(), 7);
    }

    #[test]
    fn all_of_it_must_come() {
        let judged = |rules: &[&str]| Judged {
            rules: rules.iter().map(|&rule| rule.to_owned()).collect(),
            ..Judged::default()
        };
        let rule = Expected { rule: Some("1".to_owned()), ..Expected::default() };
        let not_rule = Expected { not_rule: Some("1".to_owned()), ..Expected::default() };
        let both = Expected { status: vec![403, 400], ..rule.clone() };
        let no_answer = Expected { no_answer: true, ..Expected::default() };
        let vectors = [
            (&rule, &["2", "1"][..], Some(200), true),
            (&rule, &["2"], Some(200), false),
            (&rule, &["1"], None, true),
            (&not_rule, &["2"], Some(200), true),
            (&not_rule, &["1"], Some(200), false),
            (&both, &["1"], Some(400), true),
            (&both, &["1"], Some(200), false),
            (&both, &["1"], None, false),
            (&both, &[], Some(400), false),
            (&no_answer, &[], None, true),
            (&no_answer, &[], Some(408), false),
        ];
        for (expected, rules, answer, holds) in vectors {
            assert_eq!(
                expected.check(&judged(rules), answer).is_ok(),
                holds,
                "{expected:?} {rules:?} {answer:?}"
            );
        }
        assert_eq!(vectors.len(), 11);
    }
}

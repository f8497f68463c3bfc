//! Rules tried on requests: what holds, on what, and how that came of what was sent.

use std::{net::IpAddr, sync::Arc};

use super::{
    RuleMeta,
    catalog::{self, Entry, Language},
    load::{LoadError, load_text},
    model::Transform,
    policy::Rules,
    program::run::{Facts, Scratch},
};
use crate::{http::Exchange, limits::MATCH_VALUE};

/// Rules to be tried.
#[derive(Clone, Debug)]
pub struct Trial {
    rules: Arc<Rules>,
    /// Of these rules, the one that is asked for; none: all.
    only: Option<String>,
}

/// A rule that held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule, as events say it.
    pub rule: Arc<RuleMeta>,
    /// Where: `query.id`, or in SecLang `ARGS:id`.
    pub location: String,
    /// What it found there, after the transformations; cut.
    pub value: String,
    /// What stood there, and what each transformation that changed something made of it.
    pub steps: Vec<Step>,
}

/// A value on its way to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The transformation; none: what stood there, read as its place asks for.
    pub transform: Option<&'static str>,
    /// The value; cut.
    pub value: String,
}

impl Trial {
    /// Rules written out: In-App WAF JSON (a file, a list of rules, or one), or SecLang.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn of_text(text: &str) -> Result<Self, LoadError> {
        Ok(Self { rules: Arc::new(Rules::new(load_text(text, "rule")?)), only: None })
    }

    /// A rule of a policy. One of the In-App WAF stands for itself; one in SecLang needs the others, which set what it
    /// looks at.
    #[must_use]
    pub fn of_entry(entry: &Entry, of: &Arc<Rules>) -> Self {
        let alone = match entry.language {
            Language::InApp => catalog::source(entry).and_then(|text| Self::of_text(&text).ok()),
            Language::SecLang => None,
        };
        let only = entry.meta.id.clone();
        alone.unwrap_or_else(|| Self { rules: Arc::clone(of), only: Some(only) })
    }

    /// All rules of a policy.
    #[must_use]
    pub fn of_rules(rules: &Arc<Rules>) -> Self {
        Self { rules: Arc::clone(rules), only: None }
    }

    /// What is tried.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.rules.entries().iter().filter(|entry| self.is_tried(&entry.meta.id))
    }

    /// What is doubtful about it; of rules that are in force nothing is said here.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let own =
            self.only.is_none() && self.rules.entries().iter().all(|entry| &*entry.place.file == "rule");
        self.rules.engine().filter(|_| own).map(|engine| engine.warnings()).unwrap_or_default()
    }

    fn is_tried(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == id)
    }

    /// Judges a request and, where it is there, its response. Each time stands for itself where the scratch is new.
    #[must_use]
    pub fn judge(&self, exchange: &Exchange, client: IpAddr, scratch: &mut Scratch) -> Vec<Found> {
        let Some(engine) = self.rules.engine() else { return Vec::new() };
        let facts = Facts::of_client(client, jiff::Timestamp::now().as_second());
        let verdict = engine.judge(&exchange.request, exchange.response.as_ref(), &facts, scratch);
        let in_app = verdict.in_app.iter().map(|found| (&found.rule, &found.location, &found.value));
        let hits = verdict.hits.iter().map(|hit| (&hit.told, &hit.location, &hit.value));
        let mut all = Vec::new();
        for (rule, location, value) in in_app.chain(hits).filter(|(rule, ..)| self.is_tried(&rule.id)) {
            let steps = self.steps(&rule.id, location, value, scratch);
            all.push(Found {
                rule: Arc::clone(rule),
                location: location.clone(),
                value: cut(value.as_bytes()),
                steps,
            });
        }
        all
    }

    /// From what stood at a place to what was found: by the first condition whose transformations lead there.
    fn steps(&self, rule: &str, location: &str, found: &str, scratch: &Scratch) -> Vec<Step> {
        let Some(entry) = self.rules.entries().iter().find(|entry| entry.meta.id == rule) else {
            return Vec::new();
        };
        for raw in scratch.values_at(location) {
            for condition in &entry.conditions {
                let transforms = condition.transforms.iter().filter_map(|name| Transform::named(name));
                let mut steps = vec![Step { transform: None, value: cut(&raw) }];
                let mut value = raw.clone();
                for transform in transforms {
                    let mut out = Vec::new();
                    if transform.apply(&value, &mut out) {
                        value = out;
                        steps.push(Step { transform: Some(transform.name()), value: cut(&value) });
                    }
                }
                if memchr::memmem::find(&value, found.as_bytes()).is_some() {
                    return steps;
                }
            }
        }
        Vec::new()
    }
}

fn cut(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..MATCH_VALUE).unwrap_or(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Limits, exchange};

    fn judged(trial: &Trial, target: &str) -> Vec<Found> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let exchange = exchange(request.as_bytes(), None, Limits::default());
        trial.judge(&exchange, [192, 0, 2, 1].into(), &mut Scratch::default())
    }

    #[test]
    fn rules_of_both_languages_say_what_they_found_and_how() {
        let json = r#"{"id":"own","name":"Own","tags":{"type":"xss"},"conditions":[{"operator":"match_regex",
            "parameters":{"inputs":[{"address":"server.request.query"}],"regex":"<script"}}],
            "transformers":["url_decode_uni","lowercase"]}"#;
        let trial = Trial::of_text(json).unwrap();
        let found = judged(&trial, "/?q=a%253CSCRIPT%253E");
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (one.rule.id.as_str(), one.location.as_str(), one.value.as_str()),
            ("own", "query.q", "<script")
        );
        let steps: Vec<_> = one.steps.iter().map(|step| (step.transform, step.value.as_str())).collect();
        assert_eq!(
            steps,
            [
                (None, "a%3CSCRIPT%3E"),
                (Some("url_decode_uni"), "a<SCRIPT>"),
                (Some("lowercase"), "a<script>")
            ]
        );
        assert!(judged(&trial, "/?q=harmless").is_empty());

        let seclang = "SecRule ARGS \"@contains evil\" \"id:7,phase:2,log,msg:'Evil',t:lowercase\"";
        let trial = Trial::of_text(seclang).unwrap();
        let found = judged(&trial, "/?q=EVIL");
        assert_eq!(found[0].location, "ARGS:q");
        assert_eq!(found[0].steps[0].value, "EVIL");
        assert_eq!(found[0].steps[1].transform, Some("lowercase"));
        // A list, and a file.
        for text in [format!("[{json}]"), format!("{{\"version\":\"2.2\",\"rules\":[{json}]}}")] {
            assert_eq!(Trial::of_text(&text).unwrap().entries().count(), 1);
        }
    }

    #[test]
    fn what_is_no_rule_says_where() {
        for (text, says) in [
            ("{\"id\":\"x\"", "rule:1:"),
            ("{\"id\":\"x\",\"name\":\"n\",\"tags\":{},\"conditions\":[]}", "rule:"),
            ("SecRule ARGS \"@nope x\" \"id:1\"", "rule:1:"),
            ("Include /etc/passwd", "rule:1:"),
            ("SecRule ARGS \"@pmFromFile /etc/passwd\" \"id:1,phase:2\"", "no files"),
            ("", "no rule"),
        ] {
            let error = Trial::of_text(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

//! The scenarios of the rules that come with Picket, one file a rule, with all rules at work.

use std::{collections::HashMap, fs, path::Path};

use super::builtin;
use crate::detect::{Change, rules, scenario::Scenario};

/// Severity and counts only rise.
fn rises(changes: &[Change]) {
    let mut before = HashMap::new();
    for Change { signal, .. } in changes {
        let now = (signal.severity, signal.counts.events);
        if let Some((severity, events)) = before.insert(signal.id, now) {
            assert!(severity <= signal.severity && events <= signal.counts.events, "{signal:?}");
        }
    }
}

#[test]
fn every_rule_has_scenarios_and_they_come_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("detections/scenarios");
    let mut ran = 0;
    let mut wrong = Vec::new();
    for rule in rules::builtin().unwrap() {
        let text = fs::read_to_string(folder.join(format!("{}.jsonl", rule.id))).unwrap();
        let (mut raised, mut quiet) = (0, 0);
        for scenario in Scenario::read(&text).unwrap() {
            let changes = scenario.play(&mut builtin());
            rises(&changes);
            let outcome = scenario.judge(changes);
            let raises = outcome.signals.iter().any(|signal| signal.rule == *rule.id);
            raised += u32::from(raises);
            quiet += u32::from(!raises);
            if !outcome.is_right() {
                let shown: Vec<_> = outcome
                    .signals
                    .iter()
                    .map(|signal| format!("{} {} {:?}", signal.rule, signal.severity, signal.group))
                    .collect();
                let (missing, unexpected) = (&outcome.missing, &outcome.unexpected);
                wrong.push(format!(
                    "{}: {}: missing {missing:?}, unexpected {unexpected:?} of {shown:#?}",
                    rule.id, scenario.name
                ));
            }
            ran += 1;
        }
        assert!(raised > 0, "{}: no scenario raises it", rule.id);
        assert!(quiet > 0, "{}: no scenario leaves it alone", rule.id);
    }
    assert!(wrong.is_empty(), "{} of {ran} scenarios:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(ran, 96);
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, rules::builtin().unwrap().len(), "a scenario file belongs to no rule");
}

/// What comes with Picket does nothing of its own accord.
#[test]
fn default_rules_act_on_nobody() {
    for rule in rules::builtin().unwrap() {
        assert!(rule.cases.iter().all(|case| case.actions.is_empty()), "{}", rule.id);
        assert!(rule.enabled && !rule.message.source().is_empty(), "{}", rule.id);
    }
    assert_eq!(rules::builtin().unwrap().len(), 30);
}

//! What came of a run.

use std::{collections::BTreeMap, fmt::Write as _};

use super::exceptions::Exceptions;

/// What came of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its id.
    pub stage: String,
    /// The rule that its file is for.
    pub file: String,
    /// Or why it did not hold.
    pub held: Result<(), String>,
}

/// What came of all stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who judged.
    pub judge: String,
    /// In the order of the stages.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// How many stages held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.held.is_ok()).count()
    }

    /// By rule file: how many held, of how many.
    #[must_use]
    pub fn by_file(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut files = BTreeMap::new();
        for outcome in &self.outcomes {
            let (held, all): &mut (usize, usize) = files.entry(outcome.file.as_str()).or_default();
            *held += usize::from(outcome.held.is_ok());
            *all += 1;
        }
        files
    }

    /// What differs from the exceptions: stages that failed and are not among them, stages among them that
    /// hold, stages among them that are not there. A line each; none: as it should be.
    #[must_use]
    pub fn against(&self, exceptions: &Exceptions) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut known: BTreeMap<&str, &str> = exceptions.iter().collect();
        for outcome in &self.outcomes {
            match (&outcome.held, known.remove(outcome.stage.as_str())) {
                (Ok(()), Some(_)) => wrong.push(format!("{} holds: it is no exception", outcome.stage)),
                (Err(why), None) => wrong.push(format!("{} does not hold: {why}", outcome.stage)),
                (Ok(()), None) | (Err(_), Some(_)) => {}
            }
        }
        wrong
            .extend(known.keys().map(|stage| format!("{stage} is an exception, but there is no such stage")));
        wrong
    }

    /// For a person: the share that held, then the files in which something did not, and why.
    #[must_use]
    pub fn summary(&self) -> String {
        let (held, all) = (self.held(), self.outcomes.len());
        let percent = 100.0 * held as f64 / all.max(1) as f64;
        let mut text = format!("{}: {held} of {all} stages hold, {percent:.2} %\n", self.judge);
        for (file, (held, all)) in self.by_file() {
            if held == all {
                continue;
            }
            let _ = writeln!(text, "  {file}: {held} of {all}");
            for outcome in self.outcomes.iter().filter(|outcome| outcome.file == file) {
                if let Err(why) = &outcome.held {
                    let _ = writeln!(text, "    {}: {why}", outcome.stage);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[(&str, &str, bool)]) -> Report {
        let outcome = |(file, stage, held): &(&str, &str, bool)| Outcome {
            stage: (*stage).to_owned(),
            file: (*file).to_owned(),
            held: if *held { Ok(()) } else { Err("so".to_owned()) },
        };
        Report { judge: "judge".to_owned(), outcomes: outcomes.iter().map(outcome).collect() }
    }

    #[test]
    fn summaries_count_by_file() {
        let report =
            report(&[("1", "1-1", true), ("1", "1-2", false), ("2", "2-1", true), ("2", "2-2", true)]);
        assert_eq!(report.by_file(), BTreeMap::from([("1", (1, 2)), ("2", (2, 2))]));
        assert_eq!(report.summary(), "judge: 3 of 4 stages hold, 75.00 %\n  1: 1 of 2\n    1-2: so\n");
    }

    #[test]
    fn exceptions_cut_both_ways() {
        let report =
            report(&[("1", "1-1", true), ("1", "1-2", false), ("1", "1-3", true), ("1", "1-4", false)]);
        let exceptions = Exceptions::read("1-2 known\n1-3 was known\n1-9 of old\n").expect("exceptions");
        assert_eq!(
            report.against(&exceptions),
            [
                "1-3 holds: it is no exception",
                "1-4 does not hold: so",
                "1-9 is an exception, but there is no such stage",
            ]
        );
        let exceptions = Exceptions::read("1-2 known\n1-4 known, too").expect("exceptions");
        assert!(report.against(&exceptions).is_empty());
    }
}

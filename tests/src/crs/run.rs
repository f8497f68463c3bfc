//! Stages put before a judge.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};

use super::{
    report::{Outcome, Report},
    server,
    stage::Stage,
};
use crate::judge::{Judge, Message};

/// Who sends the requests.
pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Puts every stage before the judge.
///
/// # Errors
/// A judge that cannot judge: that is no outcome.
pub fn run(judge: &mut dyn Judge, stages: &[Stage]) -> Result<Report> {
    let mut outcomes = Vec::with_capacity(stages.len());
    for stage in stages {
        let message = Message::read(&stage.request);
        let judged = judge.judge(CLIENT, &message).with_context(|| stage.id.clone())?;
        let answer = server::answer(&message, &judged);
        let held = stage.expected.check(&judged, answer);
        outcomes.push(Outcome { stage: stage.id.clone(), file: stage.file.clone(), held });
    }
    Ok(Report { judge: judge.name(), outcomes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crs::Expected, judge::Judged};

    /// Finds rule 1 where there is an `x`, and refuses what has a `y`.
    struct Letters;

    impl Judge for Letters {
        fn name(&self) -> String {
            "letters".to_owned()
        }

        fn judge(&mut self, _: IpAddr, message: &Message) -> Result<Judged> {
            let has = |letter| message.target.contains(&letter);
            let rules = has(b'x').then(|| "1".to_owned()).into_iter().collect();
            Ok(Judged { rules, status: has(b'y').then_some(403) })
        }
    }

    #[test]
    fn outcomes_say_which_and_why() {
        let rule = || Expected { rule: Some("1".to_owned()), ..Expected::default() };
        let status = |status| Expected { status: vec![status], ..Expected::default() };
        let vectors = [
            ("/x", rule(), true),
            ("/", rule(), false),
            ("/xy", status(403), true),
            ("/x", status(403), false),
            ("/x", status(200), true),
            ("/ x", status(400), true),
        ];
        let stage = |(at, (target, expected, _)): (usize, &(&str, Expected, bool))| Stage {
            id: format!("{at}"),
            file: "f".to_owned(),
            request: format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes(),
            expected: expected.clone(),
        };
        let stages: Vec<Stage> = vectors.iter().enumerate().map(stage).collect();
        let report = run(&mut Letters, &stages).expect("it judges");
        let held: Vec<bool> = report.outcomes.iter().map(|outcome| outcome.held.is_ok()).collect();
        assert_eq!(held, vectors.each_ref().map(|(.., holds)| *holds));
        assert_eq!((report.held(), report.outcomes.len()), (4, 6));
    }
}

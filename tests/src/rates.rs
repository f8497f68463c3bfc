//! rates: how much of what was sent an agent has reported, and how rightly.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use serde_json::Value;

/// A request that was sent and answered, as far as a report is compared with it.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'e> {
    /// Its path: no other request has it.
    pub path: &'e str,
    /// The client's address and port, as the service sees them.
    pub peer: SocketAddr,
    /// The service's first process.
    pub pid: u32,
    /// The port that the service listens on.
    pub port: u16,
    /// Status code that the client got.
    pub status: u16,
}

/// An agent's reports (lines of `picket run --all --json`), by path.
#[derive(Debug)]
pub struct Reported<'r>(HashMap<&'r str, Vec<&'r Value>>);

impl<'r> Reported<'r> {
    /// Sorts reports. One without a path counts for nothing.
    pub fn new(reports: impl IntoIterator<Item = &'r Value>) -> Self {
        let mut by_path: HashMap<&str, Vec<&Value>> = HashMap::new();
        for report in reports {
            if let Some(path) = report.pointer("/path").and_then(Value::as_str) {
                by_path.entry(path).or_default().push(report);
            }
        }
        Self(by_path)
    }

    /// What each of these was reported as, where something of it is wrong: its path and the report, or that there is none.
    pub fn differences<'s>(&self, sent: &'s [Expected<'_>]) -> impl Iterator<Item = String> + use<'s, '_> {
        sent.iter().filter(|one| !self.rates(&[**one]).is_whole()).map(|one| match self.0.get(one.path) {
            Some(reports) => {
                format!("{one:?}: {}", reports.iter().map(|r| format!("{r} ")).collect::<String>())
            }
            None => format!("{one:?}: not reported"),
        })
    }

    /// Compares them with what was sent; reports of other requests are left aside.
    #[must_use]
    pub fn rates(&self, sent: &[Expected<'_>]) -> Rates {
        let mut rates = Rates { sent: sent.len(), ..Rates::default() };
        for expected in sent {
            let Some((report, again)) = self.0.get(expected.path).and_then(|reports| reports.split_first())
            else {
                continue;
            };
            let is = |field: &str, value: Value| report.pointer(field) == Some(&value);
            let peer = expected.peer.ip().to_canonical().to_string();
            rates.captured += 1;
            rates.again += again.len();
            rates.tied +=
                usize::from(is("/peer_port", expected.peer.port().into()) && is("/peer_ip", peer.into()));
            rates.attributed += usize::from(
                is("/service/pid", expected.pid.into()) && is("/service/port", expected.port.into()),
            );
            rates.answered += usize::from(is("/status", expected.status.into()));
        }
        rates
    }
}

/// Counts of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Sent and answered.
    pub sent: usize,
    /// Of these, reported.
    pub captured: usize,
    /// Of those, with the client's address and port.
    pub tied: usize,
    /// … with the service's process and port.
    pub attributed: usize,
    /// … with the status that the client got.
    pub answered: usize,
    /// Reports beyond the first of the same request.
    pub again: usize,
}

impl Rates {
    /// Whether each request was reported once, with everything right.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole_but(0)
    }

    /// The same but for `missed` requests, of which none was reported.
    #[must_use]
    pub fn is_whole_but(&self, missed: usize) -> bool {
        let right = [self.captured, self.tied, self.attributed, self.answered];
        right.iter().all(|count| count + missed == self.sent) && self.again == 0
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6} sent, captured {} %, tied {} %, service {} %, status {} %, again {}",
            self.sent,
            percent(self.captured, self.sent),
            percent(self.tied, self.captured),
            percent(self.attributed, self.captured),
            percent(self.answered, self.captured),
            self.again
        )
    }
}

/// Rounded down: only what is whole is 100.00.
fn percent(part: usize, whole: usize) -> String {
    match (part * 10_000).checked_div(whole) {
        Some(hundredths) => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const PEER: &str = "127.0.0.1:40000";

    fn expected(path: &str) -> Expected<'_> {
        Expected { path, peer: PEER.parse().expect("an address"), pid: 7, port: 443, status: 200 }
    }

    fn report(path: &str) -> Value {
        json!({"kind": "transaction", "path": path, "peer_ip": "127.0.0.1", "peer_port": 40000,
               "service": {"pid": 7, "port": 443}, "status": 200})
    }

    #[test]
    fn each_field_counts_for_its_own_rate() {
        let all = Rates { sent: 1, captured: 1, tied: 1, attributed: 1, answered: 1, again: 0 };
        let cases: [(&str, Value, Rates); 7] = [
            ("/status", json!(200), all),
            ("/status", json!(201), Rates { answered: 0, ..all }),
            ("/status", Value::Null, Rates { answered: 0, ..all }),
            ("/peer_port", json!(40001), Rates { tied: 0, ..all }),
            ("/peer_ip", json!("127.0.0.2"), Rates { tied: 0, ..all }),
            ("/service/pid", json!(8), Rates { attributed: 0, ..all }),
            ("/service/port", json!(80), Rates { attributed: 0, ..all }),
        ];
        let count = cases.len();
        let mut ran = 0;
        for (field, value, wanted) in cases {
            let mut one = report("/id/1");
            *one.pointer_mut(field).expect("a field of a report") = value;
            let rates = Reported::new([&one]).rates(&[expected("/id/1")]);
            assert_eq!(rates, wanted, "{field} {one}");
            assert_eq!(rates.is_whole(), wanted == all);
            ran += 1;
        }
        assert_eq!(ran, count);
    }

    #[test]
    fn what_is_missing_is_not_made_up_by_what_came_twice() {
        let reports = [report("/id/1"), report("/id/1"), report("/id/3")];
        let rates = Reported::new(&reports).rates(&[expected("/id/1"), expected("/id/2")]);
        assert_eq!(rates, Rates { sent: 2, captured: 1, tied: 1, attributed: 1, answered: 1, again: 1 });
        assert!(!rates.is_whole());
        assert_eq!(
            rates.to_string(),
            "     2 sent, captured 50.00 %, tied 100.00 %, service 100.00 %, status 100.00 %, again 1"
        );
    }

    #[test]
    fn an_address_inside_ipv6_is_the_one_inside() {
        let peer = "[::ffff:127.0.0.1]:40000".parse().expect("an address");
        let sent = [Expected { peer, ..expected("/id/1") }];
        assert!(Reported::new([&report("/id/1")]).rates(&sent).is_whole());
    }

    #[test]
    fn no_report_and_no_request_have_no_rate() {
        let none: [&Value; 0] = [];
        let rates = Reported::new(none).rates(&[]);
        assert_eq!(
            rates.to_string(),
            "     0 sent, captured - %, tied - %, service - %, status - %, again 0"
        );
    }

    proptest! {
        #[test]
        fn prop_only_what_is_whole_is_a_hundred_percent(part in 0usize..100_000, whole in 1usize..100_000) {
            prop_assume!(part <= whole);
            prop_assert_eq!(percent(part, whole) == "100.00", part == whole);
        }

        #[test]
        fn prop_each_report_counts_once(counts in prop::collection::vec(0usize..4, 0..40)) {
            let paths: Vec<String> = (0..counts.len()).map(|n| format!("/id/{n}")).collect();
            let reports: Vec<Value> =
                paths.iter().zip(&counts).flat_map(|(path, count)| vec![report(path); *count]).collect();
            let sent: Vec<Expected<'_>> = paths.iter().map(|path| expected(path)).collect();
            let rates = Reported::new(&reports).rates(&sent);
            prop_assert_eq!(rates.captured + rates.again, reports.len());
            prop_assert_eq!(rates.is_whole(), counts.iter().all(|count| *count == 1));
        }
    }
}

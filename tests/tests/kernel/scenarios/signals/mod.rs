//! From real traffic to signals: attackers and a benign day at a small shop, agents that are killed, how long a signal takes,
//! and what must never be found anywhere.

mod attackers;
mod benign;
mod blocked;
mod canaries;
mod crimes;
mod elsewhere;
mod inbox;
mod killed;
mod latency;
mod raised;
mod receivers;
mod replayed;
pub(super) mod town;
pub(super) mod visitor;

use super::{Scenario, scenario};

/// See [`super::all`].
pub const SCENARIOS: &[Scenario] = &[
    scenario(
        "signal/attackers",
        crimes::all_at_once,
        "an attacker for each rule that comes with Picket, all at once: each raises its signals, once",
    ),
    scenario("signal/benign-day", benign::day, "a day of recorded visits, in event time, raises nothing"),
    scenario(
        "signal/blocked",
        blocked::by_signals,
        "what signals ask for: addresses blocked in XDP, users and clients behind proxies marked and said to be",
    ),
    scenario(
        "signal/new-country",
        elsewhere::new_country,
        "a login from another country, by a GeoIP database; without one the rule is off, and says so",
    ),
    scenario("signal/latency", latency::measured, "200 signals: from the last needed request to the signal"),
    scenario("signal/killed", killed::fifty_times, "50 kills under load: nothing that was shown is lost"),
    scenario(
        "signal/resumed",
        killed::resumed,
        "what is half before a kill and half after it is seen, and told once",
    ),
    scenario(
        "signal/canaries",
        canaries::none_is_found,
        "secrets in every place: none in what Picket writes",
    ),
    scenario("signal/damaged", killed::damaged, "a damaged database: said, kept, and gone on without"),
];

//! The scenarios, one file each theme.

mod attribution;
mod bulk;
mod chain;
mod connections;
mod deny;
mod events;
mod forged;
mod lifetime;
mod page;
mod policies;
mod reload;
mod services;
mod signals;
mod tls;
mod ui;

use anyhow::Result;

use crate::site::Site;

/// A scenario.
pub struct Scenario {
    /// Its name, for `--only` and the report.
    pub name: &'static str,
    /// What it shows, in one line.
    pub about: &'static str,
    /// Runs it; gives figures worth a line.
    pub run: fn(&Site) -> Result<Vec<String>>,
    /// Left out unless its theme is asked for in full: all of its name before the last `/`.
    pub only_by_name: bool,
}

impl Scenario {
    /// Left out unless it is asked for.
    const fn only_by_name(mut self) -> Self {
        self.only_by_name = true;
        self
    }

    /// Whether it is among those asked for: the ones whose name holds a pattern, all without one.
    pub fn is_wanted(&self, patterns: &[&str]) -> bool {
        if self.only_by_name {
            let theme = self.name.rsplit_once('/').map_or(self.name, |(theme, _)| theme);
            return patterns.iter().any(|p| p.starts_with(theme) && self.name.contains(p));
        }
        patterns.is_empty() || patterns.iter().any(|p| self.name.contains(p))
    }
}

/// All of them, in the order they run.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().chain(signals::SCENARIOS).chain(tls::SCENARIOS)
}

const fn scenario(
    name: &'static str,
    run: fn(&Site) -> Result<Vec<String>>,
    about: &'static str,
) -> Scenario {
    Scenario { name, about, run, only_by_name: false }
}

/// Those whose service speaks in the clear.
const SCENARIOS: &[Scenario] = &[
    scenario(
        "service/nginx",
        services::nginx,
        "nginx: each request once, in 14 shapes, IPv4 and IPv6, on the host and in a namespace",
    ),
    scenario("service/apache", services::apache, "the same for Apache (deferred accept)"),
    scenario("service/node", services::node, "the same for Node"),
    scenario("service/python-http", services::python_http, "the same for Python's http.server"),
    scenario("service/python-asyncio", services::python_asyncio, "the same for Python's asyncio"),
    scenario("service/io-uring", services::uring, "the same for a service that reads with io_uring"),
    scenario("service/splice", services::splice, "the same for a service that reads with splice"),
    scenario("service/peek", services::peek, "the same for a service that peeks with recvmsg"),
    scenario(
        "connection/older",
        connections::older_than_agent,
        "connections that were open before the agent",
    ),
    scenario("connection/ten-thousand", connections::ten_thousand, "10,000 requests over 100 connections"),
    scenario(
        "connection/forged",
        forged::forged,
        "segments that TCP does not accept: malformed, out of the window",
    ),
    scenario("bulk/big-bodies", bulk::big_bodies, "big uploads and downloads cost next to nothing"),
    scenario("bulk/not-http", bulk::not_http, "what is not HTTP is given up after its first bytes"),
    scenario("bulk/intact", bulk::intact, "bulk transfers through the tap arrive unchanged"),
    scenario("attribution/same-port", attribution::same_port, "equal tuples in two namespaces"),
    scenario(
        "attribution/proxy-chain",
        attribution::proxy_chain,
        "nginx before Python: both hops, the right client",
    ),
    scenario(
        "chain/plain",
        chain::plain,
        "100 clients at once through nginx: each request led back to its own, forged addresses or not",
    )
    .only_by_name(),
    // With two workers one event of some thousand still goes without its chain now and then.
    scenario("chain/tls", chain::tls, "the same with TLS up to nginx"),
    scenario("chain/three-hops", chain::three_hops, "two proxies: one chain, and one attack a request"),
    scenario("attribution/two-agents", attribution::two_agents, "two agents side by side"),
    scenario("event/attacks", events::attacks, "attacks are events with the right rule"),
    scenario("event/redacted", events::redacted, "no credential is printed or stored"),
    scenario("event/seclang", events::seclang, "rules in SecLang score, and see the response"),
    scenario("event/policies", policies::policies, "each service judged by its own policy, with exclusions"),
    scenario("deny/respond", deny::respond, "attack events block their sender until the block ends"),
    scenario("deny/by-hand", deny::by_hand, "picket block, unblock, denylist, passlist"),
    scenario("deny/agent-dead", deny::agent_dead, "blocks hold and end without the agent, a restart adopts"),
    scenario(
        "deny/page",
        page::page,
        "blocked clients are told so, in HTML, in JSON and by TLS; nothing of theirs gets to the service",
    ),
    scenario("deny/clean", deny::clean, "picket run --clean leaves nothing in the kernel"),
    scenario("agent/killed", lifetime::killed_ten_times, "SIGKILL under load, ten times"),
    scenario("agent/terminated", lifetime::terminated, "SIGTERM ends it within 2 s"),
    scenario("agent/reloaded", lifetime::reloaded, "SIGHUP with good and bad configurations"),
    scenario(
        "agent/rules-reloaded",
        reload::under_load,
        "20 reloads of rules under load, good and bad: nothing unseen, nothing late",
    ),
    scenario(
        "ui/browser",
        ui::browser,
        "the web UI in Chromium: every page and action, with a script and without, accessible, nothing alive",
    ),
    scenario(
        "ui/walk",
        ui::walk,
        "a night of attacks and the morning after, as docs/investigating.md tells it: in the browser and by command",
    ),
    scenario("agent/loss", lifetime::loss, "what a small ring buffer loses is counted"),
];

//! Policies: each service is judged by its own.

use std::fs;

use anyhow::{Result, ensure};

use crate::agent::Installation;
use crate::client::Request;
use crate::ledger::Ledger;
use crate::servers::{Place, nginx, python};
use crate::site::Site;
use crate::workload::{exchange, mark};

/// One service watched only, with an exclusion; one not judged; one by what `[rules]` says.
pub fn policies(site: &Site) -> Result<Vec<String>> {
    let rules = site.dir().join("own.conf");
    fs::write(
        &rules,
        "SecRule ARGS \"@contains evil\" \"id:10,phase:2,deny,log,msg:'Evil',tag:'attack-generic'\"\n",
    )?;
    let shop = nginx::start(&Place::host(site)?)?;
    let quiet = python::start_http_server(&Place::host(site)?)?;
    let plain = python::start_asyncio(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    installation.configure(&format!(
        r#"
        [rules]
        builtin = false
        files = ["own.conf"]
        [respond]
        enabled = true
        events = 1
        [[policies]]
        name = "shop"
        services = ["ngin*"]
        ports = [{}]
        mode = "monitor"
        [[policies.exclusions]]
        rules = ["tag:attack-generic"]
        inputs = ["query.comment"]
        paths = ["/t/editor/*"]
        [[policies]]
        name = "quiet"
        services = ["{}"]
        mode = "off"
        "#,
        shop.service.port, quiet.service.name
    ))?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    // Loopback is never blocked: what counts as an attack is told by a counter.
    let counted = || -> Result<u64> {
        let stats = installation.stats()?;
        let counters = stats.0["agent"].as_array().cloned().unwrap_or_default();
        let counter = counters.iter().find(|counter| counter["name"] == "attacks_passlisted");
        Ok(counter.and_then(|counter| counter["total"].as_u64()).unwrap_or(0))
    };
    type Asked<'s> =
        (&'s crate::servers::Server, &'static str, &'static str, bool, Option<&'static str>, u64);
    let asked: [Asked<'_>; 6] = [
        (&shop, "editor", "comment=evil", false, Some("shop"), 0),
        (&shop, "editor", "other=evil", true, Some("shop"), 0),
        (&shop, "page", "comment=evil", true, Some("shop"), 0),
        (&quiet, "page", "comment=evil", false, Some("quiet"), 0),
        (&plain, "page", "comment=evil", true, None, 1),
        (&plain, "editor", "comment=evil", true, None, 1),
    ];
    for (server, shape, query, event, policy, attacks) in asked {
        let before = counted()?;
        let mut connection = server.connect(false)?;
        let request = Request::new("GET", mark(shape)).query(query);
        exchange(server, &mut connection, &request, 200, &mut ledger)?;
        let report = agent.wait_for_report("the request", |report| report.path() == request.path)?;
        let shown = report.at("/policy").as_str();
        ensure!(report.is_event() == event && shown == policy, "{shape} {query} of {policy:?}: {report}");
        let more = counted()? - before;
        ensure!(more == attacks, "{shape} {query} of {policy:?}: {more} attacks counted, not {attacks}");
    }
    let services = installation.json(&["services"])?;
    let mut shown = Vec::new();
    for (server, policy, mode) in
        [(&shop, "shop", "monitor"), (&quiet, "quiet", "off"), (&plain, "default", "block")]
    {
        let of = |service: &&serde_json::Value| service["name"] == server.service.name;
        let service = services.as_array().and_then(|all| all.iter().find(of).cloned()).unwrap_or_default();
        ensure!(service["policy"] == policy && service["mode"] == mode, "{policy} ({mode}): {service}");
        shown.push(format!("{} {policy} ({mode})", server.service.name));
    }
    // A person's word takes effect on running traffic: on one connection, and no request of it is lost.
    let name = shop.service.name.as_str();
    let mut connection = shop.connect(false)?;
    for (word, event, attacks) in
        [("monitor", true, 0), ("off", false, 0), ("block", true, 1), ("--reset", true, 0)]
    {
        installation.json(&["services", "policy", name, word])?;
        let before = counted()?;
        let request = Request::new("GET", mark("page")).query("other=evil");
        exchange(&shop, &mut connection, &request, 200, &mut ledger)?;
        let report = agent.wait_for_report("the request", |report| report.path() == request.path)?;
        ensure!(report.is_event() == event, "{word}: {report}");
        let more = counted()? - before;
        ensure!(more == attacks, "{word}: {more} attacks counted, not {attacks}");
    }
    agent.check(&ledger)?;
    Ok(vec![format!("{} requests, by three policies: {}", ledger.len(), shown.join(", "))])
}

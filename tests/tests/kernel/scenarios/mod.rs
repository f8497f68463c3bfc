//! The scenarios, one file each.

mod services;

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
}

/// All of them, in the order they run.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "service/nginx",
        about: "nginx: every request once, in every shape, IPv4 and IPv6, on the host and in a namespace",
        run: services::nginx,
    },
    Scenario {
        name: "service/apache",
        about: "the same for Apache (deferred accept)",
        run: services::apache,
    },
    Scenario { name: "service/node", about: "the same for Node", run: services::node },
    Scenario {
        name: "service/python-http",
        about: "the same for Python's http.server",
        run: services::python_http,
    },
    Scenario {
        name: "service/python-asyncio",
        about: "the same for Python's asyncio",
        run: services::python_asyncio,
    },
    Scenario {
        name: "service/io-uring",
        about: "the same for a service that reads with io_uring",
        run: services::uring,
    },
    Scenario {
        name: "service/splice",
        about: "the same for a service that reads with splice",
        run: services::splice,
    },
    Scenario {
        name: "service/peek",
        about: "the same for a service that peeks with recvmsg",
        run: services::peek,
    },
];

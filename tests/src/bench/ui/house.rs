//! An agent with its UI, a service that it watches, and a browser.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::{Context, Result};

use super::{UiBench, browser::Browser, signals};
use crate::bench::{
    agent::{Agent, Setup},
    clock,
    ground::Cgroup,
    load::open_loop::Load,
    service::Service,
    store,
};

/// Requests that let the agent know the service.
const GREETINGS: Load = Load {
    service: std::net::SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)),
    rate: 200,
    connections: 4,
    seconds: 1,
};

/// All that runs. What is named first ends first.
pub struct House {
    /// Somebody who looks.
    pub browser: Browser,
    /// The agent.
    pub agent: Agent,
    /// What it watches.
    pub nginx: Service,
    _watched: Cgroup,
}

impl House {
    /// Fills the store if need be, starts all.
    ///
    /// # Errors
    /// When something does not start.
    pub fn open(ui: &UiBench) -> Result<Self> {
        let now = clock::since_epoch();
        let place = ui.state.join("store");
        fs::create_dir_all(&place).with_context(|| format!("make {}", place.display()))?;
        let filled = store::fill(&place, ui.events, now, store::Body::Newest)?;
        ui.bench.progress(filled.trim());
        signals::fill(&place, now)?;
        let watched = Cgroup::new("ui")?;
        let nginx = Service::nginx(Ipv4Addr::LOCALHOST, &watched, None, Some(0))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let config = format!(
            "[ui]\nlisten = \"127.0.0.1:{port}\"\n[store]\nmax_age = \"3650d\"\nmax_size = \"64 GiB\"\n"
        );
        let state = Some(ui.state.as_path());
        let setup = Setup { config: &config, watched: &watched, netns: None, deny: None, nice: 0, state };
        let agent = Agent::start(&ui.bench, setup)?;
        let login = agent.json(&["ui", "login", "--role", "admin", "--name", "bench"])?;
        let link = login["url"].as_str().context("a link to log in")?;
        let browser = Browser::start(&format!("http://127.0.0.1:{port}"), link)?;
        Load { service: nginx.address.into(), ..GREETINGS }.send()?;
        agent.settled(u64::from(GREETINGS.rate))?;
        Ok(Self { browser, agent, nginx, _watched: watched })
    }

    /// Ends all in good order.
    ///
    /// # Errors
    /// When the agent does not end well.
    pub fn close(self) -> Result<()> {
        drop(self.browser);
        self.agent.stop()
    }
}

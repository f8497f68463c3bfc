//! Services of others, as anyone would run them.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::bench::{
    clock::wait_until,
    ground::{Cgroup, Directory, Netns, Process, find},
};

/// A running service.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddrV4,
    _process: Process,
    _directory: Directory,
    /// What else it reads.
    _rules: Option<Directory>,
}

impl Service {
    /// nginx with one worker, bound to a CPU if one is given; every answer is 204, empty.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn nginx(
        address: Ipv4Addr,
        cgroup: &Cgroup,
        netns: Option<&Netns>,
        cpu: Option<usize>,
    ) -> Result<Self> {
        Self::nginx_that("", "return 204;", "", address, cgroup, netns, cpu)
    }

    /// The same with TLS.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn nginx_with_tls(
        certificate: &Path,
        key: &Path,
        cgroup: &Cgroup,
        cpu: Option<usize>,
    ) -> Result<Self> {
        let answer = format!(
            "ssl_protocols TLSv1.3; ssl_certificate {}; ssl_certificate_key {}; return 204;",
            certificate.display(),
            key.display()
        );
        Self::nginx_that("ssl", &answer, "", Ipv4Addr::LOCALHOST, cgroup, None, cpu)
    }

    /// The same with ModSecurity inside it, which judges by CRS at level 1 and blocks nothing; every answer is a picture
    /// of one pixel: an answer without content would be given before the module is asked.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn nginx_with_modsecurity(address: Ipv4Addr, cgroup: &Cgroup, cpu: Option<usize>) -> Result<Self> {
        let rules = Directory::new("modsecurity")?;
        let file = rules.file("modsecurity.conf");
        fs::write(
            &file,
            "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\nSecAuditEngine Off\nInclude /etc/modsecurity/crs/crs-setup.conf\nInclude /usr/share/modsecurity-crs/rules/*.conf\n",
        )?;
        let answer =
            format!("modsecurity on; modsecurity_rules_file {}; location / {{ empty_gif; }}", file.display());
        let module = "load_module /usr/lib/nginx/modules/ngx_http_modsecurity_module.so;";
        let mut service = Self::nginx_that("", &answer, module, address, cgroup, None, cpu)?;
        service._rules = Some(rules);
        Ok(service)
    }

    /// nginx whose only server listens so and does this.
    fn nginx_that(
        listen: &str,
        answer: &str,
        modules: &str,
        address: Ipv4Addr,
        cgroup: &Cgroup,
        netns: Option<&Netns>,
        cpu: Option<usize>,
    ) -> Result<Self> {
        let directory = Directory::new("nginx")?;
        let place = SocketAddrV4::new(address, port(address, netns)?);
        let dir = directory.path().display();
        let bound = cpu.map_or_else(String::new, |cpu| format!("worker_cpu_affinity {:b};", 1u64 << cpu));
        let configuration = format!(
            "{modules} daemon off; user root; worker_processes 1; {bound} pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen {place} {listen}; {answer} }}
}}
"
        );
        fs::write(directory.file("nginx.conf"), configuration)?;
        let mut command = Command::new(find("nginx")?);
        command.arg("-e").arg(directory.file("error.log"));
        command.arg("-p").arg(directory.path()).arg("-c").arg(directory.file("nginx.conf"));
        Self::start("nginx", command, place, directory, cgroup, netns)
    }

    /// Python's own HTTP server, a thread for each connection; a small JSON answer.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn python(address: Ipv4Addr, cgroup: &Cgroup) -> Result<Self> {
        let directory = Directory::new("python")?;
        let place = SocketAddrV4::new(address, port(address, None)?);
        let script = directory.file("service.py");
        fs::write(&script, include_str!("service.py"))?;
        // Debian's, not one that a version manager puts in front of it.
        let python = match fs::metadata("/usr/bin/python3") {
            Ok(_) => "/usr/bin/python3".into(),
            Err(_) => find("python3")?,
        };
        let mut command = Command::new(python);
        command.arg(script).arg(place.ip().to_string()).arg(place.port().to_string());
        Self::start("python", command, place, directory, cgroup, None)
    }

    /// Whatever `command` starts, once it listens.
    ///
    /// # Errors
    ///
    /// When it ends at its start, or does not listen.
    pub fn start(
        name: &str,
        command: Command,
        address: SocketAddrV4,
        directory: Directory,
        cgroup: &Cgroup,
        netns: Option<&Netns>,
    ) -> Result<Self> {
        let log = directory.file("output.log");
        let mut process = Process::spawn(name, command, File::create(&log)?, cgroup, netns)?;
        let answers = || TcpStream::connect(address).is_ok();
        let ready = wait_until(&format!("{name} to listen on {address}"), 20, || {
            if process.ended().is_some() {
                return Some(false);
            }
            let answers = match netns {
                Some(netns) => netns.enter(|| Ok(answers())).unwrap_or(false),
                None => answers(),
            };
            answers.then_some(true)
        })?;
        if !ready {
            bail!("{name} ended at its start: {}", fs::read_to_string(log).unwrap_or_default().trim());
        }
        Ok(Self { address, _process: process, _directory: directory, _rules: None })
    }
}

/// A port nobody listens on.
///
/// # Errors
///
/// When there is no such address here.
pub fn port(address: Ipv4Addr, netns: Option<&Netns>) -> Result<u16> {
    let free = || -> Result<u16> {
        let listener = TcpListener::bind((address, 0)).with_context(|| format!("bind to {address}"))?;
        Ok(listener.local_addr()?.port())
    };
    match netns {
        Some(netns) => netns.enter(free),
        None => free(),
    }
}

//! A receiver for each kind of notification.

use std::fs;
use std::net::UdpSocket;

use anyhow::{Result, ensure};

use super::canaries::Planted;
use super::inbox::{Inbox, Speech};
use super::town::Town;
use crate::patience::wait_until;
use crate::site::Site;

/// All of them.
pub struct Receivers {
    syslog: UdpSocket,
    /// The kind and who takes it.
    inboxes: [(&'static str, Inbox); 5],
}

impl Receivers {
    /// Each listens at a place of its own.
    pub fn open(town: &Town) -> Result<Self> {
        let inboxes = [
            ("webhook", town.inbox(Speech::Http)?),
            ("slack", town.inbox(Speech::Http)?),
            ("otlp", town.inbox(Speech::Http)?),
            ("email", town.inbox(Speech::Mail)?),
            ("cef", town.inbox(Speech::Stream)?),
        ];
        Ok(Self { syslog: town.receiver()?, inboxes })
    }

    /// Has all of them told, with secrets of their own, and one that is not there.
    pub fn configuration(&self, site: &Site, planted: &mut Planted) -> Result<String> {
        let mut secret = |of: &str, text: &dyn Fn(&str) -> String| -> Result<String> {
            let file = site.dir().join(format!("secret-{}", of.replace(' ', "-")));
            fs::write(&file, text(&planted.new_secret(&format!("a notification's {of}"))))?;
            Ok(file.display().to_string())
        };
        let plain = |secret: &str| secret.to_owned();
        let mut toml = format!(
            "[[notify]]\nname = \"udp\"\ntype = \"syslog\"\naddress = \"{}\"\nsignals = \"\"\n\n\
             [[notify]]\nname = \"away\"\ntype = \"webhook\"\nurl = \"http://192.0.2.2:9/hook\"\ntoken_file = \"{}\"\nsignals = \"\"\n\n",
            self.syslog.local_addr()?,
            secret("token for who is away", &plain)?,
        );
        for (kind, inbox) in &self.inboxes {
            let at = inbox.address;
            let more = match *kind {
                "webhook" => format!(
                    "type = \"webhook\"\nurl = \"http://{at}/hook\"\ntoken_file = \"{}\"\nsecret_file = \"{}\"",
                    secret("token", &plain)?,
                    secret("key", &plain)?
                ),
                "slack" => {
                    let address = secret("address", &|secret| format!("http://{at}/services/{secret}"))?;
                    format!("type = \"slack\"\nurl_file = \"{address}\"")
                }
                "otlp" => format!(
                    "type = \"otlp\"\nurl = \"http://{at}\"\ntoken_file = \"{}\"",
                    secret("token for OpenTelemetry", &plain)?
                ),
                "email" => format!(
                    "type = \"email\"\naddress = \"{at}\"\ntls = \"none\"\nfrom = \"picket@mail.example\"\nto = [\"duty@mail.example\"]\n\
                     username = \"picket\"\npassword_file = \"{}\"",
                    secret("password for mail", &plain)?
                ),
                _ => format!("type = \"syslog\"\naddress = \"{at}\"\ntransport = \"tcp\"\nformat = \"cef\""),
            };
            toml += &format!(
                "[[notify]]\nname = \"{kind}\"\n{more}\nsignals = \"\"\non = [\"opened\", \"escalated\", \"extended\", \"triaged\"]\n\n"
            );
        }
        Ok(toml)
    }

    /// Waits until each kind was told about an actor, and adds what all were told. What stands around it, where secrets belong,
    /// is none of that. Gives how many kinds there are.
    pub fn collect(&self, actor: &str, written: &mut Vec<(String, Vec<u8>)>) -> Result<usize> {
        let mut datagrams: Vec<Vec<u8>> = Vec::new();
        let is_told = |content: &[u8]| memchr::memmem::find(content, actor.as_bytes()).is_some();
        wait_until("a notification over UDP", 20, || {
            let mut datagram = vec![0; 65_536];
            while let Ok(length) = self.syslog.recv(&mut datagram) {
                datagrams.push(datagram.get(..length).unwrap_or_default().to_vec());
            }
            datagrams.iter().any(|datagram| is_told(datagram)).then_some(())
        })?;
        written
            .extend(datagrams.into_iter().map(|datagram| ("a notification over UDP".to_owned(), datagram)));
        for (kind, inbox) in &self.inboxes {
            let messages = wait_until(&format!("a notification of kind {kind} about {actor}"), 30, || {
                let messages = inbox.messages();
                messages.iter().any(|message| is_told(&message.content)).then_some(messages)
            })?;
            if matches!(*kind, "webhook" | "otlp") {
                let with_token = |envelope: &[u8]| memchr::memmem::find(envelope, b"Bearer Hush").is_some();
                ensure!(
                    messages.iter().all(|message| with_token(&message.envelope)),
                    "{kind}: its token was not sent"
                );
            }
            let content = messages
                .into_iter()
                .map(|message| (format!("a notification of kind {kind}"), message.content));
            written.extend(content);
        }
        Ok(self.inboxes.len() + 1)
    }
}

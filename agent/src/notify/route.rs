//! How a target is reached: one of the five ways, ready to be used.

use std::sync::{Arc, OnceLock};

use super::{
    email::Email,
    error::{Failure, NotifyError},
    http::Http,
    letter::Letter,
    message::Notification,
    otlp::{self, Otlp},
    secret::{Secret, Secrets},
    slack::Slack,
    syslog::Syslog,
    tls::Trust,
    url::Url,
    webhook::Webhook,
};
use crate::config::{Address, MailTls, NotifyTarget, SecretSource, Transport, Via};

/// What is sent.
pub(super) struct Parcel<'p> {
    pub notification: &'p Notification,
    pub letter: &'p Letter,
    pub host: &'p str,
}

/// A target of the configuration, ready to be told.
pub(super) struct Target {
    pub config: NotifyTarget,
    pub address: String,
    route: Route,
    secrets: Secrets,
    host: Arc<str>,
}

enum Route {
    Webhook(Webhook),
    Slack(Slack),
    Syslog(Syslog),
    Email(Box<Email>),
    Otlp(Otlp),
}

/// What several targets share.
pub(super) struct Making<'m> {
    pub secrets: &'m Secrets,
    /// Name of this machine.
    pub host: Arc<str>,
    /// The system's certificates, read when somebody needs them.
    pub system: OnceLock<Trust>,
}

impl Target {
    /// Makes it ready: secrets, certificates.
    ///
    /// # Errors
    /// What is missing.
    pub fn new(config: &NotifyTarget, making: &Making<'_>) -> Result<Self, NotifyError> {
        let name = config.name.as_str();
        let secret = |source: &Option<SecretSource>| -> Result<Option<Secret>, NotifyError> {
            source.as_ref().map(|source| making.secrets.get(name, source)).transpose()
        };
        let trust = || match &config.ca_file {
            Some(path) => Trust::of_file(name, path),
            None => match making.system.get() {
                Some(trust) => Ok(trust.clone()),
                None => {
                    let trust = Trust::of_system(name)?;
                    Ok(making.system.get_or_init(|| trust).clone())
                }
            },
        };
        let unfit = |problem| NotifyError::Undelivered { target: name.to_owned(), problem };
        let http = |url: &Address, headers: &[(String, String)], token: Option<Secret>, path: &str| {
            let url = match url {
                Address::Plain(url) => url.clone(),
                Address::Secret(source) => {
                    let secret = making.secrets.get(name, source)?;
                    Url::parse(secret.expose()).map_err(|problem| NotifyError::Address {
                        target: name.to_owned(),
                        place: source.to_string(),
                        problem,
                    })?
                }
            };
            let url = url.or_path(path);
            let trust = if url.tls { Some(trust()?) } else { None };
            Http::new(url, trust, headers, token.as_ref()).map_err(unfit)
        };
        let (route, address) = match &config.via {
            Via::Webhook { url, headers, secret: key, token } => {
                let http = http(url, headers, secret(token)?, "/")?;
                let address = http.url.to_string();
                (Route::Webhook(Webhook { http, secret: secret(key)? }), address)
            }
            Via::Slack { url } => {
                let http = http(url, &[], None, "/")?;
                let address = http.url.to_string();
                (Route::Slack(Slack { http }), address)
            }
            Via::Otlp { url, headers, token } => {
                let http = http(url, headers, secret(token)?, otlp::PATH)?;
                let address = http.url.to_string();
                (Route::Otlp(Otlp { http }), address)
            }
            Via::Syslog { address, transport, format, facility } => {
                let trust = if *transport == Transport::Tls { Some(trust()?) } else { None };
                let (transport, format, facility) = (*transport, *format, *facility);
                let syslog = Syslog { address: address.clone(), transport, format, facility, trust };
                (Route::Syslog(syslog), address.to_string())
            }
            Via::Email { address, tls, from, to, username, password } => {
                let trust = if *tls == MailTls::None { None } else { Some(trust()?) };
                let password = secret(password)?;
                let login = username.clone().zip(password.as_ref());
                let email = Email::new(
                    address.clone(),
                    (from.as_ref().clone(), to.clone()),
                    (*tls, trust.as_ref()),
                    login,
                    (&making.host, config.timeout),
                );
                (Route::Email(Box::new(email.map_err(unfit)?)), address.to_string())
            }
        };
        let (secrets, host) = (making.secrets.clone(), making.host.clone());
        Ok(Self { config: config.clone(), address, route, secrets, host })
    }

    /// One attempt. Gives the receiver's words; what went wrong has no secrets in it.
    pub async fn send(&self, notification: &Notification) -> Result<String, Failure> {
        let letter = Letter::write(&self.config, notification, &self.host);
        let parcel = Parcel { notification, letter: &letter, host: &self.host };
        let timeout = self.config.timeout;
        let sent = tokio::time::timeout(timeout, async {
            match &self.route {
                Route::Webhook(webhook) => webhook.send(&parcel).await,
                Route::Slack(slack) => slack.send(&parcel).await,
                Route::Syslog(syslog) => syslog.send(&parcel).await,
                Route::Email(email) => email.send(&parcel).await,
                Route::Otlp(otlp) => otlp.send(&parcel).await,
            }
        });
        match sent.await {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(failure)) => Err(Failure { why: self.secrets.cover(&failure.why), ..failure }),
            Err(_) => Err(Failure::again(format!("{}: no answer within {timeout:?}", self.address))),
        }
    }
}

//! E-mail over SMTP.

use std::{sync::Arc, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{
    error::Failure,
    letter::{Letter, one_line},
    route::Parcel,
    secret::Secret,
    tls::Trust,
    url::HostPort,
};
use crate::config::MailTls;

/// A mail server and who gets mail.
pub(super) struct Email {
    pub address: HostPort,
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    server: AsyncSmtpTransport<Tokio1Executor>,
}

impl Email {
    /// A mail server.
    ///
    /// # Errors
    /// The certificates can't be used.
    pub fn new(
        address: HostPort,
        (from, to): (Mailbox, Vec<Mailbox>),
        (tls, trust): (MailTls, Option<&Trust>),
        login: Option<(String, &Secret)>,
        (host, timeout): (&str, Duration),
    ) -> Result<Self, String> {
        let parameters = || {
            let mut parameters =
                TlsParameters::builder(address.host.clone()).certificate_store(CertificateStore::None);
            let certificates = trust.map(|trust| Arc::clone(&trust.certificates)).unwrap_or_default();
            for certificate in certificates.iter() {
                if let Ok(certificate) = Certificate::from_der(certificate.to_vec()) {
                    parameters = parameters.add_root_certificate(certificate);
                }
            }
            parameters.build_rustls().map_err(|error| error.to_string())
        };
        let tls = match tls {
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.host.clone())
            .port(address.port())
            .hello_name(ClientId::Domain(host.to_owned()))
            .timeout(Some(timeout))
            .tls(tls);
        if let Some((name, password)) = login {
            server = server.credentials(Credentials::new(name, password.expose().to_owned()));
        }
        Ok(Self { address, from, to, server: server.build() })
    }

    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<String, Failure> {
        let mail = self.mail(parcel).map_err(Failure::never)?;
        let to = &self.address;
        match self.server.send(mail).await {
            Ok(answer) => Ok(format!("{to} answered {}", answer.code())),
            Err(error) => {
                let why = format!("{to}: {}", chain(&error));
                // Who may not log in may do so when the password is the right one again (RFC 4954 section 6).
                let login =
                    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
                Err(if error.is_permanent() && !login { Failure::never(why) } else { Failure::again(why) })
            }
        }
    }

    fn mail(&self, parcel: &Parcel<'_>) -> Result<Message, String> {
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(one_line(&parcel.letter.title))
            .date(parcel.notification.time.into())
            .message_id(Some(format!("<{}@{}>", parcel.notification.id, self.from.email.domain())))
            .header(AutoSubmitted);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let plain = parcel.letter.plain();
        mail.multipart(MultiPart::alternative_plain_html(plain, html(parcel.letter)))
            .map_err(|error| format!("no mail: {error}"))
    }
}

/// Says that no person wrote it, so that nobody's holiday answers (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// A page without anything that is fetched from elsewhere.
fn html(letter: &Letter) -> String {
    let mut page = format!(
        "<!doctype html><html><body><h2>{}</h2><p>{}</p><table>",
        escape(&letter.title),
        escape(letter.text.trim_end()).replace('\n', "<br>")
    );
    for (name, value) in &letter.facts {
        page.push_str(&format!("<tr><td><b>{name}</b>&nbsp;</td><td>{}</td></tr>", escape(&one_line(value))));
    }
    page.push_str("</table></body></html>");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = one_line(&inner.to_string());
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

//! Generic JSON over HTTP, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    error::Failure,
    http::Http,
    letter::Letter,
    message::{Notification, What, change_name},
    route::Parcel,
    secret::Secret,
};

/// A webhook.
pub(super) struct Webhook {
    pub http: Http,
    pub secret: Option<Secret>,
}

impl Webhook {
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<String, Failure> {
        let body = body(parcel.notification, parcel.letter, parcel.host).to_string();
        let mut fields = vec![
            ("picket-event", parcel.notification.event().to_owned()),
            ("picket-id", parcel.notification.id.clone()),
        ];
        if let Some(secret) = &self.secret {
            let signature = sign(secret.expose().as_bytes(), Timestamp::now().as_second(), body.as_bytes());
            fields.push(("picket-signature", signature));
        }
        self.http.post("application/json", &fields, body.into_bytes()).await?.judge(&self.http.url)
    }
}

/// What is sent.
#[must_use]
pub fn body(notification: &Notification, letter: &Letter, host: &str) -> Value {
    let mut body = json!({
        "id": notification.id,
        "event": notification.event(),
        "time": notification.time,
        "host": host,
        "agent": {"name": "picket", "version": env!("CARGO_PKG_VERSION")},
        "severity": notification.severity(),
        "title": letter.title,
        "text": letter.text,
    });
    let Value::Object(fields) = &mut body else { return body };
    match &notification.what {
        What::Signal { change, signal } => {
            fields.insert("change".to_owned(), json!(change_name(*change)));
            fields.insert("signal".to_owned(), json!(signal));
        }
        What::More { count, severities, signals, since } => {
            fields.insert(
                "more".to_owned(),
                json!({"count": count, "severities": severities, "signals": signals, "since": since}),
            );
        }
        What::Test => {}
    }
    body
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 over `SECONDS.BODY`, so that an old request can be told from a new one.
#[must_use]
pub fn sign(secret: &[u8], seconds: i64, body: &[u8]) -> String {
    // A key that is longer than a block is hashed (RFC 2104 section 2), and filled up with zeros.
    let mut block = [0; 64];
    if secret.len() > block.len() {
        block.iter_mut().zip(Sha256::digest(secret)).for_each(|(to, from)| *to = from);
    } else {
        block.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
    }
    let mac = Hmac::<Sha256>::new(&block.into());
    let tag = mac.chain_update(seconds.to_string()).chain_update(b".").chain_update(body).finalize();
    let hex: String = tag.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// Made with Python: `hmac.new(key, b"1795305600." + body, "sha256").hexdigest()`.
    #[test]
    fn signatures() {
        let vectors: [(&[u8], &[u8], &str); 3] = [
            (b"secret", b"{}", "588e64e106d8f20bb707eb4cb5f069b9b9179c65775e646cd2dfdf2fb91809a0"),
            (b"secret", b"", "963757f4b8b29246e6984d9b31f60e58b7b3225e0cc774e27e5d1ceeb76288ae"),
            (&[b'k'; 100], b"{\"a\":1}", "06d83168e26a466be7b4fb1c8ff9e5eefe4e3f4a18d3e7cacb144abd5980462d"),
        ];
        for (secret, body, expected) in vectors {
            assert_eq!(sign(secret, 1_795_305_600, body), format!("t=1795305600,v1={expected}"));
        }
        assert_eq!(vectors.len(), 3);
    }
}

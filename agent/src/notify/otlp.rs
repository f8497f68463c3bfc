//! OpenTelemetry logs over HTTP, as JSON (OTLP 1.x: opentelemetry-proto, `collector/logs/v1`, `logs/v1`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    error::Failure,
    http::Http,
    letter::Letter,
    message::{Notification, What, change_name},
    route::Parcel,
};
use crate::detect::Severity;

/// Where collectors take logs, unless the address says otherwise.
pub(super) const PATH: &str = "/v1/logs";

/// A collector.
pub(super) struct Otlp {
    pub http: Http,
}

impl Otlp {
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<String, Failure> {
        let body = request(parcel.notification, parcel.letter, parcel.host, Timestamp::now()).to_string();
        let answer = self.http.post("application/json", &[], body.into_bytes()).await?;
        let said = answer.judge(&self.http.url)?;
        // It may take the request and refuse the record (ExportLogsPartialSuccess).
        let partial: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let rejected = &partial["partialSuccess"]["rejectedLogRecords"];
        let rejected =
            rejected.as_str().and_then(|text| text.parse().ok()).or(rejected.as_i64()).unwrap_or(0);
        if rejected > 0 {
            let why = partial["partialSuccess"]["errorMessage"].as_str().unwrap_or("it does not say why");
            return Err(Failure::never(format!("{} refused the record: {why}", self.http.url)));
        }
        Ok(said)
    }
}

/// An `ExportLogsServiceRequest` with one record.
#[must_use]
pub fn request(notification: &Notification, letter: &Letter, host: &str, now: Timestamp) -> Value {
    let (number, text) = severity(letter.severity);
    let mut record = json!({
        "timeUnixNano": notification.time.as_nanosecond().to_string(),
        "observedTimeUnixNano": now.as_nanosecond().to_string(),
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": format!("{}\n{}", letter.title, letter.text).trim_end()},
        "attributes": attributes(notification),
    });
    record["eventName"] = json!(format!("picket.{}", notification.event()));
    json!({"resourceLogs": [{
        "resource": {"attributes": [
            attribute("service.name", text_value("picket")),
            attribute("service.version", text_value(env!("CARGO_PKG_VERSION"))),
            attribute("host.name", text_value(host)),
        ]},
        "scopeLogs": [{
            "scope": {"name": "picket.signals", "version": env!("CARGO_PKG_VERSION")},
            "logRecords": [record],
        }],
    }]})
}

fn attributes(notification: &Notification) -> Vec<Value> {
    let mut attributes = vec![attribute("log.record.uid", text_value(&notification.id))];
    match &notification.what {
        What::Signal { change, signal } => {
            let texts = [
                ("picket.signal.id", signal.id.to_string()),
                ("picket.signal.rule", signal.rule.clone()),
                ("picket.signal.title", signal.title.clone()),
                ("picket.signal.severity", signal.severity.name().to_owned()),
                ("picket.signal.change", change_name(*change).to_owned()),
            ];
            attributes.extend(texts.iter().map(|(key, value)| attribute(key, text_value(value))));
            if let Some(actor) = signal.actors.first() {
                attributes.push(attribute("client.address", text_value(actor)));
            }
            if let Some(user) = signal.users.first() {
                attributes.push(attribute("user.id", text_value(user)));
            }
            let lists = [
                ("picket.signal.actors", &signal.actors),
                ("picket.signal.users", &signal.users),
                ("picket.signal.services", &signal.services),
                ("picket.signal.tags", &signal.tags),
            ];
            for (key, values) in lists {
                let values: Vec<Value> = values.iter().map(|value| text_value(value)).collect();
                attributes.push(attribute(key, json!({"arrayValue": {"values": values}})));
            }
            attributes.push(attribute("picket.signal.events", number(signal.counts.events)));
            attributes.push(attribute("picket.signal.attacks", number(signal.counts.attacks)));
        }
        What::More { count, .. } => attributes.push(attribute("picket.signals", number(*count))),
        What::Test => {}
    }
    attributes
}

fn attribute(key: &str, value: Value) -> Value {
    json!({"key": key, "value": value})
}

fn text_value(text: &str) -> Value {
    json!({"stringValue": text})
}

/// Whole numbers of 64 bits are texts in the JSON of protobuf.
fn number(number: u64) -> Value {
    json!({"intValue": number.to_string()})
}

/// `SeverityNumber` of logs/v1: INFO, INFO2, WARN, ERROR, FATAL.
fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (9, "INFO"),
        Severity::Low => (10, "INFO2"),
        Severity::Medium => (13, "WARN"),
        Severity::High => (17, "ERROR"),
        Severity::Critical => (21, "FATAL"),
    }
}

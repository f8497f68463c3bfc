//! Messages as Slack's incoming webhooks take them (Block Kit).

use serde_json::{Value, json};

use super::{
    error::Failure,
    http::Http,
    letter::{Letter, cut, one_line},
    route::Parcel,
};

/// Bytes of a header block's text: Slack takes 150 characters.
const HEADER: usize = 150;
/// Of a section's text: 3000.
const SECTION: usize = 2900;
/// Of a field's text: 2000.
const FIELD: usize = 1900;
/// Fields of a section.
const FIELDS: usize = 10;

/// An incoming webhook.
pub(super) struct Slack {
    pub http: Http,
}

impl Slack {
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<String, Failure> {
        let body = message(parcel.letter).to_string().into_bytes();
        self.http.post("application/json", &[], body).await?.judge(&self.http.url)
    }
}

/// What is sent. `text` is for notifications, and for those that know no blocks.
#[must_use]
pub fn message(letter: &Letter) -> Value {
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": cut(&letter.title, HEADER), "emoji": false},
    })];
    if !letter.text.trim().is_empty() {
        blocks.push(json!({
            "type": "section",
            "text": {"type": "mrkdwn", "text": whole_entities(&escape(&letter.text), SECTION)},
        }));
    }
    let fields: Vec<Value> = letter
        .facts
        .iter()
        .map(|(name, value)| {
            let text = format!("*{name}*\n{}", escape(&one_line(value)));
            json!({"type": "mrkdwn", "text": whole_entities(&text, FIELD)})
        })
        .collect();
    for fields in fields.chunks(FIELDS) {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    let text = format!("{}\n{}", escape(&letter.title), escape(&letter.text));
    json!({"text": whole_entities(&text, SECTION), "blocks": blocks})
}

/// Slack's three control characters: without them nobody outside makes links, or calls people.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cut, but not within `&amp;`.
fn whole_entities(text: &str, most: usize) -> &str {
    let shorter = cut(text, most);
    match shorter.rfind('&') {
        Some(at) if shorter.len() < text.len() && !shorter.get(at..).unwrap_or_default().contains(';') => {
            shorter.get(..at).unwrap_or_default()
        }
        _ => shorter,
    }
}

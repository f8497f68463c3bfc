//! Files of tests as they are written: ftw's YAML.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A file: tests of one rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Author, description, whether the test is on by default.
    #[serde(rename = "meta")]
    pub _meta: IgnoredAny,
    /// In order.
    pub tests: Vec<Test>,
}

/// A test: stages that follow each other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// `911100-1`.
    pub test_title: String,
    #[serde(default, rename = "desc")]
    pub _desc: IgnoredAny,
    pub stages: Vec<Wrapped>,
}

/// Each stage stands under a key of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wrapped {
    pub stage: Stage,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stage {
    pub input: Input,
    pub output: Output,
}

/// What to send. Where it goes (`dest_addr`, `port`, `protocol`) does not matter: nothing is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Input {
    #[serde(rename = "dest_addr")]
    pub _dest_addr: IgnoredAny,
    #[serde(rename = "port")]
    pub _port: IgnoredAny,
    #[serde(rename = "protocol")]
    pub _protocol: IgnoredAny,
    pub method: Option<String>,
    pub uri: Option<String>,
    pub version: Option<String>,
    pub headers: Headers,
    pub data: Option<Data>,
    /// Nothing is added and nothing is encoded.
    pub stop_magic: bool,
    /// The whole request in base64.
    pub encoded_request: Option<String>,
    /// The whole request.
    pub raw_request: Option<String>,
}

/// What must come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Output {
    pub log_contains: Option<String>,
    pub no_log_contains: Option<String>,
    pub status: Statuses,
    pub expect_error: bool,
}

/// Header fields in the order and case of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers(pub Vec<(String, String)>);

/// A body: as it is, or lines that are joined with CRLF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Text(String),
    Lines(Vec<String>),
}

/// One status or several; any of them will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statuses(pub Vec<u16>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("header fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Headers(fields))
            }
        }
        from.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextOrLines;
        impl<'de> Visitor<'de> for TextOrLines {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or lines of it")
            }

            fn visit_str<E>(self, text: &str) -> Result<Data, E> {
                Ok(Data::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Data, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = seq.next_element()? {
                    lines.push(line);
                }
                Ok(Data::Lines(lines))
            }
        }
        from.deserialize_any(TextOrLines)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Statuses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status or a list of them")
            }

            fn visit_u64<E: serde::de::Error>(self, status: u64) -> Result<Statuses, E> {
                let status = u16::try_from(status).map_err(|_| E::custom("no status is that large"))?;
                Ok(Statuses(vec![status]))
            }

            fn visit_i64<E: serde::de::Error>(self, status: i64) -> Result<Statuses, E> {
                let status = u64::try_from(status).map_err(|_| E::custom("no status is negative"))?;
                self.visit_u64(status)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Statuses, A::Error> {
                let mut statuses = Vec::new();
                while let Some(status) = seq.next_element()? {
                    statuses.push(status);
                }
                Ok(Statuses(statuses))
            }
        }
        from.deserialize_any(OneOrMore)
    }
}

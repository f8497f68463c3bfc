//! The keys of the format.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a rule file: an object with \"version\" and \"rules\"")]
pub(super) struct FileShape<'t> {
    #[serde(borrow)]
    pub version: &'t RawValue,
    #[serde(default, rename = "metadata")]
    pub _metadata: Option<IgnoredAny>,
    #[serde(borrow)]
    pub rules: Vec<&'t RawValue>,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a rule: an object with \"id\", \"name\", \"tags\" and \"conditions\""
)]
pub(super) struct RuleShape<'t> {
    pub id: String,
    pub name: String,
    pub tags: BTreeMap<String, String>,
    #[serde(borrow)]
    pub conditions: Vec<&'t RawValue>,
    #[serde(borrow, default)]
    pub transformers: Vec<&'t RawValue>,
    #[serde(default)]
    pub on_match: Vec<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a condition: an object with \"operator\" and \"parameters\"")]
pub(super) struct ConditionShape<'t> {
    #[serde(borrow)]
    pub operator: &'t RawValue,
    #[serde(borrow)]
    pub parameters: &'t RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "parameters: an object with \"inputs\"")]
pub(super) struct ParametersShape<'t> {
    #[serde(borrow)]
    pub inputs: Vec<&'t RawValue>,
    #[serde(borrow)]
    pub regex: Option<&'t RawValue>,
    #[serde(borrow)]
    pub list: Option<&'t RawValue>,
    #[serde(default)]
    pub options: Options,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "options: an object")]
pub(super) struct Options {
    pub case_sensitive: Option<bool>,
    pub min_length: Option<usize>,
    pub enforce_word_boundary: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an input: an object with \"address\"")]
pub(super) struct InputShape<'t> {
    #[serde(borrow)]
    pub address: &'t RawValue,
    #[serde(default)]
    pub key_path: Vec<String>,
    #[serde(borrow)]
    pub transformers: Option<Vec<&'t RawValue>>,
}

//! Processors and scanners of a rules file, read as plainly as can be: a file that is right is assumed.

use picket::rules::inapp::object::Key;
use picket::rules::inapp::processors::{
    Checksum, Condition, Config, Generator, Input, Mapping, Operator, Processor, Reference, Scalar, Scanner,
    Scanners, Tags,
};
use serde_json::Value;

pub fn read(rules: &Value) -> Config {
    Config { processors: list(&rules["processors"], processor), scanners: list(&rules["scanners"], scanner) }
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().into_iter().flatten().map(read).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn processor(value: &Value) -> Processor {
    let generator = Generator::named(&text(&value["generator"])).expect("a generator");
    let parameters = &value["parameters"];
    let mapping = |mapping: &Value| Mapping {
        inputs: generator.parameters().iter().map(|name| input(&mapping[*name][0])).collect(),
        output: text(&mapping["output"]),
    };
    Processor {
        id: text(&value["id"]),
        generator,
        conditions: list(&value["conditions"], condition),
        mappings: list(&parameters["mappings"], mapping),
        scanners: Scanners { include: list(&parameters["scanners"], reference), exclude: Vec::new() },
        evaluate: value["evaluate"].as_bool().unwrap_or(true),
        output: value["output"].as_bool().unwrap_or(false),
    }
}

fn input(value: &Value) -> Input {
    let key = |key: &Value| match key.as_i64() {
        Some(index) => Key::Index(index),
        None => Key::Name(text(key)),
    };
    Input { address: text(&value["address"]), key_path: list(&value["key_path"], key) }
}

fn condition(value: &Value) -> Condition {
    let name = text(&value["operator"]);
    let plain = name.trim_start_matches('!');
    Condition {
        inputs: list(&value["parameters"]["inputs"], input),
        operator: operator(plain, &value["parameters"]),
        negated: plain != name,
    }
}

fn operator(name: &str, parameters: &Value) -> Operator {
    let options = &parameters["options"];
    match name {
        "match_regex" | "match_regex_with_checksum" => Operator::Regex {
            pattern: text(&parameters["regex"]),
            case_sensitive: options["case_sensitive"].as_bool().unwrap_or(false),
            min_length: options["min_length"].as_u64().unwrap_or(0).try_into().expect("a length"),
            checksum: parameters["checksum"].as_str().map(|_| Checksum::Luhn),
        },
        "phrase_match" => Operator::Phrases {
            list: list(&parameters["list"], text),
            word_boundary: options["enforce_word_boundary"].as_bool().unwrap_or(false),
        },
        "exact_match" => Operator::Exact(list(&parameters["list"], text)),
        "exists" => Operator::Exists,
        "equals" => Operator::Equals(match &parameters["value"] {
            Value::Bool(is) => Scalar::Bool(*is),
            Value::String(wanted) => Scalar::String(wanted.clone()),
            other => Scalar::Signed(other.as_i64().expect("a whole number")),
        }),
        other => panic!("{other}"),
    }
}

fn reference(value: &Value) -> Reference {
    value["id"]
        .as_str()
        .map_or_else(|| Reference::Tags(tags(&value["tags"])), |id| Reference::Id(id.to_owned()))
}

fn tags(value: &Value) -> Tags {
    value.as_object().into_iter().flatten().map(|(name, tag)| (name.clone(), text(tag))).collect()
}

fn scanner(value: &Value) -> Scanner {
    let side =
        |side: &Value| side.is_object().then(|| operator(&text(&side["operator"]), &side["parameters"]));
    Scanner {
        id: text(&value["id"]),
        tags: tags(&value["tags"]),
        key: side(&value["key"]),
        value: side(&value["value"]),
    }
}

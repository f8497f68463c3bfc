//! The OpenAPI file and the handlers say the same.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{desk::Ground, *};

static FILE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(OPENAPI).expect("JSON"));
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

fn validator(schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("lock");
    let made = known.entry(schema.to_string()).or_insert_with(|| {
        let mut whole = schema.clone();
        whole["components"] = FILE["components"].clone();
        Arc::new(jsonschema::validator_for(&whole).expect("a schema"))
    });
    Arc::clone(made)
}

/// The path of the file that a target is of; names before patterns.
fn path_of(target: &str) -> Option<&'static str> {
    let path = target.split('?').next().unwrap_or_default();
    let fits = |pattern: &str| {
        let (mut a, mut b) = (pattern.split('/'), path.split('/'));
        loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b || (a.starts_with('{') && !b.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let mut paths: Vec<&str> = FILE["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .map(String::as_str)
        .filter(|path| fits(path))
        .collect();
    paths.sort_by_key(|path| path.contains('{'));
    paths.first().copied()
}

/// Holds an answer against the file; of what is not in the file, only errors.
pub(super) fn check(method: &str, target: &str, status: u16, answer: &Value) {
    let known = path_of(target).map(|path| &FILE["paths"][path][method.to_ascii_lowercase().as_str()]);
    let schema = match known.filter(|operation| operation.is_object()) {
        Some(operation) => {
            let response = &operation["responses"][status.to_string().as_str()];
            assert!(response.is_object(), "{method} {target}: status {status} is not in the file: {answer}");
            response["content"]["application/json"]["schema"].clone()
        }
        None => json!({"$ref": "#/components/schemas/Error"}),
    };
    let validator = validator(&schema);
    let problems: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(problems.is_empty(), "{method} {target} {status}: {problems:#?}\n{answer:#}");
}

#[test]
fn every_route_is_in_the_file_and_the_reverse() {
    let routes: BTreeMap<(String, String), String> = route_table()
        .into_iter()
        .map(|route| ((route.path.to_owned(), route.method.to_ascii_lowercase()), route.role.to_string()))
        .collect();
    let mut file = BTreeMap::new();
    for (path, operations) in FILE["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let role = operation["x-role"].as_str().expect("a role").to_owned();
            file.insert((path.clone(), method.clone()), role);
        }
    }
    assert_eq!(routes, file);
    assert_eq!(routes.len(), 63);
}

#[test]
fn the_schemas_are_schemas_and_every_code_is_in_them() {
    let schemas = FILE["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        validator(&json!({"$ref": format!("#/components/schemas/{name}")}));
    }
    assert!(schemas.len() >= 40, "{}", schemas.len());
    let listed = &schemas["Error"]["properties"]["error"]["properties"]["code"]["enum"];
    let listed: BTreeSet<&str> =
        listed.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let codes: BTreeSet<String> = Code::ALL
        .iter()
        .map(|code| serde_json::to_value(code).expect("JSON").as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(codes.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_example_of_the_file_is_answered_as_it_says() {
    let ground = Ground::new();
    let signal = ground.signal().to_string();
    let event = ground.get("/v1/events?limit=1")["items"][0]["id"].as_str().expect("an id").to_owned();
    let mut sent = 0;
    // Entries are made before they are taken off.
    for method in ["get", "post", "put", "patch", "delete"] {
        for (path, operations) in FILE["paths"].as_object().expect("paths") {
            let operation = &operations[method];
            if !operation.is_object() || path.ends_with("/tail") {
                continue;
            }
            let mut target = path.replace("{ip}", desk::CLIENT).replace("{name}", "shop");
            let id = if path.starts_with("/v1/rules") && method != "get" {
                "100001"
            } else if path.starts_with("/v1/rules") {
                "picket-xss-001"
            } else if path.starts_with("/v1/detection") {
                "brute-force"
            } else if path.contains("signals") {
                &signal
            } else if path.contains("users") {
                "alice"
            } else {
                &event
            };
            target = target.replace("{id}", id);
            let mut between = '?';
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let value = match &parameter["example"] {
                    Value::Null => continue,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let value = client::segment(&value);
                target.push_str(&format!("{between}{}={value}", parameter["name"].as_str().expect("a name")));
                between = '&';
            }
            let body = match &operation["requestBody"]["content"]["application/json"] {
                Value::Null => String::new(),
                content => {
                    let problems: Vec<_> = validator(&content["schema"])
                        .iter_errors(&content["example"])
                        .map(|error| error.to_string())
                        .collect();
                    assert_eq!(problems, Vec::<String>::new(), "the example of {method} {path}");
                    content["example"].to_string()
                }
            };
            let (status, answer) = ground.ask(&method.to_ascii_uppercase(), &target, &body);
            let expected = match path.as_str() {
                // This agent has none of these.
                "/metrics" | "/v1/ui/login-links" => 503,
                "/v1/notifications/test" => 404,
                "/v1/exclusions" if method == "delete" => 404,
                _ => 200,
            };
            assert_eq!(status, expected, "{method} {target} {body}\n{answer}");
            sent += 1;
        }
    }
    assert_eq!(sent, 61);
}

//! Checks each response that a test receives against `specs/api/openapi.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Response;

/// The response of a path without a route, which is no operation of the document. A disabled part of the API gives it as well.
const NO_ROUTE: &str = r#"{"detail":"Not found","error_code":"RESOURCE_NOT_FOUND"}"#;

struct Operation {
    /// Method and path template, as in `get /api/tasks/{id}`.
    name: String,
    method: String,
    segments: Vec<String>,
    /// Declared statuses, with the schema of each media type.
    responses: BTreeMap<u16, BTreeMap<String, Validator>>,
}

/// Panics unless the operation declares the response's status and the body fits its schema. Requests that match no operation pass.
#[track_caller]
pub(super) fn check(method: &str, path: &str, response: &Response) {
    let Some(operation) = find(method, path) else { return };
    // A 405 is possible where the id of a user is a word of the path.
    if response.status == 405 || (response.status == 404 && response.body == NO_ROUTE) {
        return;
    }
    let name = &operation.name;
    let content = operation.responses.get(&response.status);
    let content =
        content.unwrap_or_else(|| panic!("{name} does not declare {}: {response:?}", response.status));
    record(&format!("{name} {}", response.status));
    if method == "HEAD" {
        return;
    }
    let media_type = response.header("content-type").map(|it| it.split(';').next().unwrap_or(it));
    let Some(schema) = media_type.and_then(|it| content.get(it)) else {
        let is_empty = content.is_empty() && response.body.is_empty();
        assert!(is_empty, "{name} {} does not declare {media_type:?}: {response:?}", response.status);
        return;
    };
    let body = if media_type == Some("application/json") { response.json() } else { json!(response.body) };
    let errors: Vec<_> =
        schema.iter_errors(&body).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(errors.is_empty(), "{name} {}: {errors:#?} {response:?}", response.status);
}

/// Checks the response to a request sent as raw bytes. Malformed requests fail before they reach an operation, in hyper with an empty body.
#[track_caller]
pub(super) fn check_raw(request: &[u8], response: &str) {
    let request = String::from_utf8_lossy(request);
    let mut request_line = request.lines().next().unwrap_or_default().split(' ');
    let (Some(method), Some(path)) = (request_line.next(), request_line.next()) else { return };
    let Some((head, body)) = response.split_once("\r\n\r\n") else { return };
    let mut lines = head.split("\r\n");
    let Some(status) = lines.next().and_then(|it| it.split(' ').nth(1)) else { return };
    let headers: BTreeMap<String, String> = lines
        .filter_map(|it| it.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let is_malformed = status == "400" && (body.is_empty() || body.contains("Malformed request"));
    if !is_malformed && !headers.contains_key("transfer-encoding") {
        let status = status.parse().unwrap();
        check(method, path, &Response { status, headers, cookies: Vec::new(), body: body.to_owned() });
    }
}

/// The declared responses, as in `get /api/tasks/{id} 200`.
pub fn declared_responses() -> BTreeSet<String> {
    let statuses = |it: &'static Operation| it.responses.keys().map(|status| format!("{} {status}", it.name));
    operations().iter().flat_map(statuses).collect()
}

/// The responses that tests have received since the file was removed, in this and in earlier runs.
pub fn seen_responses() -> BTreeSet<String> {
    std::fs::read_to_string(seen_file()).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn seen_file() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("seen-responses")
}

fn record(response: &str) {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if SEEN.lock().unwrap().insert(response.to_owned()) {
        let file = std::fs::File::options().create(true).append(true).open(seen_file());
        file.unwrap().write_all(format!("{response}\n").as_bytes()).unwrap();
    }
}

/// Of several templates that match, the most literal applies. A tie is between `{id}` and a user whose id is a word of the path: task ids
/// are numbers.
fn find(method: &str, path: &str) -> Option<&'static Operation> {
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let segments = segments(path.split('?').next().unwrap_or(path));
    let matching = operations().iter().filter(|it| {
        it.method == method
            && it.segments.len() == segments.len()
            && it
                .segments
                .iter()
                .zip(&segments)
                .all(|(template, it)| is_parameter(template) || template == it)
    });
    let parameters = |it: &Operation| it.segments.iter().filter(|it| is_parameter(it)).count();
    matching.min_by_key(|it| (parameters(it), !it.name.contains("{user_id}")))
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let mut document: Value =
            serde_json::from_str(include_str!("../../../specs/api/openapi.json")).unwrap();
        let mut components = document["components"].take();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            close_parts(schema);
        }
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap().iter();
                let responses = responses.map(|(status, response)| {
                    let no_content = Map::new();
                    let content = response["content"].as_object().unwrap_or(&no_content).iter();
                    let validators =
                        content.map(|(kind, it)| (kind.clone(), validator(&it["schema"], &components)));
                    (status.parse().unwrap(), validators.collect())
                });
                operations.push(Operation {
                    name: format!("{method} {path}"),
                    method: method.clone(),
                    segments: segments(path),
                    responses: responses.collect(),
                });
            }
        }
        operations
    })
}

/// The schema within the document, so that its references resolve.
fn validator(schema: &Value, components: &Value) -> Validator {
    let mut schema = schema.clone();
    close(&mut schema);
    schema["components"] = components.clone();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Forbids fields that the schema does not name. Tests fail at an undocumented field, although clients must accept it.
fn close(schema: &mut Value) {
    close_parts(schema);
    let is_open_map = schema["type"] == "object" && schema.get("properties").is_none();
    if !is_open_map && let Some(schema) = schema.as_object_mut() {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

/// The same for the parts of a schema that are values of their own. Branches such as `allOf` see only some of the fields.
fn close_parts(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    for (keyword, part) in schema {
        match (keyword.as_str(), part) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items", items) => close(items),
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                branches.iter_mut().for_each(close_parts);
            }
            _ => {}
        }
    }
}

//! Checks each response that a test receives against an OpenAPI document: `specs/api/openapi.json`, or that of a server with other shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Response;

/// The operations of an OpenAPI document.
pub struct Document(Vec<Operation>);

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
pub(super) fn check(document: Option<&Document>, method: &str, path: &str, response: &Response) {
    let Some(operation) = find(document.unwrap_or(specified()), method, path) else { return };
    // A path without a route is no operation of the document, and neither is a disabled part of the API. A 405 is possible where the id of
    // a user is a word of the path.
    if response.status == 405 || (response.status == 404 && response.body.contains("\"Not found\"")) {
        return;
    }
    let name = &operation.name;
    let content = operation.responses.get(&response.status);
    let content =
        content.unwrap_or_else(|| panic!("{name} does not declare {}: {response:?}", response.status));
    if document.is_none() {
        record(&format!("{name} {}", response.status));
    }
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
        check(None, method, path, &Response { status, headers, cookies: Vec::new(), body: body.to_owned() });
    }
}

/// The declared responses, as in `get /api/tasks/{id} 200`.
pub fn declared_responses() -> BTreeSet<String> {
    let statuses = |it: &'static Operation| it.responses.keys().map(|status| format!("{} {status}", it.name));
    specified().0.iter().flat_map(statuses).collect()
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
fn find<'d>(document: &'d Document, method: &str, path: &str) -> Option<&'d Operation> {
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let segments = segments(path.split('?').next().unwrap_or(path));
    let matching = document.0.iter().filter(|it| {
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

/// The document of a server without configuration.
fn specified() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| Document::parse(include_str!("../../../specs/api/openapi.json")))
}

impl Document {
    pub fn parse(json: &str) -> Self {
        let mut document: Value = serde_json::from_str(json).unwrap();
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
        Self(operations)
    }
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
    let is_object = schema["type"] == "object"
        || schema["type"].as_array().is_some_and(|it| it.contains(&json!("object")));
    let is_open_map = is_object && schema.get("properties").is_none();
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

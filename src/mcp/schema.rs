//! JSON Schemas of the tools, derived from the types that parse arguments and serialize results.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::task::JsonObject;

/// The schema of an object. It has no references, because some clients of models ignore them.
pub(super) fn object_schema<T: ToSchema>() -> JsonObject {
    let mut definitions = Vec::new();
    T::schemas(&mut definitions);
    let definitions: BTreeMap<String, Value> =
        definitions.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let Value::Object(mut schema) = inline(json!(T::schema()), &definitions) else {
        return JsonObject::new();
    };
    // The type's documentation is for developers.
    schema.remove("description");
    schema
}

/// The schema of an object with no other fields. Only for arguments: a result may get a field, and clients keep schemas.
pub(super) fn closed(mut schema: JsonObject) -> JsonObject {
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// The schema of an object with the fields of both objects.
pub(super) fn merged(first: JsonObject, second: JsonObject) -> JsonObject {
    let mut merged = first;
    for (key, value) in second {
        match (merged.get_mut(&key), value) {
            (Some(Value::Object(fields)), Value::Object(more)) => fields.extend(more),
            (Some(Value::Array(names)), Value::Array(more)) => names.extend(more),
            (_, value) => drop(merged.insert(key, value)),
        }
    }
    merged
}

/// Replaces each reference by the schema that it names. Keywords next to the reference win, because they describe the field.
fn inline(schema: Value, definitions: &BTreeMap<String, Value>) -> Value {
    match schema {
        Value::Array(items) => items.into_iter().map(|it| inline(it, definitions)).collect(),
        Value::Object(mut object) => {
            // A keyword of OpenAPI.
            object.remove("example");
            let target = object.remove("$ref");
            let name = target.as_ref().and_then(Value::as_str).and_then(|it| it.rsplit('/').next());
            let mut inlined = JsonObject::new();
            if let Some(Value::Object(definition)) =
                name.and_then(|it| definitions.get(it)).map(|it| inline(it.clone(), definitions))
            {
                inlined = definition;
            }
            inlined.extend(object.into_iter().map(|(key, value)| (key, inline(value, definitions))));
            Value::Object(inlined)
        }
        other => other,
    }
}

//! Schemas of templates.

use serde_json::Value;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, Type};

use crate::config::Template;

/// The schema of a response that is a template.
pub(crate) fn template_schema<P: Copy>(
    template: &Template<P>,
    placeholder: &impl Fn(P) -> RefOr<Schema>,
) -> RefOr<Schema> {
    match template {
        Template::Placeholder(it) => placeholder(*it),
        Template::Literal(value) => literal(value),
        Template::Object(members) => {
            let object = members.iter().fold(ObjectBuilder::new(), |object, (name, template)| {
                object.property(name, template_schema(template, placeholder)).required(name)
            });
            object.build().into()
        }
        // The items may have different schemas, and clients of such frontends do not depend on them.
        Template::Array(_) => ArrayBuilder::new()
            .items(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build())
            .build()
            .into(),
    }
}

fn literal(value: &Value) -> RefOr<Schema> {
    let kind = match value {
        Value::Bool(_) => Type::Boolean,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        _ => Type::Null,
    };
    ObjectBuilder::new().schema_type(kind).enum_values(Some([value.clone()])).build().into()
}

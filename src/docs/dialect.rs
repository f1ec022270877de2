//! A dialect in the OpenAPI document: the schemas and the examples of its shape.

use chrono::DateTime;
use rocket::http::Status;
use serde_json::{Value, json};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, SchemaType};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::template::template_schema;
use crate::config::{ErrorForm, ErrorPlaceholder, IdType, ListForm, ShapeConfig, Wrapper};
use crate::error::ApiError;
use crate::shape::{AnyError, EnvelopedError, GENEROUS_WORDS, PlainError, Shape, status_filter_words};
use crate::task::{
    AttributeRule, Description, FieldError, JsonType, NewTask, Task, TaskPatch, TaskRef, Title, Window,
};

/// The schema of a value in a template of errors.
fn error_placeholder(placeholder: ErrorPlaceholder) -> RefOr<Schema> {
    match placeholder {
        ErrorPlaceholder::Message | ErrorPlaceholder::Code => {
            ObjectBuilder::new().schema_type(Type::String).build().into()
        }
        ErrorPlaceholder::Status => integer().into(),
        ErrorPlaceholder::Errors => {
            let kind = SchemaType::from_iter([Type::Array, Type::Null]);
            ArrayBuilder::new().schema_type(kind).items(FieldError::schema()).build().into()
        }
    }
}

/// A dialect in the OpenAPI document.
pub(super) struct Dialect<'a> {
    pub(super) shape: &'a Shape,
    pub(super) tag: &'static str,
    pub(super) tag_description: &'static str,
    /// The suffix of operation ids.
    pub(super) suffix: &'static str,
    task_name: &'static str,
    new_name: &'static str,
    patch_name: &'static str,
    template_error_name: &'static str,
}

impl<'a> Dialect<'a> {
    /// The dialect at `/api`.
    pub(super) fn bare(shape: &'a Shape) -> Self {
        Self {
            shape,
            tag: "Tasks",
            tag_description: "The bare dialect",
            suffix: "",
            task_name: "Task",
            new_name: "NewTask",
            patch_name: "TaskPatch",
            template_error_name: "TaskError",
        }
    }

    /// The dialect at `/api/v1`.
    pub(super) fn enveloped(shape: &'a Shape) -> Self {
        Self {
            shape,
            tag: "Tasks, enveloped",
            tag_description: "The enveloped dialect",
            suffix: "V1",
            task_name: "TaskWithStatus",
            new_name: "NewTaskWithStatus",
            patch_name: "TaskPatchWithStatus",
            template_error_name: "TaskErrorWithStatus",
        }
    }

    /// The schemas that operations refer to.
    pub(super) fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        let error = match &self.shape.config.errors {
            ErrorForm::Detail => PlainError::schema(),
            ErrorForm::Error => EnvelopedError::schema(),
            ErrorForm::Any => AnyError::schema(),
            ErrorForm::Template(template) => template_schema(template, &error_placeholder),
        };
        let limits = self.shape.decoder.rules().limits;
        vec![
            (Title::name().into(), with_max_length(Title::schema(), limits.title)),
            (Description::name().into(), with_max_length(Description::schema(), limits.description)),
            (FieldError::name().into(), FieldError::schema()),
            (self.error_name().to_owned(), error),
            (self.task_name.to_owned(), self.task_schema().into()),
            (self.new_name.to_owned(), self.body_schema(&object(NewTask::schema())).into()),
            (self.patch_name.to_owned(), self.body_schema(&object(TaskPatch::schema())).into()),
        ]
    }

    fn error_name(&self) -> &'static str {
        match &self.shape.config.errors {
            ErrorForm::Detail => "Error",
            ErrorForm::Error => "ErrorEnvelope",
            ErrorForm::Any => "AnyError",
            // The dialects may have different templates.
            ErrorForm::Template(_) => self.template_error_name,
        }
    }

    pub(super) fn error(&self) -> RefOr<Schema> {
        reference(self.error_name())
    }

    /// Renders an error, as the catcher does.
    pub(super) fn render(&self, error: &ApiError) -> (Status, Value) {
        let (status, body) = self.shape.error(error);
        (status, json!(body))
    }

    /// The response with a task.
    pub(super) fn task(&self) -> RefOr<Schema> {
        let task = reference(self.task_name);
        self.wrap(match &self.shape.config.task_key {
            Some(key) => ObjectBuilder::new().property(key, task).required(key).build().into(),
            None => task,
        })
    }

    /// The body that creates a task.
    pub(super) fn new_task(&self) -> RefOr<Schema> {
        reference(self.new_name)
    }

    /// The body that changes a task.
    pub(super) fn patch(&self) -> RefOr<Schema> {
        reference(self.patch_name)
    }

    /// The body of `…/complete`.
    pub(super) fn completion(&self) -> RefOr<Schema> {
        let completed = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("The new value. Without it, the value is toggled."));
        let object = ObjectBuilder::new().property("completed", completed);
        self.with_completion(object).build().into()
    }

    /// The response with a list.
    pub(super) fn list(&self) -> RefOr<Schema> {
        let tasks = ArrayBuilder::new().items(reference(self.task_name));
        let ListForm::Object(keys) = &self.shape.config.list else { return self.wrap(tasks.build().into()) };
        let numbers = [
            (&keys.total, "The number of tasks that match the filter."),
            (&keys.limit, "The maximum of tasks in this list."),
            (&keys.offset, "The number of tasks before this list."),
            (&keys.page, "The number of this page, from 1."),
            (&keys.pages, "The number of pages."),
            (&keys.completed, "The number of completed tasks that match the filter."),
            (&keys.pending, "The number of open tasks that match the filter."),
        ];
        let list = ObjectBuilder::new().property(&keys.tasks, tasks).required(&keys.tasks);
        let list = numbers.into_iter().fold(list, |list, (key, description)| match key {
            Some(key) => list.property(key, integer().description(Some(description))).required(key),
            None => list,
        });
        let list = keys.has_more.iter().fold(list, |list, key| {
            let description = "Whether there are tasks after this list.";
            let schema = ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description));
            list.property(key, schema).required(key)
        });
        self.wrap(list.build().into())
    }

    /// The response to a deletion, if it has a body.
    pub(super) fn message(&self) -> RefOr<Schema> {
        let message = ObjectBuilder::new().schema_type(Type::String);
        self.wrap(ObjectBuilder::new().property("message", message).required("message").build().into())
    }

    /// An example of a task.
    pub(super) fn task_example(&self) -> Value {
        // The example has no attributes that could be invalid.
        let json = self.shape.task_json(example()).unwrap_or_default();
        serde_json::from_slice(&json).unwrap_or_default()
    }

    /// An example of a list.
    pub(super) fn list_example(&self) -> Value {
        let mut json = self.shape.lists.opening();
        let _ = self.shape.tasks.write(&mut json, example());
        let limit = self.shape.config.page_size.map(Into::into);
        self.shape.lists.write_closing(&mut json, 1, 0, Window { limit, offset: 0 });
        serde_json::from_slice(&json).unwrap_or_default()
    }

    /// Wraps a value as the response does.
    pub(super) fn wrap_example(&self, value: &Value) -> Value {
        let json =
            [self.shape.config.wrapper.opening(), &value.to_string(), self.shape.config.wrapper.closing()]
                .concat();
        serde_json::from_str(&json).unwrap_or_default()
    }

    /// The values of the parameter `status`.
    pub(super) fn status_filter(&self) -> Vec<String> {
        status_filter_words(self.shape)
    }

    pub(super) fn attributes(&self) -> &[AttributeRule] {
        &self.shape.decoder.rules().attributes.defined
    }

    fn wrap(&self, data: RefOr<Schema>) -> RefOr<Schema> {
        let object = ObjectBuilder::new();
        let object = match self.shape.config.wrapper {
            Wrapper::None => return data,
            Wrapper::DataError => {
                let null = Object::with_type(Type::Null);
                object.property("data", data).required("data").property("error", null).required("error")
            }
            Wrapper::SuccessData => {
                let success = ObjectBuilder::new().schema_type(Type::Boolean);
                object
                    .property("success", success)
                    .required("success")
                    .property("data", data)
                    .required("data")
            }
        };
        object.build().into()
    }

    fn task_schema(&self) -> Object {
        let fields = &self.shape.config.fields;
        let derived = object(Task::schema());
        let limits = self.shape.decoder.rules().limits;
        let names = [
            ("id", &fields.id),
            ("user_id", &fields.user_id),
            ("title", &fields.title),
            ("description", &fields.description),
            ("completed", &fields.completed),
            ("created_at", &fields.created_at),
            ("updated_at", &fields.updated_at),
        ];
        let mut task = ObjectBuilder::new().description(derived.description.clone());
        for (field, names) in names {
            let Some(schema) = derived.properties.get(field) else { continue };
            let schema = match field {
                "id" if self.shape.config.ids == IdType::String => {
                    ObjectBuilder::new().schema_type(Type::String).examples([json!("42")]).build().into()
                }
                "title" => with_max_length(schema.clone(), limits.title),
                "description" => with_max_length(schema.clone(), limits.description),
                _ => schema.clone(),
            };
            for name in ShapeConfig::names(names.as_ref(), field) {
                task = task.property(&name, schema.clone()).required(name);
            }
        }
        if let Some(status) = &self.shape.config.status {
            let schema = ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(status.words.clone()))
                .description(Some("`completed` as a word."));
            task = task.property(&status.field, schema).required(&status.field);
        }
        for rule in self.attributes() {
            let default = Some(rule.default.clone()).filter(|it| !it.is_null());
            let schema = attribute_schema(rule).default(default);
            task = task.property(rule.name.as_str(), schema).required(rule.name.as_str());
        }
        task.additional_properties(self.any_attributes()).build()
    }

    /// Whether an object may have further members.
    fn any_attributes(&self) -> Option<AdditionalProperties<Schema>> {
        let allows_any = self.shape.decoder.rules().attributes.allows_any;
        allows_any.then_some(AdditionalProperties::FreeForm(true))
    }

    /// A body: the fields by their configured names, each way to state completion, and the attributes.
    fn body_schema(&self, derived: &Object) -> Object {
        let fields = &self.shape.config.fields;
        let mut body = ObjectBuilder::new().description(derived.description.clone());
        for (name, schema) in &derived.properties {
            let names = match name.as_str() {
                "title" => fields.title.as_ref(),
                "description" => fields.description.as_ref(),
                _ => None,
            };
            let name = names.and_then(|names| names.first()).unwrap_or(name).to_owned();
            body = body.property(name, schema.clone());
        }
        for name in &derived.required {
            let title = fields.title.as_ref().filter(|_| name == "title").and_then(|names| names.first());
            body = body.required(title.unwrap_or(name).to_owned());
        }
        body = self.with_completion(body);
        for rule in self.attributes() {
            // Without the default: generators of typed clients take a member with a default for one that is never absent.
            body = body.property(rule.name.as_str(), attribute_schema(rule));
        }
        body.additional_properties(self.any_attributes()).build()
    }

    /// The other names of `completed`.
    fn with_completion(&self, object: ObjectBuilder) -> ObjectBuilder {
        let boolean = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("Another name of `completed`."))
            .build();
        let names = ShapeConfig::names(self.shape.config.fields.completed.as_ref(), "is_completed");
        let names = names.into_iter().filter(|name| !["completed", "status"].contains(&name.as_str()));
        let object = names
            .chain(["is_completed".to_owned()])
            .fold(object, |object, name| object.property(name, boolean.clone()));
        let words = if let Some(status) = &self.shape.config.status {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(status.words.clone()))
                .description(Some("`completed` as a word."))
        } else {
            let words = GENEROUS_WORDS.iter().map(|(word, _)| json!(word));
            ObjectBuilder::new()
                .schema_type(SchemaType::AnyValue)
                .enum_values(Some(words.chain([json!(false), json!(true)])))
                .description(Some("`completed` as a word, in upper or lower case."))
        };
        let name = self.shape.config.status.as_ref().map_or("status", |status| &status.field);
        object.property(name, words)
    }
}

/// An example task.
fn example() -> TaskRef<'static> {
    let time = DateTime::from_timestamp_millis(1_795_241_910_512).unwrap_or_default();
    TaskRef {
        id: 42,
        user_id: "user_abc123",
        title: "Deploy",
        description: None,
        completed: false,
        created_at: time,
        updated_at: time,
        attributes: None,
    }
}

fn attribute_schema(rule: &AttributeRule) -> ObjectBuilder {
    let kind = rule.kind.or((!rule.values.is_empty()).then_some(JsonType::String));
    let schema = ObjectBuilder::new();
    let schema = match kind {
        None => schema.schema_type(SchemaType::AnyValue),
        Some(kind) => {
            let kind = match kind {
                JsonType::String => Type::String,
                JsonType::Number => Type::Number,
                JsonType::Boolean => Type::Boolean,
                JsonType::Array => Type::Array,
                JsonType::Object => Type::Object,
            };
            schema.schema_type(SchemaType::from_iter([kind, Type::Null]))
        }
    };
    let values = rule.values.iter().map(|word| json!(word)).chain([Value::Null]);
    let values = (!rule.values.is_empty()).then(|| values.collect::<Vec<_>>());
    schema.enum_values(values)
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}

fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::default(),
    }
}

fn with_max_length(schema: RefOr<Schema>, max: u16) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.max_length = Some(max.into());
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

pub(super) fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

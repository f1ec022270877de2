//! Bodies of a shape, decoded into the types of the domain.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::claims::CompletionMembers;
use super::status::{StatedCompletion, StatusWords};
use crate::config::{FieldNames, OneOrMany, ShapeConfig};
use crate::task::{
    Attributes, Completion, Description, FieldError, Invalid, JsonObject, NewTask, TaskPatch, TaskRules,
    Title,
};

/// A JSON object that a client sent.
#[derive(Debug)]
pub struct BodyObject {
    object: JsonObject,
    /// The same object with its values as texts. Empty if tasks have no attributes.
    members: BTreeMap<String, Box<RawValue>>,
}

/// An object without attributes.
impl From<JsonObject> for BodyObject {
    fn from(object: JsonObject) -> Self {
        Self { object, members: BTreeMap::new() }
    }
}

/// A type that is decoded from the body of a request.
pub trait FromBody: Sized {
    /// Reads the known members and ignores the others.
    ///
    /// # Errors
    ///
    /// All invalid members.
    fn from_body(body: &BodyObject, decoder: &Decoder) -> Result<Self, Vec<FieldError>>;

    /// The value for a request without a body, if the body is optional.
    #[must_use]
    fn for_empty_body() -> Option<Self> {
        None
    }
}

/// The names and the rules by which bodies are decoded.
#[derive(Debug)]
pub struct Decoder {
    rules: TaskRules,
    title: Vec<String>,
    description: Vec<String>,
    completion: CompletionMembers,
    /// Members that are no attributes.
    field_names: Vec<String>,
}

impl Decoder {
    pub(super) fn new(config: &ShapeConfig, rules: &TaskRules) -> Self {
        let FieldNames { id, user_id, title, description, created_at, updated_at, .. } = &config.fields;
        // The contract's names are accepted as well, unless they are configured for another member.
        let configured: Vec<&str> = [id, user_id, title, description, created_at, updated_at]
            .into_iter()
            .flatten()
            .flat_map(OneOrMany::as_slice)
            .map(String::as_str)
            .collect();
        let names = |names: &Option<OneOrMany>, default: &'static str| {
            let mut names = ShapeConfig::names(names.as_ref(), default);
            names.extend((!configured.contains(&default)).then(|| default.to_owned()));
            names
        };
        let completion = CompletionMembers::new(config);
        let (title, description) = (names(title, "title"), names(description, "description"));
        let read_only = [
            names(id, "id"),
            names(user_id, "user_id"),
            names(created_at, "created_at"),
            names(updated_at, "updated_at"),
        ];
        let mut field_names = read_only.concat();
        field_names.extend([title.clone(), description.clone()].concat());
        field_names.extend(completion.names().map(str::to_owned));
        Self { rules: rules.clone(), title, description, completion, field_names }
    }

    /// Decodes by the names and the rules of the contract.
    #[must_use]
    pub fn of_contract() -> Self {
        let names = |name: &str| vec![name.to_owned()];
        Self {
            rules: TaskRules::default(),
            title: names("title"),
            description: names("description"),
            completion: CompletionMembers::default(),
            field_names: Vec::new(),
        }
    }

    /// Decodes a body.
    ///
    /// # Errors
    ///
    /// All invalid members.
    pub fn decode<T: FromBody>(&self, object: JsonObject, json: &[u8]) -> Result<T, Vec<FieldError>> {
        let members = if self.rules.attributes.is_empty() {
            BTreeMap::new()
        } else {
            // The JSON has been parsed before.
            serde_json::from_slice(json).unwrap_or_default()
        };
        T::from_body(&BodyObject { object, members }, self)
    }

    /// The words of a status, if they are configured.
    pub(super) fn status(&self) -> Option<&StatusWords> {
        self.completion.words()
    }

    /// What tasks may have.
    pub(crate) fn rules(&self) -> &TaskRules {
        &self.rules
    }

    /// Whether a member of a body has no meaning.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        let attributes = &self.rules.attributes;
        !self.is_field(name) && !attributes.allows_any && attributes.find(name).is_none()
    }

    fn is_field(&self, name: &str) -> bool {
        self.field_names.iter().any(|it| it == name)
    }
}

/// Reads the members of an object and collects their errors.
pub(crate) struct FieldReader<'a> {
    object: &'a JsonObject,
    errors: Vec<FieldError>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(body: &'a BodyObject) -> Self {
        Self { object: &body.object, errors: Vec::new() }
    }

    /// Reads a required member. An absent member is read as null.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        let value = self.object.get(name).unwrap_or(&Value::Null);
        self.collect_error(name, read(value))
    }

    /// Reads an optional member.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        let value = self.object.get(name)?;
        self.collect_error(name, read(value))
    }

    /// The member of the object that has one of these names.
    fn named(&self, names: &[String]) -> Option<(String, &'a Value)> {
        names.iter().find_map(|name| Some((name.clone(), self.object.get(name)?)))
    }

    fn collect_error<T>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        result: Result<T, Invalid>,
    ) -> Option<T> {
        result.map_err(|message| self.errors.push(FieldError::new(name, message))).ok()
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        value.filter(|_| self.errors.is_empty()).ok_or(self.errors)
    }

    /// The attributes, with the word of an open task.
    fn attributes(&mut self, body: &BodyObject, decoder: &Decoder, stated: &StatedCompletion) -> Attributes {
        let is_field = |name: &str| decoder.is_field(name);
        let mut attributes =
            match Attributes::from_members(&body.members, &decoder.rules.attributes, is_field) {
                Ok(attributes) => attributes,
                Err(errors) => {
                    self.errors.extend(errors);
                    return Attributes::default();
                }
            };
        if let (Some(status), Some(word)) = (decoder.status(), &stated.state) {
            attributes.insert_text(&status.field, word);
        }
        attributes
    }
}

impl FromBody for NewTask {
    fn from_body(body: &BodyObject, decoder: &Decoder) -> Result<Self, Vec<FieldError>> {
        const EMPTY: &str = "Title is required and cannot be empty";
        let mut fields = FieldReader::new(body);
        let (name, value) =
            fields.named(&decoder.title).unwrap_or_else(|| (title_name(decoder), &Value::Null));
        let title = fields.collect_error(name, Title::from_json(value, decoder.rules.limits, EMPTY));
        let description = fields.named(&decoder.description).and_then(|(name, value)| {
            fields.collect_error(name, Description::from_json(value, decoder.rules.limits))
        });
        let stated = decoder.completion.read_new(&body.object, &mut fields.errors);
        let attributes = fields.attributes(body, decoder, &stated);
        let completed = stated.completed.and_then(Completion::value).unwrap_or(false);
        fields.finish(title.map(|title| Self {
            title,
            description: description.flatten(),
            completed,
            attributes,
        }))
    }
}

fn title_name(decoder: &Decoder) -> String {
    decoder.title.first().cloned().unwrap_or_default()
}

impl FromBody for TaskPatch {
    fn from_body(body: &BodyObject, decoder: &Decoder) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(body);
        let title = fields.named(&decoder.title).and_then(|(name, value)| {
            fields.collect_error(name, Title::from_json(value, decoder.rules.limits, "Title cannot be empty"))
        });
        let description = fields.named(&decoder.description).and_then(|(name, value)| {
            fields.collect_error(name, Description::from_json(value, decoder.rules.limits))
        });
        let stated = decoder.completion.read_change(&body.object, &mut fields.errors);
        let attributes = fields.attributes(body, decoder, &stated);
        let StatedCompletion { completed, condition, .. } = stated;
        fields.finish(Some(Self { title, description, completed, attributes, condition }))
    }
}

/// The body of `…/complete` and `…/toggle`. Without a statement about completion, it is inverted.
#[derive(Debug)]
pub struct CompletionBody(pub TaskPatch);

impl FromBody for CompletionBody {
    fn from_body(body: &BodyObject, decoder: &Decoder) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(body);
        let stated = decoder.completion.read_change(&body.object, &mut fields.errors);
        let no_attributes = BodyObject::from(JsonObject::new());
        let attributes = fields.attributes(&no_attributes, decoder, &stated);
        let StatedCompletion { completed, condition, .. } = stated;
        let patch = TaskPatch::completion(completed.unwrap_or(Completion::Toggle));
        fields.finish(Some(Self(TaskPatch { attributes, condition, ..patch })))
    }

    fn for_empty_body() -> Option<Self> {
        Some(Self(TaskPatch::completion(Completion::Toggle)))
    }
}

//! Request bodies of the enveloped dialect, which may have `status` in place of `completed`.

use serde_json::Value;

use crate::task::{FieldError, FromJsonObject, JsonObject};

/// A body of the bare dialect that may have `"status": "Pending" | "Completed"`.
#[derive(Debug)]
pub(super) struct V1Body<T>(T);

impl<T> V1Body<T> {
    pub(super) fn into_inner(self) -> T {
        self.0
    }
}

impl<T: FromJsonObject> FromJsonObject for V1Body<T> {
    fn from_json_object(mut object: JsonObject) -> Result<Self, Vec<FieldError>> {
        let status =
            apply_status_alias(&mut object).map_err(|message| FieldError { field: "status", message });
        match (T::from_json_object(object), status) {
            (Ok(value), Ok(())) => Ok(Self(value)),
            (Ok(_), Err(error)) => Err(vec![error]),
            (Err(errors), Ok(())) => Err(errors),
            (Err(errors), Err(error)) => Err([errors, vec![error]].concat()),
        }
    }

    fn for_empty_body() -> Option<Self> {
        T::for_empty_body().map(Self)
    }
}

/// Replaces `status` by `completed`.
fn apply_status_alias(object: &mut JsonObject) -> Result<(), &'static str> {
    let completed = match object.remove("status") {
        None => return Ok(()),
        Some(Value::String(status)) if status == "Pending" => Value::Bool(false),
        Some(Value::String(status)) if status == "Completed" => Value::Bool(true),
        Some(_) => return Err("Status must be 'Pending' or 'Completed'"),
    };
    match object.get("completed") {
        Some(Value::Bool(_)) if object.get("completed") != Some(&completed) => {
            Err("Status and completed contradict each other")
        }
        // The validation of `completed` reports another type.
        Some(_) => Ok(()),
        None => {
            object.insert("completed".to_owned(), completed);
            Ok(())
        }
    }
}

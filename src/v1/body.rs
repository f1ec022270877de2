//! Bodies, which in this dialect may say `status` for `completed`.

use serde_json::Value;

use crate::task::FieldError;
use crate::task::{Object, Parse};

/// What the bare dialect would take, with `"status": "Pending" | "Completed"` beside or instead of `completed`.
#[derive(Debug)]
pub(super) struct V1Body<T>(pub(super) T);

impl<T: Parse> Parse for V1Body<T> {
    fn parse(mut object: Object) -> Result<Self, Vec<FieldError>> {
        let status =
            apply_status_alias(&mut object).map_err(|message| FieldError { field: "status", message });
        match (T::parse(object), status) {
            (Ok(value), Ok(())) => Ok(Self(value)),
            (Ok(_), Err(wrong)) => Err(vec![wrong]),
            (Err(fields), Ok(())) => Err(fields),
            (Err(fields), Err(wrong)) => Err([fields, vec![wrong]].concat()),
        }
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self)
    }
}

fn apply_status_alias(object: &mut Object) -> Result<(), &'static str> {
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
        // Not a boolean: that is for the field itself to say.
        Some(_) => Ok(()),
        None => {
            object.insert("completed".to_owned(), completed);
            Ok(())
        }
    }
}

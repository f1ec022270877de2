//! Completion in bodies, by each name and word that frontends have for it.

use serde_json::Value;

use super::status::{StatedCompletion, StatusWords, generous_word};
use crate::config::{FieldNames, ShapeConfig};
use crate::task::{Completion, FieldError, Invalid, JsonObject, StateCondition};

/// Names of the boolean member that every shape accepts.
const BOOLEAN_NAMES: [&str; 2] = ["completed", "is_completed"];

/// The members of a body that state completion.
#[derive(Debug)]
pub(super) struct CompletionMembers {
    booleans: Vec<String>,
    /// The name of the status, which is a word or, in some frontends, a boolean.
    status: String,
    words: Option<StatusWords>,
}

/// What one member states.
struct Claim {
    name: String,
    completed: bool,
    state: Option<String>,
}

/// The members of the contract.
impl Default for CompletionMembers {
    fn default() -> Self {
        Self { booleans: BOOLEAN_NAMES.map(str::to_owned).into(), status: "status".to_owned(), words: None }
    }
}

impl CompletionMembers {
    pub(super) fn new(config: &ShapeConfig) -> Self {
        let FieldNames { completed, .. } = &config.fields;
        let words = config.status.as_ref().map(StatusWords::new);
        let status = words.as_ref().map_or_else(|| "status".to_owned(), |it| it.field.clone());
        let mut booleans = BOOLEAN_NAMES.map(str::to_owned).to_vec();
        booleans.extend(ShapeConfig::names(completed.as_ref(), "completed"));
        booleans.sort();
        booleans.dedup();
        booleans.retain(|it| *it != status);
        Self { booleans, status, words }
    }

    /// The words of a status, if they are configured.
    pub(super) fn words(&self) -> Option<&StatusWords> {
        self.words.as_ref()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.booleans.iter().chain([&self.status]).map(String::as_str)
    }

    /// Reads the change that an object states.
    ///
    /// A frontend that sends a whole task back may have changed one member and left another as it was. The changed member is the one that
    /// differs from the stored value. Of two boolean values that contradict each other exactly one differs from it, and that one is its
    /// inverse. So a contradiction is a toggle, which the database resolves in the statement of the update. Where open tasks have several
    /// words, both members may differ from the stored values. The statement then changes nothing, by its condition.
    pub(super) fn read_change(&self, object: &JsonObject, errors: &mut Vec<FieldError>) -> StatedCompletion {
        let claims = self.claims(object, errors);
        let state = claims.iter().find_map(|claim| claim.state.clone());
        let Some(error) = contradiction(&claims) else {
            let completed = claims.first().map(|claim| Completion::Set(claim.completed));
            return StatedCompletion { completed, state, condition: None };
        };
        let condition = state.clone().and_then(|state| self.condition(state, error));
        StatedCompletion { completed: Some(Completion::Toggle), state, condition }
    }

    /// The state that an open task must have to be completed by a body with the word of an open task.
    fn condition(&self, state: String, error: FieldError) -> Option<StateCondition> {
        let words = self.words.as_ref()?;
        let (attribute, open_states) = (words.field.clone(), words.open_words().to_vec());
        Some(StateCondition { attribute, state, open_states, error })
    }

    /// Reads the completion of a new task, of which nothing is stored.
    pub(super) fn read_new(&self, object: &JsonObject, errors: &mut Vec<FieldError>) -> StatedCompletion {
        let claims = self.claims(object, errors);
        errors.extend(contradiction(&claims));
        let completed = claims.first().map(|claim| Completion::Set(claim.completed));
        let state = claims.into_iter().find_map(|claim| claim.state);
        StatedCompletion { completed, state, condition: None }
    }

    fn claims(&self, object: &JsonObject, errors: &mut Vec<FieldError>) -> Vec<Claim> {
        let stated = self.names().filter_map(|name| Some((name, object.get(name)?)));
        let claims = stated.filter_map(|(name, value)| match self.claim(name, value) {
            Ok(claim) => Some(claim),
            Err(message) => {
                errors.push(FieldError::new(name.to_owned(), message));
                None
            }
        });
        claims.collect()
    }

    fn claim(&self, name: &str, value: &Value) -> Result<Claim, Invalid> {
        let completed = if name == self.status { self.status(value) } else { value.as_bool() };
        let Some(completed) = completed else { return Err(self.expected(name)) };
        let has_states = name == self.status && self.words.as_ref().is_some_and(StatusWords::has_states);
        let state = value.as_str().filter(|_| has_states && !completed).map(str::to_owned);
        Ok(Claim { name: name.to_owned(), completed, state })
    }

    fn status(&self, value: &Value) -> Option<bool> {
        match (&self.words, value) {
            (Some(words), Value::String(word)) => words.is_completed(word),
            (Some(_), _) => None,
            (None, Value::String(word)) => generous_word(word),
            (None, other) => other.as_bool(),
        }
    }

    fn expected(&self, name: &str) -> Invalid {
        let subject = in_sentence(name);
        if name != self.status {
            return format!("{subject} must be true or false").into();
        }
        let words = self.words.as_ref().map(|it| it.words.iter().map(String::as_str).collect());
        format!("{subject} must be {}", quoted_choice(&words.unwrap_or(vec!["pending", "completed"]))).into()
    }
}

/// The error of two members that contradict each other.
fn contradiction(claims: &[Claim]) -> Option<FieldError> {
    let first = claims.first()?;
    let second = claims.iter().find(|it| it.completed != first.completed)?;
    let message = format!("{} and {} contradict each other", in_sentence(&second.name), first.name);
    Some(FieldError::new(second.name.clone(), message))
}

/// `'a', 'b' or 'c'`.
pub(super) fn quoted_choice(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|it| format!("'{it}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// A name at the beginning of a sentence. A name of code keeps its letters.
fn in_sentence(name: &str) -> String {
    let is_word = name.bytes().all(|it| it.is_ascii_lowercase());
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if is_word => first.to_ascii_uppercase().to_string() + letters.as_str(),
        _ => name.to_owned(),
    }
}

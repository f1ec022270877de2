//! Completion in words.

use crate::config::StatusConfig;
use crate::task::{Completion, StateCondition, TaskRef};

/// The words of a status: those of open tasks, and then that of completed tasks.
///
/// A task with a third word, such as `in_progress`, is open. The word is stored as an attribute, and counts while the task is open.
#[derive(Debug, Clone)]
pub(crate) struct StatusWords {
    pub(crate) field: String,
    pub(crate) words: Vec<String>,
}

impl StatusWords {
    pub(super) fn new(config: &StatusConfig) -> Self {
        Self { field: config.field.clone(), words: config.words.clone() }
    }

    /// Whether a word means a completed task. `None` for another word.
    pub(super) fn is_completed(&self, word: &str) -> Option<bool> {
        let position = self.words.iter().position(|it| it == word)?;
        Some(position + 1 == self.words.len())
    }

    /// Whether the words of open tasks differ, and have to be stored.
    pub(super) fn has_states(&self) -> bool {
        self.words.len() > 2
    }

    /// The words of open tasks.
    pub(super) fn open_words(&self) -> &[String] {
        self.words.split_last().map_or(&[], |(_, open)| open)
    }

    /// The word of a task.
    pub(super) fn word_of<'a>(&'a self, task: TaskRef<'_>) -> &'a str {
        if task.completed {
            return self.words.last().map_or("", String::as_str);
        }
        let open = self.open_words();
        let state = task.attributes.filter(|_| self.has_states()).and_then(|json| self.stored_word(json));
        open.iter()
            .find(|it| Some(it.as_str()) == state.as_deref())
            .or(open.first())
            .map_or("", String::as_str)
    }

    fn stored_word(&self, attributes: &str) -> Option<String> {
        let attributes: crate::task::JsonObject = serde_json::from_str(attributes).ok()?;
        attributes.get(&self.field)?.as_str().map(str::to_owned)
    }
}

/// The words that bodies and filters may have where no words are configured, with the value of `completed`.
pub(crate) const GENEROUS_WORDS: [(&str, bool); 5] =
    [("pending", false), ("completed", true), ("incomplete", false), ("complete", true), ("todo", false)];

/// The value of `completed` that a generous word means, in upper or lower case.
pub(super) fn generous_word(word: &str) -> Option<bool> {
    GENEROUS_WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, completed)| *completed)
}

/// What a body states about completion.
#[derive(Debug, Default, Clone)]
pub(super) struct StatedCompletion {
    pub(super) completed: Option<Completion>,
    /// The word of an open task, if it has to be stored.
    pub(super) state: Option<String>,
    /// What the stored task must be, if the members contradict each other.
    pub(super) condition: Option<StateCondition>,
}

//! Paths of the task collection, with or without the user's id.

use serde::Deserialize;

/// The segment that stands for the user's id.
const USER_ID: &str = "{user_id}";

/// The path of a task collection, such as `/api/{user_id}/tasks`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathTemplate(Vec<String>);

impl PathTemplate {
    /// The path without the user's id.
    #[must_use]
    pub fn mount(&self) -> String {
        self.0.iter().filter(|it| *it != USER_ID).fold(String::new(), |path, it| path + "/" + it)
    }

    /// The position of the user's id among the segments.
    #[must_use]
    pub fn user_position(&self) -> Option<usize> {
        self.0.iter().position(|it| it == USER_ID)
    }

    /// The path as it is configured.
    #[must_use]
    pub fn as_path(&self) -> String {
        self.0.iter().fold(String::new(), |path, it| path + "/" + it)
    }

    /// The same path without the user's id.
    #[must_use]
    pub fn without_user(&self) -> Self {
        Self(self.0.iter().filter(|it| *it != USER_ID).cloned().collect())
    }

    /// Whether a path with these segments is that of the collection or below it.
    #[must_use]
    pub fn matches<'s>(&self, mut path: impl Iterator<Item = &'s str>) -> bool {
        self.0.iter().all(|expected| path.next().is_some_and(|it| expected == USER_ID || expected == it))
    }

    /// Of several templates that match a path, that with the largest rank is meant: the longest, and of these the one with most names. So
    /// a user may be called `tasks`, but not `v1`.
    #[must_use]
    pub fn rank(&self) -> (usize, usize) {
        (self.0.len(), self.0.iter().filter(|it| *it != USER_ID).count())
    }
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<String> for PathTemplate {
    type Error = &'static str;

    fn try_from(path: String) -> Result<Self, &'static str> {
        const INVALID: &str = "is not the path of a collection; write /api/tasks, or /api/{user_id}/tasks";
        let Some(path) = path.strip_prefix('/') else { return Err(INVALID) };
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        let is_name = |it: &str| {
            !it.is_empty()
                && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.~".contains(&it))
                && it != ".."
        };
        let is_valid = segments.iter().all(|it| it == USER_ID || is_name(it));
        let users = segments.iter().filter(|it| *it == USER_ID).count();
        let ends_with_name = segments.last().is_some_and(|it| it != USER_ID);
        if is_valid && users <= 1 && ends_with_name { Ok(Self(segments)) } else { Err(INVALID) }
    }
}

//! Query parameters, read by name. Unknown parameters are ignored.

use rocket::form::ValueField;
use rocket::request::Request;

/// The query of a request.
pub struct Query<'r>(Vec<ValueField<'r>>);

impl<'r> Query<'r> {
    /// The percent-decoded query of a request.
    #[must_use]
    pub fn from_request(request: &'r Request<'_>) -> Self {
        Self(request.query_fields().collect())
    }

    /// All values of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'r str> + 'a {
        self.0.iter().filter(move |field| field.name == name).map(|field| field.value)
    }

    /// The value of a parameter. The last of several values counts, as in a form.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'r str> {
        self.all(name).last()
    }
}

//! Query parameters, read by name. Unknown parameters are ignored.

use rocket::form::ValueField;
use rocket::request::Request;

use crate::task::Order;

/// The query of a request.
pub struct Query<'r>(Vec<ValueField<'r>>);

impl<'r> Query<'r> {
    /// The percent-decoded query of a request.
    #[must_use]
    pub fn from_request(request: &'r Request<'_>) -> Self {
        Self(request.query_fields().collect())
    }

    /// The value of a parameter. The last of several values counts, as in a form.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'r str> {
        self.0.iter().rfind(|field| field.name == name).map(|field| field.value)
    }

    /// `status`: the value of `completed` that tasks must have, if any.
    ///
    /// # Errors
    ///
    /// `error_message`, which differs between the dialects, for another value.
    pub fn status(&self, error_message: &'static str) -> Result<Option<bool>, &'static str> {
        let choices = [("all", None), ("pending", Some(false)), ("completed", Some(true))];
        self.parse_choice("status", &choices, error_message).map(Option::flatten)
    }

    /// `sort` and `order`.
    pub fn order(&self) -> Result<Order, &'static str> {
        self.parse_choice("sort", &[("created_at", ())], "Invalid sort field: must be 'created_at'")?;
        let choices = [("desc", Order::Descending), ("asc", Order::Ascending)];
        let order = self.parse_choice("order", &choices, "Invalid sort order: must be 'asc' or 'desc'")?;
        Ok(order.unwrap_or_default())
    }

    /// The meaning of a parameter with fixed values, in upper or lower case. `None` if the query does not have it.
    fn parse_choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
        error_message: &'static str,
    ) -> Result<Option<T>, &'static str> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let choice = choices.iter().find(|(choice, _)| choice.eq_ignore_ascii_case(value));
        choice.map(|(_, meaning)| Some(*meaning)).ok_or(error_message)
    }
}

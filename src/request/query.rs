//! Query parameters, read by name. Those nobody asks for are ignored.

use rocket::form::ValueField;
use rocket::request::Request;

use crate::task::Order;

/// The query of a request.
pub struct Query<'r>(Vec<ValueField<'r>>);

impl<'r> Query<'r> {
    /// The query of this request, percent-decoded.
    #[must_use]
    pub fn of(request: &'r Request<'_>) -> Self {
        Self(request.query_fields().collect())
    }

    /// The value of a parameter; of several the last, as a form's would be.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'r str> {
        self.0.iter().rfind(|field| field.name == name).map(|field| field.value)
    }

    /// `status`: whether tasks must be done or not, or neither. `otherwise` is what the dialect says to anything else.
    pub fn status(&self, otherwise: &'static str) -> Result<Option<bool>, &'static str> {
        let words = [("all", None), ("pending", Some(false)), ("completed", Some(true))];
        self.choose("status", &words, otherwise).map(Option::flatten)
    }

    /// `sort` and `order`.
    pub fn order(&self) -> Result<Order, &'static str> {
        self.choose("sort", &[("created_at", ())], "Invalid sort field: must be 'created_at'")?;
        let words = [("desc", Order::Descending), ("asc", Order::Ascending)];
        let order = self.choose("order", &words, "Invalid sort order: must be 'asc' or 'desc'")?;
        Ok(order.unwrap_or_default())
    }

    /// What a parameter means, of some words in any case; `None` where it is absent.
    fn choose<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
        otherwise: &'static str,
    ) -> Result<Option<T>, &'static str> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        found.map(|(_, meaning)| Some(*meaning)).ok_or(otherwise)
    }
}

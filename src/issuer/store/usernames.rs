//! The table `username`.

use super::users::User;
use super::{AuthStore, sql};
use crate::error::ApiError;
use crate::issuer::username::Username;
use crate::store::run::run;

impl AuthStore<'_> {
    pub(crate) async fn user_by_username(self, username: &Username) -> Result<Option<User>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_as(sql::USER_BY_USERNAME).bind(username.as_str()) => fetch_optional)
    }

    /// The user's name in lower case. `None` for a user who signed up by email only.
    pub(crate) async fn username(self, user_id: &str) -> Result<Option<String>, ApiError> {
        let pool = self.0;
        run!(pool.reader(), query_scalar(sql::USERNAME).bind(user_id) => fetch_optional)
    }
}

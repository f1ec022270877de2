//! A task's id in a path.

use rocket::request::FromParam;

use crate::task::TaskId;

/// Anything but a 64-bit integer makes Rocket look for another route, and 422 where there is none.
impl<'a> FromParam<'a> for TaskId {
    type Error = std::num::ParseIntError;

    fn from_param(param: &'a str) -> Result<Self, Self::Error> {
        param.parse().map(Self)
    }
}

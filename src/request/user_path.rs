//! `/api/{user_id}/tasks…` and `/api/v1/{user_id}/tasks…`: the task routes, addressed by user.
//!
//! The user's id is removed from the path before routing and recorded on the request. [`crate::auth::AuthUser`] compares it with the
//! token, so that no task route can skip the check. Rocket cannot mount the same routes below a dynamic segment.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::ext::IntoOwned;
use rocket::http::uri::Origin;
use rocket::request::Request;
use rocket::{Data, async_trait};

/// Removes the user's id from the paths of task routes.
#[derive(Debug)]
pub struct UserPath;

/// The user's id of a request's path.
struct PathUserId(Option<String>);

#[async_trait]
impl Fairing for UserPath {
    fn info(&self) -> Info {
        Info { name: "User id in the path", kind: Kind::Request }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if let Some((user_id, uri)) = split_user_id(request.uri()) {
            request.local_cache(|| PathUserId(Some(user_id)));
            request.set_uri(uri);
        }
    }
}

/// The user's id that the path of this request had.
pub(crate) fn path_user_id<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    request.local_cache(|| PathUserId(None)).0.as_deref()
}

/// Separates the user's id from the path of a task route. `None` if the path has no user's id.
pub(super) fn split_user_id(uri: &Origin<'_>) -> Option<(String, Origin<'static>)> {
    let segments: Vec<&str> = uri.path().segments().collect();
    let position = match segments.as_slice() {
        // Also for a user called `tasks`.
        ["api", "v1", _, "tasks", ..] => 2,
        ["api", "v1", "tasks", ..] => return None,
        // Also for users called `tasks` and `auth`.
        ["api", _, "tasks", ..] => 1,
        _ => return None,
    };
    let user_id = (*segments.get(position)?).to_owned();
    let rest = uri.path().raw_segments().filter(|it| !it.is_empty()).enumerate();
    let path = rest
        .filter(|(index, _)| *index != position)
        .fold(String::new(), |path, (_, segment)| path + "/" + segment.as_str());
    let uri = uri.map_path(|_| path)?;
    Some((user_id, uri.into_owned()))
}

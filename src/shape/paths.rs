//! The paths of the task collections, and the shape that belongs to each.
//!
//! A path may have the user's id, as in `/api/{user_id}/tasks`. The id is removed before routing and recorded on the request.
//! [`crate::auth::AuthUser`] compares it with the token, so that no task route can skip the check. Rocket cannot mount the same routes
//! below a dynamic segment.

use std::cmp::Reverse;
use std::sync::{Arc, OnceLock};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::ext::IntoOwned;
use rocket::http::uri::Origin;
use rocket::request::Request;
use rocket::{Build, Data, Rocket, async_trait, fairing};

use super::Shape;
use crate::config::PathTemplate;

/// The shapes of a server and their paths.
#[derive(Debug)]
pub struct Shapes {
    all: Vec<Arc<Shape>>,
    /// In descending order of their rank.
    paths: Vec<(PathTemplate, Arc<Shape>)>,
}

impl Shapes {
    pub(super) fn new(shapes: impl IntoIterator<Item = Arc<Shape>>) -> Self {
        let all: Vec<Arc<Shape>> = shapes.into_iter().collect();
        let paths_of = |shape: &Arc<Shape>| {
            let shape = shape.clone();
            shape.config.paths().into_iter().map(move |path| (path, shape.clone())).collect::<Vec<_>>()
        };
        let mut paths: Vec<_> = all.iter().flat_map(paths_of).collect();
        paths.sort_by_key(|(path, _)| Reverse(path.rank()));
        Self { all, paths }
    }

    /// All shapes.
    #[must_use]
    pub fn all(&self) -> &[Arc<Shape>] {
        &self.all
    }

    /// The paths at which Rocket mounts the task routes.
    #[must_use]
    pub fn mounts(&self) -> Vec<String> {
        let mut mounts: Vec<String> = self.paths.iter().map(|(path, _)| path.mount()).collect();
        mounts.sort();
        mounts.dedup();
        mounts
    }

    /// The user's id of a task path, and the path without it. `None` if the path has no user's id.
    pub(crate) fn split_user_id(&self, uri: &Origin<'_>) -> Option<(String, Origin<'static>)> {
        let (path, _) = self.find(uri)?;
        split_user_id(path, uri)
    }

    fn find(&self, uri: &Origin<'_>) -> Option<&(PathTemplate, Arc<Shape>)> {
        self.paths.iter().find(|(path, _)| path.matches(uri.path().segments()))
    }

    /// The shape of errors for a path without a task collection: that of the collection beside or above it.
    fn nearest(&self, uri: &Origin<'_>) -> Option<&Shape> {
        let is_beside = |path: &PathTemplate| {
            let mount = path.mount();
            let parent = mount.rsplit_once('/').map_or("", |(parent, _)| parent);
            let rest = uri.path().as_str().strip_prefix(parent);
            !parent.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let beside = self.paths.iter().find(|(path, _)| is_beside(path)).map(|(_, shape)| shape);
        beside.or(self.all.first()).map(Arc::as_ref)
    }
}

/// Finds the shape of a request, and removes the user's id from its path.
#[derive(Debug)]
pub struct TaskPaths(pub Arc<Shapes>);

/// The path of a request to a task collection.
struct TaskPath {
    shape: Arc<Shape>,
    user_id: Option<String>,
}

#[async_trait]
impl Fairing for TaskPaths {
    fn info(&self) -> Info {
        Info { name: "Task paths", kind: Kind::Ignite | Kind::Request }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(rocket.manage(self.0.clone()))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some((path, shape)) = self.0.find(request.uri()) else { return };
        let (user_id, uri) = split_user_id(path, request.uri()).unzip();
        let _ = task_path_cell(request).set(TaskPath { shape: shape.clone(), user_id });
        if let Some(uri) = uri {
            request.set_uri(uri);
        }
    }
}

/// The cache of the request. The cell is empty for a request without a task path.
fn task_path_cell<'r>(request: &'r Request<'_>) -> &'r OnceLock<TaskPath> {
    request.local_cache(OnceLock::new)
}

fn task_path<'r>(request: &'r Request<'_>) -> Option<&'r TaskPath> {
    task_path_cell(request).get()
}

/// Whether the request is for a task collection.
pub(crate) fn is_task_path(request: &Request<'_>) -> bool {
    task_path(request).is_some()
}

/// The user's id that the path of this request had.
pub(crate) fn path_user_id<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    task_path(request)?.user_id.as_deref()
}

/// The shape of a request. A path without tasks has the shape of the collection beside it. So has a request with an unknown method, for which
/// Rocket runs no fairing.
pub(super) fn shape_of<'r>(request: &'r Request<'_>) -> Option<&'r Shape> {
    if let Some(path) = task_path(request) {
        return Some(&path.shape);
    }
    request.rocket().state::<Arc<Shapes>>()?.nearest(request.uri())
}

fn split_user_id(path: &PathTemplate, uri: &Origin<'_>) -> Option<(String, Origin<'static>)> {
    let position = path.user_position()?;
    let user_id = uri.path().segments().nth(position)?.to_owned();
    let rest = uri.path().raw_segments().filter(|it| !it.is_empty()).enumerate();
    let path = rest
        .filter(|(index, _)| *index != position)
        .fold(String::new(), |path, (_, segment)| path + "/" + segment.as_str());
    let uri = uri.map_path(|_| path)?;
    Some((user_id, uri.into_owned()))
}

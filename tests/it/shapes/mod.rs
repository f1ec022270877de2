//! Shapes: what a frontend sees of a task, by configuration. Each response is checked against the server's own OpenAPI document.

mod attributes;
mod hints;
mod lists;
mod paths;
mod tasks;

use crate::harness::{Engine, Server, ServerConfig};

/// A server whose bare dialect has this shape.
async fn with_shape(engine: Engine, shape: &str) -> Server {
    ServerConfig::with_database(engine).await.with("ROCKET_API", shape).start().await
}

/// A server whose tasks have these settings.
async fn with_tasks(engine: Engine, tasks: &str) -> Server {
    ServerConfig::with_database(engine).await.with("ROCKET_TASKS", tasks).start().await
}

/// The line with which a server with these settings refuses to start.
async fn refusal(settings: &[(&str, &str)]) -> String {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let config = settings.iter().fold(config, |config, (name, value)| config.with(name, value));
    let output = config.run(&[]).await;
    assert!(!output.status.success(), "{settings:?}");
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

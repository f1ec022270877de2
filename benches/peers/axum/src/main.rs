//! Three calls of the task API on axum and sqlx, with their defaults: what this project's speed is compared with.

use std::env;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

#[derive(Clone)]
struct App {
    pool: PgPool,
    key: DecodingKey,
}

#[derive(Serialize, sqlx::FromRow)]
struct Task {
    id: i64,
    user_id: String,
    title: String,
    description: Option<String>,
    completed: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct NewTask {
    title: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

struct User(String);

impl FromRequestParts<App> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let token = header.and_then(|it| it.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        let token = decode::<Claims>(token, &app.key, &Validation::default());
        token.map(|it| Self(it.claims.sub)).map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

fn failed(_: sqlx::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn show(user: User, State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Task>, StatusCode> {
    let task = sqlx::query_as(
        "SELECT id, user_id, title, description, completed, created_at, updated_at FROM tasks WHERE id = $1 AND user_id = $2",
    );
    let task = task.bind(id).bind(user.0).fetch_optional(&app.pool).await.map_err(failed)?;
    task.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn list(user: User, State(app): State<App>) -> Result<Json<Vec<Task>>, StatusCode> {
    let tasks = sqlx::query_as(
        "SELECT id, user_id, title, description, completed, created_at, updated_at FROM tasks WHERE user_id = $1 ORDER BY created_at DESC, id DESC",
    );
    tasks.bind(user.0).fetch_all(&app.pool).await.map(Json).map_err(failed)
}

async fn create(
    user: User,
    State(app): State<App>,
    Json(new): Json<NewTask>,
) -> Result<(StatusCode, Json<Task>), StatusCode> {
    let task = sqlx::query_as(
        "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) VALUES ($1, $2, $3, false, $4, $4) \
         RETURNING id, user_id, title, description, completed, created_at, updated_at",
    );
    let task = task.bind(user.0).bind(new.title).bind(new.description).bind(Utc::now());
    task.fetch_one(&app.pool).await.map(|it| (StatusCode::CREATED, Json(it))).map_err(failed)
}

#[tokio::main]
async fn main() {
    tracing_subscriber::fmt::init();
    let url = env::var("DATABASE_URL").expect("DATABASE_URL");
    let secret = env::var("BETTER_AUTH_SECRET").expect("BETTER_AUTH_SECRET");
    let port = env::var("PORT").expect("PORT");
    let connections = env::var("CONNECTIONS").ok().and_then(|it| it.parse().ok()).unwrap_or(15);
    let pool = PgPoolOptions::new().max_connections(connections).connect(&url).await.expect("the database");
    let app = App { pool, key: DecodingKey::from_secret(secret.as_bytes()) };
    let router = Router::new()
        .route("/api/tasks", get(list).post(create))
        .route("/api/tasks/{id}", get(show))
        .layer(CorsLayer::permissive())
        .layer(TraceLayer::new_for_http())
        .with_state(app);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("the port");
    axum::serve(listener, router).await.expect("serving");
}

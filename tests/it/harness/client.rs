//! HTTP client of the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::openapi::{self, Document};

#[derive(Clone)]
pub struct TestClient {
    client: reqwest::Client,
    url: String,
    headers: Vec<(String, String)>,
    /// The document that responses must fit. `None` for that of the specification.
    document: Option<Arc<Document>>,
}

/// A complete response.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// Values of the `Set-Cookie` headers.
    pub cookies: Vec<String>,
    pub body: String,
}

impl TestClient {
    pub fn new(url: &str, token: Option<String>) -> Self {
        let headers = token.map(|it| ("Authorization".to_owned(), format!("Bearer {it}")));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, url: url.to_owned(), headers: headers.into_iter().collect(), document: None }
    }

    /// Returns a copy that sends another header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// Checks responses against this document.
    pub fn checked_by(self, document: Option<Arc<Document>>) -> Self {
        Self { document, ..self }
    }

    /// Returns a copy that calls another server.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path, None::<&Value>).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.call("DELETE", path, None::<&Value>).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.call("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.call("PUT", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.call("PATCH", path, Some(body)).await
    }

    /// Creates a task and asserts a 201.
    pub async fn create(&self, title: &str) -> Value {
        let response = self.post("/api/tasks", &serde_json::json!({ "title": title })).await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.send(method, path, body.map(|it| it.to_string().into_bytes())).await
    }

    /// Sends raw bytes as JSON.
    pub async fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Response {
        self.try_send(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Sends raw bytes with this content type.
    pub async fn send_as(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Response {
        self.try_send_as(method, path, kind, Some(body)).await.unwrap()
    }

    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Response> {
        self.try_send_as(method, path, "application/json", body).await
    }

    async fn try_send_as(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", kind).body(body);
        }
        let received = request.send().await?;
        let status = received.status().as_u16();
        let headers = received
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let cookies = received.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|it| it.to_str().unwrap().to_owned()).collect();
        let response = Response { status, headers, cookies, body: received.text().await? };
        openapi::check(self.document.as_deref(), method, path, &response);
        Ok(response)
    }
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Asserts an error of `/api/auth` with this status, code and message.
    #[track_caller]
    pub fn assert_auth_error(&self, status: u16, code: &str, message: &str) {
        let json = self.json();
        let seen = (self.status, json["code"].as_str().unwrap_or_default(), json["message"].as_str());
        assert_eq!(seen, (status, code, Some(message)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Asserts an error of the bare dialect with this status, code and detail.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, detail: &str) {
        let json = self.json();
        let seen = (self.status, json["error_code"].as_str(), json["detail"].as_str());
        assert_eq!(seen, (status, Some(code), Some(detail)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

/// Sends bytes and returns everything received until the server closes the connection.
pub async fn send_raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    let response = String::from_utf8_lossy(&response).into_owned();
    openapi::check_raw(bytes, &response);
    response
}

/// Sends bytes, shuts down the sending side, and returns everything received until the server closes the connection.
pub async fn send_raw_half_closed(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    let response = String::from_utf8_lossy(&response).into_owned();
    openapi::check_raw(bytes, &response);
    response
}

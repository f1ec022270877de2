//! Somebody who calls the API.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::openapi;

#[derive(Clone)]
pub struct Caller {
    client: reqwest::Client,
    url: String,
    headers: Vec<(String, String)>,
}

/// What came back, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// Each `Set-Cookie`.
    pub cookies: Vec<String>,
    pub body: String,
}

impl Caller {
    pub fn new(url: &str, token: Option<String>) -> Self {
        let headers = token.map(|it| ("Authorization".to_owned(), format!("Bearer {it}")));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, url: url.to_owned(), headers: headers.into_iter().collect() }
    }

    /// The same caller with one more header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// The same caller of another server.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None::<&Value>).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None::<&Value>).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call("PATCH", path, Some(body)).await
    }

    /// Creates a task, which must succeed.
    pub async fn create(&self, title: &str) -> Value {
        let answer = self.post("/api/tasks", &serde_json::json!({ "title": title })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, body.map(|it| it.to_string().into_bytes())).await
    }

    /// Sends a body as it is.
    pub async fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Answer {
        self.try_send(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Sends a body and says what it is.
    pub async fn send_as(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        self.try_send_as(method, path, kind, Some(body)).await.unwrap()
    }

    pub async fn try_send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> reqwest::Result<Answer> {
        self.try_send_as(method, path, "application/json", body).await
    }

    async fn try_send_as(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", kind).body(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|it| it.to_str().unwrap().to_owned()).collect();
        let answer = Answer { status, headers, cookies, body: response.text().await? };
        openapi::check(method, path, &answer);
        Ok(answer)
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// That this is an error of the issuer's, with this status, code and text.
    #[track_caller]
    pub fn is_refusal(&self, status: u16, code: &str, message: &str) {
        let json = self.json();
        let seen = (self.status, json["code"].as_str().unwrap_or_default(), json["message"].as_str());
        assert_eq!(seen, (status, code, Some(message)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// That this is an error of the bare dialect, with this status, code and text.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str, detail: &str) {
        let json = self.json();
        let seen = (self.status, json["error_code"].as_str(), json["detail"].as_str());
        assert_eq!(seen, (status, Some(code), Some(detail)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

/// Sends bytes and returns what comes back until the server hangs up.
pub async fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends bytes and the end of the stream, and returns what comes back until the server hangs up.
pub async fn raw_half_closed(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

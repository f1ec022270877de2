//! HS256 tokens signed with the shared secret.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The secret of every test server.
pub const SECRET: &str = "a secret for the tests, of more than 32 bytes";

/// Claims of a valid token.
pub fn claims(user: &str) -> Value {
    json!({ "sub": user, "exp": now() + 3600 })
}

pub fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// A correctly signed token with these claims.
pub fn signed(claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

pub fn token_for(user: &str) -> String {
    signed(&claims(user))
}

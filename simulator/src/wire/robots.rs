//! The portal's `robots.txt`.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// How `/robots.txt` is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Robots {
    /// HTTP status.
    pub status: u16,
    /// What it says.
    pub text: String,
}

impl Default for Robots {
    /// Everything is allowed to everyone.
    fn default() -> Self {
        Self { status: 200, text: "User-agent: *\nAllow: /\n".to_owned() }
    }
}

impl IntoResponse for Robots {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        (status, [(CONTENT_TYPE, text)], self.text).into_response()
    }
}

//! The page's bucket over HTTP, as a browser gets it on AWS: compressed, and with the headers that security asks for.

use std::io::Read;
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use causes::with_causes;
use runtime::{Bucket, StoreError};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::error::Error;

/// What `template.yaml` adds to every answer.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves the bucket on a port of this machine, for ever.
///
/// # Errors
/// If the port cannot be used.
pub(super) async fn serve(site: Bucket, port: u16) -> Result<(), Error> {
    let error = |error: std::io::Error| Error::Serve { port, reason: with_causes(&error) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(error)?;
    let router = Router::new().fallback(answer).layer(CompressionLayer::new()).with_state(site);
    axum::serve(listener, router).await.map_err(error)
}

async fn answer(State(site): State<Bucket>, uri: Uri) -> Response {
    let key = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        key => key,
    };
    let mut object = match site.fetch(key).await {
        Ok(object) => object,
        Err(StoreError::Missing { .. }) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(error = with_causes(&error), key, "the page cannot be read");
            return StatusCode::BAD_GATEWAY.into_response();
        }
    };
    let mut bytes = Vec::new();
    if let Err(error) = object.bytes.read_to_end(&mut bytes) {
        tracing::error!(error = with_causes(&error), key, "the page cannot be read");
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let media_type = object.media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Body::from(bytes)).into_response()
}

//! What all clients of AWS have in common.

use std::error::Error;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use causes::with_causes;
use tokio::sync::OnceCell;

/// Region, credentials and endpoint, from the environment: read once, for all clients of the process.
pub async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG
        .get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load())
        .await
}

/// Why a request failed: the service's own words, or else why there are none.
///
/// The SDK's errors of a service are no chain to print: some repeat their cause, and the others hide it in their
/// `Debug`.
pub fn reason<E>(error: &SdkError<E>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error.code() {
        Some(code) => format!("{code}: {}", error.message().unwrap_or("no message")),
        None => match error.raw_response() {
            Some(answer) => format!("status {}: {}", answer.status(), with_causes(error)),
            None => with_causes(error),
        },
    }
}

/// What the SDK's clients send with. The SDK has none by default that works without AWS-LC.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SharedHttpClient::new(ConnectsAtFirstRequest(client))
}

/// Makes its connector at the first request. The SDK's own client makes one more when it is set up, only to throw it
/// away: that reads all root certificates, which takes longer than the rest of a function's start.
#[derive(Debug)]
struct ConnectsAtFirstRequest(SharedHttpClient);

impl HttpClient for ConnectsAtFirstRequest {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

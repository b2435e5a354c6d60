//! What all clients of AWS have in common.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::OnceCell;

/// Region, credentials and endpoint, from the environment: read once, for all clients of the process.
pub async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG
        .get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load())
        .await
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

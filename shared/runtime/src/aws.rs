//! What all clients of AWS have in common.

use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// Region, credentials and endpoint, from the environment: read once, for all clients of the process.
pub async fn config() -> &'static SdkConfig {
    static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();
    CONFIG.get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).load()).await
}

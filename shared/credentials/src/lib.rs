//! Who the functions log in to the warehouse as: a URL from the environment, or a secret of Secrets Manager.
//!
//! A crate of its own, since the collector must link neither Secrets Manager nor Postgres.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod form;
mod secret;

pub use secret::Secret;

use runtime::{DatabaseSettings, Login, SettingsError};
use warehouse::Warehouse;

/// Why what uses the warehouse cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
}

/// The warehouse that settings lead to. Nothing is read or opened yet.
///
/// # Errors
/// If the URL or the root certificates are wrong; what a secret holds is known only when a connection is opened.
pub fn warehouse(settings: &DatabaseSettings) -> Result<Warehouse, warehouse::Error> {
    let root_certificates = settings.root_certificates.as_deref();
    match &settings.login {
        Login::Url(url) => Warehouse::new(url, root_certificates),
        Login::Secret(arn) => Warehouse::from_source(Box::new(Secret::new(arn.clone())), root_certificates),
    }
}

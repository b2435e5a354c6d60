//! What the end-to-end tests stand on: the function binaries as processes under a Lambda Runtime API, between
//! a simulated portal, an S3 over HTTP and a private Postgres.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "this crate only serves tests, which may fail loudly"
)]

pub mod binary;
pub mod database;
pub mod embedded_metrics;
pub mod event;
pub mod faulty_s3;
pub mod function;
pub mod invoke_api;
pub mod loaders;
pub mod localstack;
pub mod mail_server;
pub mod network_postgres;
pub mod processes;
pub mod receivers;
pub mod runtime_api;
pub mod secrets_manager;
pub mod stack;
pub mod tables;
pub mod temporary;
pub mod walk_file;
pub mod walked;
pub mod world;

pub use database::Database;
pub use faulty_s3::FaultyS3;
pub use function::{Function, InvocationError};
pub use invoke_api::InvokeApi;
pub use loaders::Loaders;
pub use network_postgres::NetworkPostgres;
pub use secrets_manager::SecretsManager;
pub use stack::Stack;
pub use world::World;

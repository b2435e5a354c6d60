//! Asks the portal sreality.cz: at one pace, within robots.txt, patiently, and suspicious of what it answers.
//!
//! Only the collector and the CLI depend on it, so nothing else can ask the portal.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod client;
pub mod contact;
mod error;
pub mod host;
mod market;
pub mod pace;
pub mod robots;
mod run;
mod settings;
mod transfer;

pub use client::{Answer, Client};
pub use contact::{Contact, ContactError};
pub use error::{Phase, Refused, RequestError};
pub use robots::Robots;
pub use run::RequestCounts;
pub use settings::{ClientError, ClientSettings, DEFAULT_RATE, RobotsTxt};
pub use transfer::Timeouts;

//! The portal sreality.cz: segments, pages, rows, code tables, client.
//!
//! Knows neither AWS nor a database. Nothing here was learned by asking the portal: facts come from recorded
//! answers, from Seznam's import specification, and from public code of others; each states its source.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod address;
pub mod area;
pub mod category;
mod client;
pub mod codes;
pub mod contact;
mod cursor;
mod error;
pub mod host;
mod market;
pub mod pace;
pub mod page;
pub mod place;
pub mod price;
pub mod query;
pub mod robots;
pub mod row;
mod rows;
mod run;
pub mod segment;
mod settings;
pub mod shape;
mod transfer;

pub use client::{Answer, Client};
pub use contact::{Contact, ContactError};
pub use error::{Refused, RequestError};
pub use market::MARKET_HEADER;
pub use page::{Identity, Page, PageError, Pagination};
pub use query::{Age, AgeError, AreaRange, SearchQuery};
pub use robots::Robots;
pub use row::{Row, RowError};
pub use rows::PageRows;
pub use run::RequestCounts;
pub use segment::{Segment, SegmentError};
pub use settings::{ClientError, ClientSettings, DEFAULT_RATE, RobotsTxt};
pub use transfer::{Phase, Timeouts};

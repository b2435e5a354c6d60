//! The portal sreality.cz: segments, pages, rows, code tables, client.
//!
//! Knows neither AWS nor a database. Nothing here was learned by asking the portal: facts come from recorded
//! answers, from Seznam's import specification, and from public code of others; each states its source.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod area;
pub mod category;
pub mod client;
pub mod codes;
pub mod host;
pub mod pace;
pub mod page;
pub mod place;
pub mod price;
pub mod query;
pub mod row;
pub mod segment;
pub mod shape;

pub use client::{Answer, Client, ClientError, ClientSettings, RequestCounts, RequestError};
pub use page::{Identity, Page, PageError, Pagination};
pub use query::{Age, AgeError, AreaRange, SearchQuery};
pub use row::{Row, RowError};
pub use segment::{Segment, SegmentError};

//! The words of the portal sreality.cz: segments, queries, pages, rows, prices, code tables, addresses.
//!
//! Knows neither HTTP nor AWS nor a database. Nothing here was learned by asking the portal: facts come from recorded
//! answers, from Seznam's import specification, and from public code of others; each states its source.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod address;
pub mod area;
pub mod category;
pub mod codes;
mod cursor;
pub mod page;
pub mod place;
pub mod price;
pub mod query;
pub mod row;
mod rows;
pub mod segment;
pub mod shape;
pub mod walk;

pub use page::{Identity, Page, PageError, Pagination};
pub use query::{Age, AgeError, AreaRange, SearchQuery};
pub use row::{Row, RowError};
pub use rows::PageRows;
pub use segment::{Segment, SegmentError};

/// The header by which every answer of a portal simulator names its market.
pub const MARKET_HEADER: &str = "x-simulated-market";

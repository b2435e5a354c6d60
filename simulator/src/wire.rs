//! How the portal writes its answers, and how they reach who asked.

pub(crate) mod answer;
pub(crate) mod connection;
pub(crate) mod detail;
mod locality;
mod picture;
pub mod recorded;
pub mod request_log;
pub mod robots;
pub(crate) mod row;
pub(crate) mod search;
mod seo_name;
pub(crate) mod toppings;

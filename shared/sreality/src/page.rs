//! The search envelope: one page of a list.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::area::areas_from_name;

/// The portal refuses offsets from here on with status 422, whatever the query.
pub const OFFSET_CAP: u64 = 10_000;

/// No page has more rows: the portal lets no query page through more.
pub(crate) const MOST_ROWS: usize = OFFSET_CAP as usize;

/// One page as `estates/search` answers it. Rows stay raw text: each is parsed for itself, so that a bad one
/// does not take its page along.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    /// What was served, which can differ from what was asked for.
    #[serde(default)]
    pub pagination: Option<Pagination>,
    /// The rows, in the portal's order.
    #[serde(borrow, deserialize_with = "bounded_rows")]
    pub results: Vec<&'a RawValue>,
    /// The envelope's own status, beside that of HTTP.
    #[serde(default)]
    pub status_code: Option<u16>,
}

/// Where in the list a page stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Pagination {
    /// Rows per page as served: the portal clamps what was asked for.
    pub limit: u64,
    /// Rows before this page.
    pub offset: u64,
    /// Rows that the whole query has, as announced.
    pub total: u64,
}

/// Why a body is not a page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Not JSON, or JSON of another shape.
    #[error("the body is not a page of search results: {0} (it starts with `{1}`)")]
    Shape(serde_json::Error, String),
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A place in a list that is longer than any can be.
    #[error("the page says that it has limit {limit} and total {total}, which cannot be")]
    Absurd { limit: u64, total: u64 },
    /// A list without its place in the whole.
    #[error("the page does not say which limit, offset and total it has")]
    NoPagination,
    #[error("the page has more than {MOST_ROWS} rows")]
    TooManyRows,
    /// HTTP said 200, the envelope did not.
    #[error("the envelope's status is {0}, although HTTP said 200")]
    Status(u16),
}

impl<'a> Page<'a> {
    /// Reads a page; unknown keys are ignored, missing ones but `results` are accepted.
    ///
    /// # Errors
    /// If the body is no such envelope, or one that reports an error.
    pub fn parse(body: &'a str) -> Result<Self, PageError> {
        match serde_json::from_str(body) {
            Ok(Self { status_code: Some(status), .. }) if status != 200 => Err(PageError::Status(status)),
            Ok(page) if page.results.len() > MOST_ROWS => Err(PageError::TooManyRows),
            Ok(page) => Ok(page),
            Err(error) => Err(match reported_status(body) {
                Some(status) if status != 200 => PageError::Status(status),
                _ => PageError::Shape(error, body.chars().take(60).collect()),
            }),
        }
    }

    /// Which listing each row is; `None` for a row without a `hash_id`.
    pub fn identities(&self) -> impl Iterator<Item = Option<Identity>> {
        self.results.iter().map(|row| Identity::of(row.get()))
    }
}

/// The status of an envelope that carries no rows.
fn reported_status(body: &str) -> Option<u16> {
    #[derive(Deserialize)]
    struct Envelope {
        status_code: u16,
    }
    serde_json::from_str(body).ok().map(|Envelope { status_code }| status_code)
}

/// Reads rows, but keeps only one more than a page can have: a body of millions of tiny ones must not cost a hundred
/// times its size.
fn bounded_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct Rows;

    impl<'de> Visitor<'de> for Rows {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut rows = Vec::new();
            while rows.len() <= MOST_ROWS {
                let Some(row) = list.next_element()? else { return Ok(rows) };
                rows.push(row);
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(rows)
        }
    }

    deserializer.deserialize_seq(Rows)
}

/// Which listing a row is, and by what filters a query finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The advert's id.
    pub hash_id: i64,
    /// Code of the sub-category, if the row has one that can be read.
    pub sub_category: Option<i16>,
    /// Region id, if it has one.
    pub region_id: Option<i32>,
    /// District id, if it has one.
    pub district_id: Option<i32>,
    /// Square metres of the property itself, by its name.
    pub area_m2: Option<i32>,
}

impl Identity {
    /// Reads a row as far as that goes: what cannot be read beside the id is left out.
    fn of(row: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Outer<'a> {
            hash_id: i64,
            #[serde(borrow)]
            advert_name: Option<&'a RawValue>,
            #[serde(borrow)]
            category_sub_cb: Option<&'a RawValue>,
            #[serde(borrow)]
            locality: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct SubCategory {
            value: i16,
        }
        #[derive(Default, Deserialize)]
        struct Locality {
            region_id: Option<i32>,
            district_id: Option<i32>,
        }
        let outer: Outer = serde_json::from_str(row).ok()?;
        let sub_category = outer.category_sub_cb.and_then(|sub| serde_json::from_str(sub.get()).ok());
        let locality = outer.locality.and_then(|locality| serde_json::from_str(locality.get()).ok());
        let name = outer.advert_name.and_then(|name| serde_json::from_str::<String>(name.get()).ok());
        let area_m2 = name.and_then(|name| areas_from_name(&name).area_m2);
        let Locality { region_id, district_id } = locality.unwrap_or_default();
        // The portal writes -1 for none.
        let [region_id, district_id] = [region_id, district_id].map(|id| id.filter(|id| *id > 0));
        let sub_category = sub_category.map(|sub: SubCategory| sub.value);
        Some(Self { hash_id: outer.hash_id, sub_category, region_id, district_id, area_m2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_rows_as_text() {
        let body = r#"{"pagination":{"limit":2,"offset":0,"total":9},"results":[{"hash_id":12, "x":[1]},"odd"],
            "status_code":200,"new_key":{}}"#;
        let page = Page::parse(body).unwrap();
        assert_eq!(page.pagination, Some(Pagination { limit: 2, offset: 0, total: 9 }));
        assert_eq!(page.results[0].get(), r#"{"hash_id":12, "x":[1]}"#);
        let hash_ids: Vec<_> = page.identities().map(|row| row.map(|row| row.hash_id)).collect();
        assert_eq!(hash_ids, [Some(12), None]);
    }

    #[test]
    fn a_row_is_identified_as_far_as_it_can_be_read() {
        let row = r#"{"hash_id":12,"advert_name":"Prodej bytu 2+kk 52 m²","category_sub_cb":{"name":"x","value":4},
            "locality":{"region_id":10,"district_id":-1}}"#;
        let whole = Identity {
            hash_id: 12,
            sub_category: Some(4),
            region_id: Some(10),
            district_id: None,
            area_m2: Some(52),
        };
        assert_eq!(Identity::of(row), Some(whole));
        let odd = r#"{"hash_id":12,"advert_name":7,"category_sub_cb":"4","locality":[]}"#;
        assert_eq!(Identity::of(odd), Some(Identity { hash_id: 12, ..Identity::default() }));
        assert_eq!(Identity::of(r#"{"hashId":12}"#), None);
    }

    #[test]
    fn an_envelope_without_pagination_is_a_page() {
        assert!(Page::parse(r#"{"results":[]}"#).unwrap().pagination.is_none());
    }

    #[test]
    fn other_answers_are_not_pages() {
        let refuse = |body: &str| Page::parse(body).unwrap_err().to_string();
        assert!(refuse("<html>stránka nebyla nalezena").contains("starts with `<html>"));
        assert!(refuse(r#"{"results":[{"hash_id":1}"#).contains("not a page"));
        assert!(refuse(r#"{"status_code":200}"#).contains("results"));
        assert!(refuse(r#"{"status_code":404,"status_message":"no"}"#).contains("status is 404"));
        assert!(refuse(r#"{"results":"none"}"#).contains("a list of rows"));
        assert!(refuse(r#"{"results":[],"status_code":500}"#).contains("status is 500"));
    }

    #[test]
    fn a_page_of_more_rows_than_a_query_has_is_not_kept() {
        let page = |rows: usize| format!(r#"{{"results":[{}0],"new_key":1}}"#, "0,".repeat(rows - 1));
        assert_eq!(Page::parse(&page(MOST_ROWS)).unwrap().results.len(), MOST_ROWS);
        for rows in [MOST_ROWS + 1, 1_000_000] {
            assert!(matches!(Page::parse(&page(rows)), Err(PageError::TooManyRows)));
        }
    }
}

//! Walks of many simulated days as raw objects.
//!
//! Their pages are those that the simulator serves, in files that the raw zone's own writer wrote. What is left out is
//! the HTTP between portal and collector, which other tests walk: it would take most of the time.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use raw_zone::{ObjectKey, PageRecord, WalkWriter};
use serde_json::Value;
use simulator::Market;
use sreality::query::{PAGE_LIMIT, SearchQuery};
use sreality::walk::Ending;
use sreality::{Page, Segment};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::world::{MARKET, World};

/// When day 0 is walked.
const FIRST_DAY: &str = "2026-01-01T05:00:00Z";
/// So many walks are made at once: more would only take memory.
const AT_ONCE: usize = 4;

/// A walk that is to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The simulated day.
    pub day: u32,
    /// What it covers.
    pub segment: Segment,
    /// After so many pages it ends as an incomplete one; `None` for a complete walk.
    pub most_pages: Option<u64>,
}

/// A walk that was made.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Its id.
    pub id: Uuid,
    /// When it started.
    pub started_at: Timestamp,
    /// The simulated day.
    pub day: u32,
    /// What it covers.
    pub segment: Segment,
    /// Which listings an incomplete walk came to; `None` for a complete one, which came to all that were shown.
    pub reached: Option<HashSet<i64>>,
    /// Rows in its object.
    pub rows: u64,
}

/// Plans the walks of these days. Of each segment's days one in eight has no walk, and one in ten an incomplete one of
/// at most three pages; which ones, the seed tells.
#[must_use]
pub fn plan(seed: u64, days: u32, segments: &[&str]) -> Vec<Plan> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut plans = Vec::new();
    for day in 0..days {
        for segment in segments {
            let (skipped, incomplete) = (random.u32(..8) == 0, random.u32(..10) == 0);
            if !skipped {
                let most_pages = incomplete.then(|| random.u64(..4));
                plans.push(Plan { day, segment: segment.parse().unwrap(), most_pages });
            }
        }
    }
    plans
}

/// Makes the planned walks, whose days must be in order, and stores their raw objects. The market is moved forward to
/// the last day. Returns the walks and the S3 events of their objects, each in the order of the plan.
pub async fn walk(world: &mut World, market: &mut Market, plans: Vec<Plan>) -> (Vec<Walk>, Vec<Value>) {
    let (mut walks, mut making) = (Vec::new(), JoinSet::new());
    let mut today = Arc::new(market.clone());
    for (position, plan) in plans.into_iter().enumerate() {
        if plan.day != today.day() {
            market.advance_to(plan.day);
            today = Arc::new(market.clone());
        }
        making.spawn(make(Arc::clone(&today), position, plan));
        if making.len() == AT_ONCE {
            store(world, &mut making, &mut walks).await;
        }
    }
    while !making.is_empty() {
        store(world, &mut making, &mut walks).await;
    }
    walks.sort_by_key(|(position, ..)| *position);
    walks.into_iter().map(|(_, walk, event)| (walk, event)).unzip()
}

/// Where a walk stands in the plan, the walk, its key and its file.
type Made = (usize, Walk, String, Vec<u8>);

async fn store(world: &mut World, making: &mut JoinSet<Made>, walks: &mut Vec<(usize, Walk, Value)>) {
    let (position, walk, key, file) = making.join_next().await.unwrap().unwrap();
    let event = world.put(&key, file).await;
    walks.push((position, walk, event));
}

async fn make(market: Arc<Market>, position: usize, plan: Plan) -> Made {
    let Plan { day, segment, most_pages } = plan;
    let first_day: Timestamp = FIRST_DAY.parse().unwrap();
    // No two walks start together: the order of those that do is another test's subject.
    let minutes = i64::from(day) * 24 * 60 + i64::try_from(position % 600).unwrap();
    let started_at = first_day + minutes.minutes();
    // Ids in another order than starts.
    let id = Uuid::from_u64_pair(fastrand::Rng::with_seed(position as u64).u64(..), position as u64);
    let key = ObjectKey { segment: segment.clone(), started_at, walk: id };

    let (mut writer, mut reached, mut rows, mut pages) = (None, HashSet::new(), 0, 0);
    loop {
        let query = SearchQuery { offset: pages * PAGE_LIMIT, ..SearchQuery::first_page(segment.clone()) };
        let body = market.page(&query.parameters()).unwrap();
        let page = Page::parse(&body).unwrap();
        let announced = page.pagination.unwrap().total;
        if writer.is_none() {
            let facts = sreality::walk::Walk {
                portal: "http://127.0.0.1".to_owned(),
                market: MARKET.to_owned(),
                segment: segment.clone(),
                since: None,
                id,
                software: "test".to_owned(),
                started_at,
                announced,
                robots_disregarded: false,
            };
            writer = Some(WalkWriter::start(Vec::new(), &facts).await.unwrap());
        }
        if most_pages.is_some_and(|most| pages >= most) {
            break;
        }
        if most_pages.is_some() {
            reached.extend(page.identities().map(|row| row.unwrap().hash_id));
        }
        let rows_of_page = page.results.len() as u64;
        let record = PageRecord {
            url: "http://127.0.0.1/".to_owned(),
            status: 200,
            fetched_at: started_at,
            duration_ms: 1,
            rows: rows_of_page,
            body,
        };
        writer.as_mut().unwrap().page(record).await.unwrap();
        (rows, pages) = (rows + rows_of_page, pages + 1);
        if rows >= announced {
            break;
        }
    }
    let complete = most_pages.is_none();
    let ending = Ending {
        complete,
        incomplete_because: (!complete).then(|| "the plan says so".to_owned()),
        distinct: rows,
        requests: pages,
        finished_at: started_at,
        ..Ending::default()
    };
    let (_, file) = writer.unwrap().finish(ending).await.unwrap();
    let reached = (!complete).then_some(reached);
    (position, Walk { id, started_at, day, segment, reached, rows }, key.to_string(), file)
}

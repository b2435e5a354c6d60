//! What loads find out comes through every kind of channel, and how long after the load's commit.

use std::collections::HashMap;
use std::fs;

use end_to_end::localstack::{BUCKET, LocalStack, until};
use end_to_end::receivers::{Arrival, CHANNELS, Receivers};
use jiff::Timestamp;
use serde_json::json;
use simulator::Simulator;
use tempfile::NamedTempFile;

/// What watches ask for, and their names.
const DEALS: [&str; 2] = ["sale", "rent"];
/// What the small plan collects.
const SEGMENTS: [&str; 2] = ["flats-sale/praha-7", "flats-rent/praha-7"];
/// So many walks of both segments follow the one that a rule starts.
pub(super) const WALKS: u32 = 6;
/// Between two walks; so few that a message is not too long for a channel.
const DAYS: u32 = 2;

/// The goal of which the share is printed.
const SOON_MILLISECONDS: i64 = 10_000;

/// What is due at every channel: the listing of each event and when its load was committed, in the order of events.
const EVENTS: &str = "
select hash_id, kind, pg_xact_commit_timestamp(xmin)
from warehouse.event
order by id";

/// Receivers, and two watches that tell all of them everything.
pub(super) struct Watched {
    receivers: Receivers,
    watches: NamedTempFile,
}

impl Watched {
    pub(super) async fn start() -> Self {
        let receivers = Receivers::start().await;
        let channels = CHANNELS.map(|channel| format!("{channel:?}")).join(", ");
        let watch = |deal: &str| {
            format!(
                "[[watch]]\nname = {deal:?}\ndeal = {deal:?}\ncategory = \"flats\"\nat_most_per_hour = 1000\n\
                 events = [\"new\", \"relisted\", \"back\", \"cheaper\", \"dearer\", \"gone\"]\n\
                 channels = [{channels}]\n"
            )
        };
        let watches = NamedTempFile::new().unwrap();
        fs::write(watches.path(), DEALS.map(watch).concat() + &receivers.channels()).unwrap();
        Self { receivers, watches }
    }

    /// What `localstack/deploy` is told, so that the notifier is deployed and has watches.
    pub(super) fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("CENOVKA_WATCHES", "on".to_owned()),
            ("CENOVKA_WATCHES_FILE", self.watches.path().display().to_string()),
            ("CENOVKA_CHANNEL_SECRETS", self.receivers.secrets()),
            ("CENOVKA_CHANNELS_PRIVATE", "allow".to_owned()),
        ]
    }

    /// Has the segments walked for the first time, and waits until the notifier knows the watches: Lambda starts it after
    /// the loads, and the rule that does, too, comes only minutes later.
    pub(super) async fn begin(&self, localstack: &LocalStack, sql: &tokio_postgres::Client) {
        for watch in DEALS {
            self.receivers.read_feed(localstack.s3(), BUCKET, watch);
        }
        localstack.send("collector", &json!({ "segments": SEGMENTS })).await;
        let known = "select count(*) from warehouse.watch";
        until("the notifier knows the watches", async || count(sql, known).await == 2).await;
    }

    /// Has the market move, and the segments walked, some more times.
    pub(super) async fn go_on(
        &self,
        localstack: &LocalStack,
        simulator: &Simulator,
        sql: &tokio_postgres::Client,
        day: u32,
    ) -> Vec<String> {
        let mut took = Vec::new();
        for walk in 1..=WALKS {
            simulator.advance_to(day + walk * DAYS);
            let moved_at = Timestamp::now();
            // By the rule, an earlier invocation may still be under way: this one then comes after it.
            localstack.send("collector", &json!({ "segments": SEGMENTS })).await;
            let loaded = "select count(distinct segment) from warehouse.walk where started_at > $1";
            let loaded = async || sql.query_one(loaded, &[&moved_at]).await.unwrap().get::<_, i64>(0) == 2;
            until("both walks are loaded", loaded).await;
            took = self.until_all_came(sql).await;
        }
        took
    }

    /// Waits until every event came through every channel, and says how long each took from its load's commit.
    pub(super) async fn until_all_came(&self, sql: &tokio_postgres::Client) -> Vec<String> {
        let rows = sql.query(EVENTS, &[]).await.unwrap();
        assert!(!rows.is_empty(), "there are no events");
        let events: Vec<(i64, String, Timestamp)> =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let mut took = Vec::new();
        for channel in CHANNELS {
            let what = format!("all events come through {channel}");
            until(&what, async || delays(&events, &self.receivers.arrivals(channel)).is_some()).await;
            let delays = delays(&events, &self.receivers.arrivals(channel)).expect("all came");
            took.push(format!("{channel}: {}", in_words(delays)));
        }
        took
    }
}

/// From the commit of each event's load to its arrival, in milliseconds; `None` as long as one is missing.
fn delays(events: &[(i64, String, Timestamp)], arrivals: &[Arrival]) -> Option<Vec<i64>> {
    let mut of_listing: HashMap<i64, Vec<(&str, Timestamp)>> = HashMap::new();
    for (hash_id, kind, committed_at) in events {
        of_listing.entry(*hash_id).or_default().push((kind, *committed_at));
    }
    let mut delays = Vec::new();
    for (hash_id, events) in of_listing {
        let came: Vec<&Arrival> = arrivals.iter().filter(|arrival| arrival.mentions(hash_id)).collect();
        assert!(came.len() <= events.len(), "{hash_id} had the events {events:?}, and there came {came:?}");
        if came.len() < events.len() {
            return None;
        }
        let pairs = events.iter().zip(came);
        delays.extend(pairs.map(|((_, at), arrival)| arrival.at.duration_since(*at).as_millis() as i64));
    }
    assert!(
        delays.iter().all(|delay| *delay >= 0),
        "nothing is told before its load is committed: {delays:?}"
    );
    Some(delays)
}

fn in_words(mut delays: Vec<i64>) -> String {
    delays.sort_unstable();
    let seconds = |share: usize| {
        let at = (delays.len() * share).div_ceil(100).saturating_sub(1);
        format!("{:.2} s", delays[at] as f64 / 1000.0)
    };
    let soon = delays.iter().filter(|delay| **delay <= SOON_MILLISECONDS).count();
    let events = delays.len();
    let share = 100.0 * soon as f64 / events as f64;
    let (half, most, last) = (seconds(50), seconds(99), seconds(100));
    format!(
        "{events} events, half within {half}, 99 % within {most}, the last {last}; {share:.1} % within 10 s"
    )
}

async fn count(sql: &tokio_postgres::Client, query: &str) -> i64 {
    sql.query_one(query, &[]).await.unwrap().get(0)
}

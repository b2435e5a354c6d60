//! From a walk to people: what the market did is told once, whatever is killed, fails or is rebuilt.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use end_to_end::{Function, World, tables, world::BUCKET};
use serde_json::{Value, json};
use simulator::{Market, Source};
use sreality::category::{Category, Deal};
use tokio::net::TcpListener;

use crate::quarantine::cenovka_with;

/// One walk a day.
const DAYS: u32 = 9;
/// On this day the warehouse is emptied and rebuilt.
const REBUILT_ON: u32 = 5;

/// Listing, what happened, price.
type Telling = (u64, String, Option<i64>);

/// A webhook that keeps what it is sent. As it should, it drops a message that comes again under the same key.
#[derive(Clone, Default)]
struct Receiver {
    messages: Arc<Mutex<BTreeMap<String, Value>>>,
    asked: Arc<Mutex<u64>>,
}

impl Receiver {
    /// Starts it; every so many requests it keeps what it was sent, and says that it failed.
    async fn start(failing: u64) -> (Self, String) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let kept = receiver.clone();
        let answer = move |headers: HeaderMap, body: Bytes| async move {
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            let message: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(message["key"], key.as_str());
            let asked = {
                let mut asked = kept.asked.lock().unwrap();
                *asked += 1;
                *asked
            };
            if let Some(before) = kept.messages.lock().unwrap().insert(key, message.clone()) {
                assert_eq!(before["items"], message["items"], "the same key stands for the same events");
            }
            if asked.is_multiple_of(failing) {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::NO_CONTENT
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        (receiver, url)
    }

    /// What a watch was told, each key once.
    fn told(&self, watch: &str) -> Vec<Telling> {
        let messages = self.messages.lock().unwrap();
        let messages = messages.values().filter(|message| message["watch"] == watch);
        let items: Vec<Value> =
            messages.flat_map(|message| message["items"].as_array().unwrap().clone()).collect();
        let mut keys = HashSet::new();
        for item in &items {
            assert!(keys.insert(item["key"].as_str().unwrap().to_owned()), "told twice: {item}");
        }
        let told = |item: &Value| {
            let kind = item["kind"].as_str().unwrap();
            // Whether an advert is another one anew, the market does not say to all who ask.
            let kind = if kind == "relisted" { "new" } else { kind };
            (item["hash_id"].as_u64().unwrap(), kind.to_owned(), item["price"].as_i64())
        };
        let mut told: Vec<Telling> = items.iter().map(told).collect();
        told.sort_unstable();
        told
    }
}

/// What the flats for sale of a market did, as walks of its first days could see it: by the rules, from its own truth.
fn truth(market: &Market, days: u32) -> Vec<Telling> {
    let mut prices: HashMap<u64, HashMap<u32, Option<i64>>> = HashMap::new();
    for stretch in
        market.history().filter(|stretch| (stretch.category, stretch.deal) == (Category::Flats, Deal::Sale))
    {
        let listing = prices.entry(stretch.hash_id).or_default();
        listing.extend((stretch.first_day..=stretch.last_day).map(|day| (day, stretch.total_price)));
    }
    let mut told = Vec::new();
    for (hash_id, seen) in prices {
        let mut last: Option<(Option<i64>, u32)> = None;
        for day in 0..days {
            let mut tell = |kind: &str, price| told.push((hash_id, kind.to_owned(), price));
            match (seen.get(&day).copied(), last) {
                (None, None) => {}
                (None, Some((price, misses))) => {
                    if misses == 2 {
                        tell("gone", price);
                    }
                    last = Some((price, misses + 1));
                }
                (Some(price), before) => {
                    match before {
                        None if day >= 3 => tell("new", price),
                        None => {}
                        Some((_, misses)) if misses >= 3 => tell("back", price),
                        Some((before, _)) => match before.zip(price) {
                            Some((before, now)) if now < before => tell("cheaper", price),
                            Some((before, now)) if now > before => tell("dearer", price),
                            _ => {}
                        },
                    }
                    last = Some((price, 0));
                }
            }
        }
    }
    told.sort_unstable();
    told
}

async fn notifier(world: &World) -> Function {
    let database = world.database.url("notifier");
    let settings = [("DATABASE_URL", database.as_str()), ("CENOVKA_CHANNELS_PRIVATE", "allow")];
    Function::start("notifier", &world.environment_with(&settings)).await
}

/// Runs the notifier until nothing is left to be sent; what waits for a channel to recover need not wait here.
async fn tell_all(world: &World) {
    let mut notifier = notifier(world).await;
    loop {
        let report = notifier.invoke(json!({})).await.unwrap();
        if report["busy"] == true {
            // Postgres has not noticed yet that the one before was killed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        if report["waiting"] == 0 {
            return;
        }
        world.sql.batch_execute("update warehouse.delivery set due_at = now()").await.unwrap();
    }
}

/// The event of the next walk of flats for sale: the folder tells of every object that is stored.
async fn raw_object(world: &mut World) -> Value {
    loop {
        let event = world.next_event().await;
        if event.to_string().contains("raw/sreality/flats-sale") {
            return event;
        }
    }
}

#[tokio::test]
async fn what_the_market_did_is_told_once_whatever_is_killed_or_fails_or_is_rebuilt() {
    let mut world = World::start(Source::Market(Market::new(11, 3000))).await;
    let (receiver, url) = Receiver::start(7).await;
    let watches = format!(
        r#"
        [[watch]]
        name = "all"
        deal = "sale"
        category = "flats"
        events = ["new", "relisted", "back", "cheaper", "dearer", "gone"]
        channels = ["hook"]
        at_most_per_hour = 1000

        [[watch]]
        name = "cheaper"
        deal = "sale"
        category = "flats"
        events = ["cheaper"]
        channels = ["hook"]
        at_most_per_hour = 1000

        [channels.hook]
        kind = "webhook"
        url = "{url}"
        "#
    );
    let put = world.s3.put_object().bucket(BUCKET).key("watches.toml").body(watches.into_bytes().into());
    put.send().await.unwrap();
    tell_all(&world).await;

    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let mut loaded: Vec<Value> = Vec::new();
    for day in 0..DAYS {
        world.simulator.advance_to(day);
        collector.invoke(json!({ "segments": ["flats-sale"] })).await.unwrap();
        let event = raw_object(&mut world).await;
        loader.invoke(event.clone()).await.unwrap();
        loaded.push(event);
        for _ in 0..3 {
            let after = Duration::from_millis(fastrand::u64(5..120));
            drop(notifier(&world).await.kill_while_invoked(json!({}), after).await);
        }
        tell_all(&world).await;
        if day == REBUILT_ON {
            let before = (receiver.told("all"), receiver.told("cheaper"));
            tables::empty(&world.sql).await;
            for event in &loaded {
                loader.invoke(event.clone()).await.unwrap();
            }
            assert!(world.count("select count(*) from warehouse.event").await > 0);
            tell_all(&world).await;
            assert_eq!(
                (receiver.told("all"), receiver.told("cheaper")),
                before,
                "a rebuild tells nothing again"
            );
        }
    }

    let truth = world.simulator.with_market(|market| truth(market, DAYS)).unwrap();
    let kinds: HashSet<&str> = truth.iter().map(|(_, kind, _)| kind.as_str()).collect();
    assert!(["new", "cheaper", "dearer", "gone"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert_eq!(receiver.told("all"), truth);
    let cheaper: Vec<Telling> = truth.into_iter().filter(|(_, kind, _)| kind == "cheaper").collect();
    assert_eq!(receiver.told("cheaper"), cheaper);
}

#[tokio::test]
async fn without_watches_nobody_is_told_anything_and_wrong_ones_are_named() {
    let world = World::start(Source::Market(Market::new(11, 100))).await;
    let mut notifier = notifier(&world).await;
    let report = notifier.invoke(json!({})).await.unwrap();
    assert_eq!((&report["events"], &report["messages"]), (&json!(0), &json!(0)));
    let wrong = "[[watch]]\nname = \"x\"\ndeal = \"sail\"\n";
    let put = world.s3.put_object().bucket(BUCKET).key("watches.toml").body(wrong.as_bytes().to_vec().into());
    put.send().await.unwrap();
    let error = notifier.invoke(json!({})).await.unwrap_err();
    assert_eq!(error.class, "stop");
    for named in ["s3://raw/watches.toml", "sail", "category", "channels"] {
        assert!(error.message.contains(named), "{named}: {}", error.message);
    }
}

#[tokio::test]
async fn a_watch_is_not_told_what_happened_before_it() {
    let mut world = World::start(Source::Market(Market::new(11, 1000))).await;
    let (receiver, url) = Receiver::start(u64::MAX).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..5 {
        world.simulator.advance_to(day);
        let event = world.collect(&mut collector, &["flats-sale"]).await.remove(0);
        loader.invoke(event).await.unwrap();
    }
    assert!(world.count("select count(*) from warehouse.event").await > 0);
    let watches = format!(
        "[[watch]]\nname = \"late\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = [\"hook\"]\n\
         [channels.hook]\nkind = \"webhook\"\nurl = \"{url}\"\n"
    );
    let put = world.s3.put_object().bucket(BUCKET).key("watches.toml").body(watches.into_bytes().into());
    put.send().await.unwrap();
    tell_all(&world).await;
    assert_eq!(receiver.told("late"), []);
}

#[tokio::test]
async fn an_operator_sees_what_waits_and_tells_it() {
    let mut world = World::start(Source::Market(Market::new(11, 3000))).await;
    let database = world.database.url("notifier");
    let settings = [("DATABASE_URL", database.as_str())];
    let watches = "[[watch]]\nname = \"dearer\"\ndeal = \"sale\"\ncategory = \"flats\"\nevents = [\"dearer\", \"cheaper\"]\n\
        channels = [\"reader\"]\n[channels.reader]\nkind = \"feed\"\n";
    let put =
        world.s3.put_object().bucket(BUCKET).key("watches.toml").body(watches.as_bytes().to_vec().into());
    put.send().await.unwrap();
    assert!(cenovka_with(&world, &["watch", "send"], &settings).await.contains("told: 0 deliveries"));
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..2 {
        world.simulator.advance_to(day);
        collector.invoke(json!({ "segments": ["flats-sale"] })).await.unwrap();
        loader.invoke(raw_object(&mut world).await).await.unwrap();
    }
    let look = ["watch", "send", "--dry-run"];
    let events = world.count("select count(*) from warehouse.event").await;
    assert!(events > 0);
    let expected = format!("not compared with the watches yet: {events} events\nnothing waits to be sent\n");
    // Looking changes nothing.
    for _ in 0..2 {
        assert_eq!(cenovka_with(&world, &look, &settings).await, expected);
    }
    let told = cenovka_with(&world, &["watch", "send"], &settings).await;
    assert!(told.contains(&format!("told: {events} deliveries, in ")), "{told}");
    let expected = "not compared with the watches yet: 0 events\nnothing waits to be sent\n";
    assert_eq!(cenovka_with(&world, &look, &settings).await, expected);
    // What cannot work shows before there is anything to send.
    let other = tempfile::NamedTempFile::new().unwrap();
    let phone = "[channels.phone]\nkind = \"telegram\"\nchat = 1\n";
    let watches =
        watches.replace("\"reader\"", "\"phone\"").replace("[channels.reader]\nkind = \"feed\"\n", phone);
    std::fs::write(other.path(), watches).unwrap();
    let looked = [&look[..], &[other.path().to_str().unwrap()]].concat();
    let expected = format!(
        "{expected}the secret of channel phone is wrong: it is missing, and has to be the bot's token\n"
    );
    assert_eq!(cenovka_with(&world, &looked, &settings).await, expected);
}

#[tokio::test]
async fn the_notifier_reads_the_outbox_and_writes_nothing_but_what_was_sent() {
    let world = World::start(Source::Market(Market::new(11, 100))).await;
    let notifier = world.database.connect("notifier").await;
    for forbidden in [
        "select * from warehouse.reject",
        "select * from warehouse.quarantine",
        "delete from warehouse.event",
        "update warehouse.event set kind = 'new'",
        "insert into warehouse.event (hash_id, kind, spell, happened_at) values (1, 'new', now(), now())",
        "update warehouse.listing set total_price = 1",
        "delete from warehouse.walk",
        "create table warehouse.mine (id integer)",
        "create table public.mine (id integer)",
        "create temporary table mine (id integer)",
        "select lo_create(0)",
    ] {
        let error = notifier.batch_execute(forbidden).await.unwrap_err();
        assert_eq!(
            error.code().map(tokio_postgres::error::SqlState::code),
            Some("42501"),
            "{forbidden}: {error}"
        );
    }
    for role in ["loader", "analyst"] {
        let client = world.database.connect(role).await;
        for table in ["delivery", "watch", "outbox_position", "failing_channel"] {
            let error = client.batch_execute(&format!("select * from warehouse.{table}")).await.unwrap_err();
            assert_eq!(
                error.code().map(tokio_postgres::error::SqlState::code),
                Some("42501"),
                "{role}: {table}"
            );
        }
    }
}

#[tokio::test]
async fn the_watches_that_compose_brings_are_watches() {
    let world = World::start(Source::Market(Market::new(11, 100))).await;
    let sample = end_to_end::binary::workspace().join("compose/watches.toml");
    let listed = cenovka_with(&world, &["watch", "list", sample.to_str().unwrap()], &[]).await;
    for told in ["for-sale-in-praha-7", "flats-sale: new", "to-rent-in-praha-7", "to mail (mail), in en"] {
        assert!(listed.contains(told), "{told}: {listed}");
    }
}

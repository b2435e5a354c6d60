//! A thousand histories, in which everything goes wrong that can: what is told is true, and told once.

mod history;
mod killed;
mod market;
mod observer;
mod receiver;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use end_to_end::{World, tables};
use fastrand::Rng;
use jiff::Timestamp;
use simulator::Source;
use tokio::runtime::Builder;

use self::history::{Disturbances, History};
use self::market::Market;
use self::observer::{contradicts, watches};
use self::receiver::Receiver;

const HISTORIES: u64 = 1_000;
/// Each with a Postgres of its own.
const THREADS: usize = 3;
/// What must have happened, and how often at least.
const HAPPENED: [&str; 19] = [
    "a falsified walk",
    "a late walk",
    "a load beside a notifier",
    "a load killed after its commit",
    "a load killed before its commit",
    "a message that came again under its key",
    "a notifier beside a rebuild",
    "a rebuild",
    "a rebuild at once after the notifier was killed",
    "a rebuild while a message was on its way",
    "a walk set aside and released",
    "an answer lost",
    "an incomplete walk",
    "delivered again",
    "refused by its channel",
    "the notifier killed between a message's plan and its channel",
    "the notifier killed between channel and journal",
    "the notifier killed between journal and Postgres",
    "the notifier killed elsewhere",
];

#[test]
fn a_thousand_disturbed_histories_tell_what_happened_once() {
    let next = AtomicU64::new(0);
    let mut all = Disturbances::new();
    thread::scope(|scope| {
        let run = || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(histories(&next))
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            for (disturbance, count) in thread.join().unwrap() {
                *all.entry(disturbance).or_default() += count;
            }
        }
    });
    println!("{HISTORIES} histories:");
    for (disturbance, count) in &all {
        println!("{count:>7} {disturbance}");
    }
    for disturbance in HAPPENED {
        assert!(all.get(disturbance).is_some_and(|count| *count >= 20), "{disturbance}: {all:#?}");
    }
}

/// Lets no other history begin once one has failed.
struct Ending<'n>(&'n AtomicU64);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(HISTORIES, Ordering::Relaxed);
        }
    }
}

async fn histories(next: &AtomicU64) -> Disturbances {
    let _ending = Ending(next);
    let world = World::start(Source::Market(simulator::Market::new(0, 0))).await;
    // What a crash of Postgres could lose is of no interest here, and tables are too small to plan twice for.
    for setting in ["synchronous_commit = off", "plan_cache_mode = force_generic_plan"] {
        world.sql.batch_execute(&format!("alter database cenovka set {setting}")).await.unwrap();
    }
    let receiver = Receiver::start().await;
    let mut all = Disturbances::new();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= HISTORIES {
            return all;
        }
        for (disturbance, count) in Box::pin(history(&world, &receiver, seed)).await {
            *all.entry(disturbance).or_default() += count;
        }
        tables::delete(&world.sql).await;
        if seed.is_multiple_of(32) {
            world.sql.batch_execute("vacuum").await.unwrap();
        }
    }
}

/// Lives through a history, and compares what was told with what happened.
async fn history(world: &World, receiver: &Receiver, seed: u64) -> Disturbances {
    let mut random = Rng::with_seed(seed);
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let market = Market::new(&mut random, now);
    let watches = watches(&mut random, now);
    let mut history = History::begin(world, receiver, &market, &watches, seed, now).await;
    Box::pin(history.run()).await;

    let inbox = receiver.inbox();
    let expected = history.observer.expected();
    let mut faults = inbox.faults.clone();
    // One message at most is on its way when the notifier is killed.
    if inbox.came_again > history.notifier_killed + inbox.answers_lost {
        faults.push(format!("{} messages came again", inbox.came_again));
    }
    let mut of_listings: BTreeMap<(&str, usize, &str), usize> = BTreeMap::new();
    for (key, telling) in &expected {
        match inbox.items.get(key) {
            None => faults.push(format!("missed: {key}: {telling:?}")),
            Some((_, item)) => {
                let happened_at: Timestamp = item["happened_at"].as_str().unwrap().parse().unwrap();
                let (price, before) = (item["price"].as_i64(), item["price_before"].as_i64());
                if (happened_at, price, before) != (telling.happened_at, telling.price, telling.price_before)
                {
                    faults.push(format!("expected {telling:?} and was told {item}"));
                }
            }
        }
        if let Some(why) = contradicts(&market, telling) {
            faults.push(format!("false: {key}: {why}"));
        }
        *of_listings.entry((key.split('/').next().unwrap(), telling.listing, telling.kind)).or_default() += 1;
    }
    faults.extend(
        inbox
            .items
            .iter()
            .filter(|(key, _)| !expected.contains_key(*key))
            .map(|(key, (_, item))| format!("told without a reason: {key}: {item}")),
    );
    for ((watch, listing, kind), count) in of_listings {
        let life = &market.listings[listing];
        let times_here = life.chunk_by(|one, next| one.is_some() == next.is_some());
        let (here, away): (Vec<_>, Vec<_>) = times_here.partition(|time| time[0].is_some());
        let most = match kind {
            "new" => 1,
            "gone" => away.len(),
            "back" => here.len() - 1,
            _ => life.len(),
        };
        if count > most {
            faults.push(format!("{watch} was told {count} times that {listing} is {kind}"));
        }
    }
    assert!(
        faults.is_empty(),
        "history {seed}: {faults:#?}\nof {market:#?}\nwith {:#?}",
        history.disturbances
    );

    let mut disturbances = std::mem::take(&mut history.disturbances);
    disturbances.insert("a message that came again under its key", inbox.came_again);
    disturbances.insert("an answer lost", inbox.answers_lost);
    disturbances.insert("refused by its channel", inbox.refused);
    for (key, telling) in &expected {
        if key.starts_with("all/") {
            *disturbances.entry(telling.kind).or_default() += 1;
        }
    }
    disturbances
}

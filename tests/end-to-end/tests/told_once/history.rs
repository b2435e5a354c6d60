//! One history: walks are loaded and told while everything goes wrong that can.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use end_to_end::walk_file::walk_file_with;
use end_to_end::{World, tables};
use fastrand::Rng;
use jiff::Timestamp;
use loader::{LoadResult, Loader, Outcome};
use notifier::{ChannelSecrets, Notifier, Report};
use raw_zone::ObjectKey;
use runtime::Bucket;
use serde_json::{Value, json};
use uuid::Uuid;
use warehouse::{Action, Decision, Warehouse};

use super::killed::{Blow, until};
use super::market::{Kind, Market};
use super::observer::{Observer, Watch};
use super::receiver::Receiver;

/// How often each thing went wrong.
pub(super) type Disturbances = BTreeMap<&'static str, usize>;

pub(super) struct History<'w> {
    pub(super) market: &'w Market,
    pub(super) observer: Observer<'w>,
    pub(super) disturbances: Disturbances,
    pub(super) notifier_killed: usize,
    world: &'w World,
    receiver: &'w Receiver,
    store: Bucket,
    random: Rng,
    keys: Vec<ObjectKey>,
    /// Walks whose objects exist by now.
    stored: Vec<usize>,
    /// Honest walks that are set aside, and nobody has decided of.
    set_aside: BTreeSet<usize>,
    loader: Option<Loader>,
    notifier: Option<Notifier>,
    /// How often a load and a run of the notifier wait for somebody.
    waits: [usize; 2],
}

impl<'w> History<'w> {
    pub(super) async fn begin(
        world: &'w World,
        receiver: &'w Receiver,
        market: &'w Market,
        watches: &'w [Watch],
        seed: u64,
        now: Timestamp,
    ) -> Self {
        let url = receiver.begin(seed);
        let bucket = format!("history-{seed}");
        world.s3.create_bucket().bucket(&bucket).send().await.unwrap();
        let store = Bucket::new(world.s3.clone(), bucket);
        let mut file = format!("[channels.hook]\nkind = \"webhook\"\nurl = \"{url}\"\n");
        for Watch { name, kinds, since } in watches {
            file = format!(
                "[[watch]]\nname = \"{name}\"\ndeal = \"sale\"\ncategory = \"flats\"\nevents = {kinds:?}\n\
                 channels = [\"hook\"]\nat_most_per_hour = 1000\n{file}"
            );
            let since = json!({ "since": since }).to_string();
            store.put_json(&format!("told/watches/{name}.json"), since.into_bytes()).await.unwrap();
        }
        store.put_small("watches.toml", file.into_bytes(), "application/toml").await.unwrap();
        let key = |(index, walk): (usize, &super::market::Walk)| ObjectKey {
            segment: "flats-sale".parse().unwrap(),
            started_at: walk.started_at,
            walk: Uuid::from_u128(index as u128 + 1),
        };
        Self {
            market,
            observer: Observer::new(market, watches, now),
            disturbances: Disturbances::new(),
            notifier_killed: 0,
            world,
            receiver,
            store,
            random: Rng::with_seed(seed),
            keys: market.walks.iter().enumerate().map(key).collect(),
            stored: Vec::new(),
            set_aside: BTreeSet::new(),
            loader: None,
            notifier: None,
            waits: [30, 60],
        }
    }

    /// Loads and tells all of it, and empties the warehouse in the middle.
    pub(super) async fn run(&mut self) {
        let order = self.market.order();
        let rebuilt_after = self.random.usize(1..order.len().max(3) - 1);
        for (number, walk) in order.iter().copied().enumerate() {
            self.store_walk(walk).await;
            self.stored.push(walk);
            if self.random.u8(..6) == 0 {
                Box::pin(self.load_beside_a_notifier(walk)).await;
            }
            self.load(walk).await;
            if self.random.u8(..4) == 0 {
                let again = self.stored[self.random.usize(..self.stored.len())];
                self.count("delivered again");
                self.load(again).await;
            }
            if self.random.u8(..3) == 0 {
                self.decide().await;
            }
            if number == rebuilt_after {
                let was_killed = self.random.u8(..3) > 0 && self.notify(true).await;
                self.rebuild(was_killed).await;
            } else if self.random.bool() {
                let _ = self.notify_until_told().await;
            }
        }
        self.decide().await;
        self.decide().await;
        assert!(self.notify_until_told().await, "something waits for ever");
    }

    /// Whether all was told in the end: some things wait for walks that are yet to be loaded.
    async fn notify_until_told(&mut self) -> bool {
        for _ in 0..40 {
            if !self.notify(true).await {
                return true;
            }
        }
        false
    }

    fn count(&mut self, disturbance: &'static str) {
        *self.disturbances.entry(disturbance).or_default() += 1;
    }

    async fn store_walk(&mut self, index: usize) {
        let walk = &self.market.walks[index];
        match walk.kind {
            Kind::Incomplete => self.count("an incomplete walk"),
            Kind::Falsified => self.count("a falsified walk"),
            Kind::Complete | Kind::Skipped => {}
        }
        if walk.late_by > 0 {
            self.count("a late walk");
        }
        let rows = walk.rows();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (key, file) = walk_file_with(self.keys[index].walk.as_u128(), &rows, |header, closing| {
            header.started_at = walk.started_at;
            closing.finished_at = walk.started_at;
            closing.complete = walk.kind != Kind::Incomplete;
        })
        .await;
        self.store.put_small(&key, file, "application/jsonl").await.unwrap();
    }

    fn loader(&mut self) -> Loader {
        let url = self.world.database.url("loader");
        let new = || Loader::new(self.store.clone(), Warehouse::new(&url, None).unwrap());
        self.loader.take().unwrap_or_else(new)
    }

    fn notifier(&mut self) -> Notifier {
        let url = self.world.database.url("notifier");
        let new = || {
            let warehouse = Warehouse::new(&url, None).unwrap();
            let outbound = Arc::clone(&self.receiver.outbound);
            Notifier::new(self.store.clone(), warehouse, ChannelSecrets::new(), outbound)
        };
        self.notifier.take().unwrap_or_else(new)
    }

    /// A blow that falls anywhere on a part, or just at its end, in one of so many cases.
    fn blow(&mut self, part: usize, one_of: usize) -> Option<Blow> {
        let falls = self.random.usize(..one_of) == 0;
        let waits = self.waits[part];
        let first = if self.random.u8(..4) == 0 { waits.saturating_sub(2).max(1) } else { 1 };
        let (after, before_it_asks) = (self.random.usize(first..=waits), self.random.bool());
        falls.then_some(Blow { after, before_it_asks })
    }

    /// Loads a walk, as often as its loader is killed.
    async fn load(&mut self, walk: usize) {
        loop {
            let (loader, blow) = (self.loader(), self.blow(0, 12));
            let (mut outcome, waited) = until(blow, loader.load_key(&self.keys[walk], None)).await;
            // Killed when it was done, and before anybody heard of it.
            if self.random.u8(..24) == 0 {
                outcome = None;
            }
            if self.loaded(walk, loader, outcome.map(Result::unwrap), waited).await {
                return;
            }
        }
    }

    /// Loads a walk while the notifier runs; either may be killed.
    async fn load_beside_a_notifier(&mut self, walk: usize) {
        self.count("a load beside a notifier");
        let (loader, notifier) = (self.loader(), self.notifier());
        let (blow, other_blow) = (self.blow(0, 8), self.blow(1, 6));
        self.make_due().await;
        let ((outcome, waited), (report, notifier_waited)) = tokio::join!(
            until(blow, loader.load_key(&self.keys[walk], None)),
            until(other_blow, notifier.notify(Timestamp::MAX)),
        );
        self.loaded(walk, loader, outcome.map(Result::unwrap), waited).await;
        self.notified(notifier, report.map(Result::unwrap), notifier_waited).await;
    }

    /// Notes how a load ended; `false` if it was killed.
    async fn loaded(&mut self, walk: usize, loader: Loader, outcome: Option<Outcome>, waited: usize) -> bool {
        let Some(outcome) = outcome else {
            drop(loader);
            let id = self.keys[walk].walk;
            let sql = "select exists (select from warehouse.walk where id = $1)";
            let is_loaded = self.world.sql.query_one(sql, &[&id]).await.unwrap().get(0);
            self.count(if is_loaded {
                "a load killed after its commit"
            } else {
                "a load killed before its commit"
            });
            return false;
        };
        self.loader = Some(loader);
        match outcome.result {
            LoadResult::Loaded { .. } | LoadResult::AlreadyLoaded => {
                assert_ne!(
                    self.market.walks[walk].kind,
                    Kind::Falsified,
                    "walk {walk} is falsified and loaded"
                );
                self.set_aside.remove(&walk);
                self.observer.load(walk);
            }
            LoadResult::Quarantined { .. } | LoadResult::AlreadyQuarantined { .. } => {
                if self.market.walks[walk].kind != Kind::Falsified {
                    self.set_aside.insert(walk);
                }
            }
        }
        if matches!(outcome.result, LoadResult::Loaded { .. }) {
            self.waits[0] = waited.max(1);
        }
        true
    }

    /// The operator looks at what is set aside: honest walks are released.
    async fn decide(&mut self) {
        for walk in std::mem::take(&mut self.set_aside) {
            let key = self.keys[walk].to_string();
            let mut warehouse = Warehouse::new(&self.world.database.url("loader"), None).unwrap();
            if let Some(object) = warehouse.quarantined(&key).await.unwrap() {
                let decision = Decision::new(Action::Release, &object, "the operator".to_owned(), None);
                loader::decide(&self.store, &mut warehouse, &decision).await.unwrap();
                self.count("a walk set aside and released");
            }
            self.load(walk).await;
        }
    }

    /// Time passes: what waits for another try is due.
    async fn make_due(&self) {
        let sql = "update warehouse.delivery set due_at = now() where state = 'waiting' and due_at > now()";
        self.world.sql.execute(sql, &[]).await.unwrap();
    }

    /// Runs the notifier, which may be killed; returns whether something is left to be told.
    async fn notify(&mut self, may_be_killed: bool) -> bool {
        let blow = if may_be_killed { self.blow(1, 4) } else { None };
        let notifier = self.notifier();
        self.make_due().await;
        let (report, waited) = until(blow, notifier.notify(Timestamp::MAX)).await;
        self.notified(notifier, report.map(Result::unwrap), waited).await
    }

    /// Notes how a run ended; returns whether something is left to be told.
    async fn notified(&mut self, notifier: Notifier, report: Option<Report>, waited: usize) -> bool {
        let Some(report) = report else {
            drop(notifier);
            self.notifier_killed += 1;
            self.note_blow().await;
            return true;
        };
        self.notifier = Some(notifier);
        if report.busy {
            // Postgres has not noticed yet that the one before was killed.
            tokio::time::sleep(Duration::from_millis(1)).await;
            return true;
        }
        self.waits[1] = waited.max(1);
        report.waiting > 0
    }

    /// Between which two steps the notifier was killed.
    async fn note_blow(&mut self) {
        let planned = "
            select message, watch, hash_id, spell, kind
            from warehouse.delivery
            where state = 'waiting' and message is not null";
        let planned = self.world.sql.query(planned, &[]).await.unwrap();
        let journalled = self.journal_keys().await;
        let taken = self.receiver.inbox().items.keys().cloned().collect::<BTreeSet<_>>();
        let mut moments = BTreeSet::new();
        for row in &planned {
            let (message, watch, listing): (Uuid, &str, i64) = (row.get(0), row.get(1), row.get(2));
            let (spell, kind): (Timestamp, &str) = (row.get(3), row.get(4));
            let is_taken = taken.contains(&format!("{watch}/{listing}/{}/{kind}", spell.as_microsecond()));
            let is_journalled = journalled.iter().any(|key| key.ends_with(&format!("/{message}.json")));
            moments.insert(match (is_taken, is_journalled) {
                (false, _) => "the notifier killed between a message's plan and its channel",
                (true, false) => "the notifier killed between channel and journal",
                (true, true) => "the notifier killed between journal and Postgres",
            });
        }
        if moments.is_empty() {
            self.count("the notifier killed elsewhere");
        }
        moments.into_iter().for_each(|moment| self.count(moment));
    }

    async fn journal_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let mut pages = self.store.list("told/2");
        while let Some(page) = pages.next().await.unwrap() {
            keys.extend(page.into_iter().map(|object| object.key));
        }
        keys
    }

    /// Postgres is lost, and made anew from the raw objects, the oldest first.
    async fn rebuild(&mut self, after_a_kill: bool) {
        self.count("a rebuild");
        // A new warehouse has no connections of old.
        let sql = "
            select count(pg_terminate_backend(pid, 10000))
            from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
        self.world.sql.query_one(sql, &[]).await.unwrap();
        (self.loader, self.notifier) = (None, None);
        let mut begun: BTreeSet<String> = self.receiver.inbox().items.keys().cloned().collect();
        let received = begun.len();
        for key in self.journal_keys().await {
            let told: Value = serde_json::from_slice(&self.store.read(&key).await.unwrap()).unwrap();
            begun.extend(told.as_array().unwrap().iter().map(|told| {
                let spell: Timestamp = told["spell"].as_str().unwrap().parse().unwrap();
                let (watch, kind) = (told["watch"].as_str().unwrap(), told["kind"].as_str().unwrap());
                format!("{watch}/{}/{}/{kind}", told["hash_id"], spell.as_microsecond())
            }));
        }
        if after_a_kill {
            self.count("a rebuild at once after the notifier was killed");
        }
        if received < begun.len() {
            self.count("a rebuild while a message was on its way");
        }
        tables::delete(&self.world.sql).await;
        self.observer.forget(&begun);
        self.set_aside.clear();
        let mut walks = self.stored.clone();
        walks.sort_unstable();
        for walk in walks {
            self.load(walk).await;
            if self.random.u8(..6) == 0 {
                self.count("a notifier beside a rebuild");
                self.notify(true).await;
            }
        }
    }
}

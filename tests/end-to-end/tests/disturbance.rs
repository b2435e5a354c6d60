//! Loads that are struck by everything that can break: what is delivered again until it succeeds ends as if nothing had
//! happened.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use end_to_end::faulty_s3::{Fault, FaultyS3};
use end_to_end::{Function, World, tables, walked};
use serde_json::Value;
use simulator::{Market, Source};

/// Kills, restarts of Postgres, failing reads.
const STRIKES: [usize; 3] = [50, 20, 20];

/// What happens to one load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strike {
    /// The loader is killed.
    Kill,
    /// Postgres ends at once and starts again.
    Restart,
    /// S3 fails on the read.
    Read,
}

/// How a load that was struck ended.
enum Ended {
    /// The loader had answered before, or the load was beyond harm.
    Unharmed,
    /// It failed, or its loader died before it could say how it went.
    Struck,
}

/// The part of the world that strikes.
struct Trouble {
    world: World,
    s3: FaultyS3,
    random: fastrand::Rng,
    /// For how long each object's load took when nothing happened.
    undisturbed: BTreeMap<String, Duration>,
}

#[tokio::test]
async fn loads_struck_by_kills_restarts_and_failing_reads_end_in_the_tables_of_an_undisturbed_run() {
    let mut market = Market::new(11, 5_000).with_flicker(0.01);
    let mut world = World::start(Source::Market(Market::new(0, 0))).await;
    let plan = walked::plan(11, 16, &["flats-sale", "houses-sale", "land-sale", "flats-sale/praha"]);
    let (_, mut events) = walked::walk(&mut world, &mut market, plan).await;
    let s3 = world.faulty_s3().await;
    let mut random = fastrand::Rng::with_seed(11);
    random.shuffle(&mut events);

    let mut loader = world.loader().await;
    let mut undisturbed = BTreeMap::new();
    for event in &events {
        let started = Instant::now();
        assert_eq!(load(&mut loader, event).await, "loaded");
        undisturbed.insert(key(event), started.elapsed());
    }
    let reference = tables::contents(&world.sql).await;
    tables::empty(&world.sql).await;
    assert!(tables::contents(&world.sql).await["spell"].rows == 0 && reference["spell"].rows > 2_000);

    let [kills, restarts, reads] = STRIKES;
    let mut strikes =
        [vec![Strike::Kill; kills], vec![Strike::Restart; restarts], vec![Strike::Read; reads]].concat();
    random.shuffle(&mut strikes);
    let mut trouble = Trouble { world, s3, random, undisturbed };
    let (mut loader, mut struck, mut missed) = (trouble.loader().await, BTreeMap::new(), 0);
    let mut waiting = VecDeque::from(events.clone());
    while let Some(event) = waiting.pop_front() {
        let Some(strike) = strikes.pop() else {
            load(&mut loader, &event).await;
            continue;
        };
        let ended;
        (loader, ended) = trouble.strike(strike, loader, &event).await;
        match ended {
            Ended::Struck => {
                *struck.entry(strike).or_insert(0) += 1;
                // Lambda tries it again later.
                waiting.push_back(event);
            }
            Ended::Unharmed => {
                missed += 1;
                strikes.insert(0, strike);
            }
        }
    }
    println!("struck {struck:?} of {} loads; {missed} strikes came too late", events.len());
    for (strike, expected) in [Strike::Kill, Strike::Restart, Strike::Read].into_iter().zip(STRIKES) {
        assert_eq!(struck.get(&strike), Some(&expected), "{strike:?}");
    }
    assert_eq!(tables::contents(&trouble.world.sql).await, reference);
    for event in &events {
        assert_eq!(load(&mut loader, event).await, "already_loaded");
    }
}

impl Trouble {
    /// A loader that reads through the failing way to S3, ready to load.
    async fn loader(&self) -> Function {
        let settings = self.world.environment_with(&[("AWS_ENDPOINT_URL_S3", &self.s3.endpoint)]);
        let loader = Function::start("loader", &settings).await;
        loader.ready().await;
        loader
    }

    /// Strikes at a random moment of the load of an event; returns the loader that goes on, and how the load ended.
    async fn strike(&mut self, strike: Strike, mut loader: Function, event: &Value) -> (Function, Ended) {
        let moment = self.undisturbed[&key(event)].mul_f64(self.random.f64() * 0.9);
        match strike {
            Strike::Kill => {
                let ended = match loader.kill_while_invoked(event.clone(), moment).await {
                    None => Ended::Struck,
                    Some(answer) => {
                        answer.unwrap();
                        Ended::Unharmed
                    }
                };
                (self.loader().await, ended)
            }
            Strike::Restart => {
                let answer = {
                    let restart = async {
                        tokio::time::sleep(moment).await;
                        self.world.crash_and_restart_postgres().await;
                    };
                    tokio::join!(loader.invoke(event.clone()), restart).0
                };
                (loader, ended(answer))
            }
            Strike::Read => {
                let faults = [Fault::Status(500), Fault::Status(503), Fault::Cut(self.random.f64())];
                self.s3.fail(faults[self.random.usize(..faults.len())], ".jsonl.zst");
                let before = self.s3.struck();
                let answer = loader.invoke(event.clone()).await;
                self.s3.heal();
                // What was loaded before is not read.
                assert!(answer.is_ok() || self.s3.struck() > before);
                (loader, ended(answer))
            }
        }
    }
}

fn ended(answer: Result<Value, end_to_end::InvocationError>) -> Ended {
    match answer {
        Ok(_) => Ended::Unharmed,
        Err(error) => {
            assert_eq!(error.class, "retry", "{}", error.message);
            Ended::Struck
        }
    }
}

fn key(event: &Value) -> String {
    event["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
}

/// Loads an event of one object, which must succeed, and says what became of it.
async fn load(loader: &mut Function, event: &Value) -> String {
    let answer = loader.invoke(event.clone()).await.unwrap();
    answer["objects"][0]["outcome"].as_str().unwrap().to_owned()
}

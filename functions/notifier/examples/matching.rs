//! Measures what the largest file of watches costs: 10 000 of them, read and matched with 2 000 events.
//!
//! `cargo run --release -p notifier --example matching [one-place]`: with `one-place`, every watch and every event is of
//! flats for sale in Prague, so that the index excludes nobody. Peak memory is the process's own, as Linux counts it.

use std::fmt::Write as _;
use std::time::Instant;

use causes::with_causes;
use jiff::Timestamp;
use notifier::watches::{MOST_WATCHES, Watches};
use sreality::category::{Category, Deal, SubCategory, sub_categories};
use sreality::place::{ALL_PRAGUE, DISTRICTS, District};
use warehouse::{Event, EventKind, EventListing};

const EVENTS: i64 = 2_000;
const NEEDED: [&str; 2] = ["new", "cheaper"];

fn main() {
    let one_place = std::env::args().nth(1).as_deref() == Some("one-place");
    let mut random = fastrand::Rng::with_seed(1);
    let file = (0..MOST_WATCHES).fold(String::from(CHANNEL), |mut file, number| {
        watch(&mut file, number, one_place, &mut random);
        file
    });
    let events: Vec<Event> = (0..EVENTS).map(|id| event(id, one_place, &mut random)).collect();
    println!("{MOST_WATCHES} watches of {} KiB, {EVENTS} events", file.len() / 1024);
    report("generated", Instant::now());
    let start = Instant::now();
    let watches = match Watches::parse(&file) {
        Ok(watches) => watches,
        Err(error) => return println!("{}", with_causes(&error)),
    };
    report("read", start);
    let start = Instant::now();
    let told: usize = events.iter().map(|event| watches.matches(event).count()).sum();
    report("matched", start);
    println!("{told} times a watch asks for an event");
}

fn report(what: &str, start: Instant) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or(" unknown").trim();
    println!("{what}: {:.0?}, peak memory {peak}", start.elapsed());
}

const CHANNEL: &str = "[channels.phone]\nkind = \"ntfy\"\nurl = \"https://ntfy.example/cenovka\"\n";

/// A watch that uses most of the keys.
fn watch(file: &mut String, number: usize, one_place: bool, random: &mut fastrand::Rng) {
    let (category, deal, district) = segment(one_place, random);
    let sub = sub(category, random).map_or("", |sub| sub.slug);
    let (price, area) = (random.i64(1..12) * 1_000_000, random.i32(20..100));
    let _ = writeln!(
        file,
        "[[watch]]\nname = \"watch-{number}\"\ndeal = \"{}\"\ncategory = \"{}\"\ndispositions = [\"{sub}\"]\n\
         price = {{ from = {price}, to = {} }}\narea_m2 = {{ from = {area} }}\nprice_per_m2 = {{ to = 150_000 }}\n\
         drop_percent = 3\nevents = {NEEDED:?}\nchannels = [\"phone\"]",
        deal.slug(),
        category.slug(),
        price * 2,
    );
    let _ = match number % 3 {
        0 if !one_place => writeln!(file, "near = {{ latitude = 50.08, longitude = 14.42, km = 30 }}"),
        _ => writeln!(file, "district = \"{}\"", district.map_or("", |district| district.slug)),
    };
}

fn event(id: i64, one_place: bool, random: &mut fastrand::Rng) -> Event {
    let (category, deal, district) = segment(one_place, random);
    let (price, area) = (random.i64(1_000_000..15_000_000), random.i32(20..150));
    let listing = EventListing {
        category: category.code(),
        deal: deal.code(),
        sub_category: sub(category, random).map(|sub| sub.code),
        region_id: district.map(|district| district.region_id),
        district_id: district.map(|district| district.id),
        area_m2: Some(area),
        latitude: Some(48.6 + 2.4 * random.f64()),
        longitude: Some(12.1 + 6.7 * random.f64()),
        price_per_m2: i32::try_from(price / i64::from(area)).ok(),
        ..EventListing::default()
    };
    Event {
        id,
        kind: if random.bool() { EventKind::New } else { EventKind::Cheaper },
        hash_id: id,
        spell: Timestamp::UNIX_EPOCH,
        happened_at: Timestamp::UNIX_EPOCH,
        price_before: Some(price + price / 20),
        price: Some(price),
        relisted_from: None,
        listing,
    }
}

fn segment(one_place: bool, random: &mut fastrand::Rng) -> (Category, Deal, Option<&'static District>) {
    if one_place {
        let prague = DISTRICTS.iter().find(|district| district.id == ALL_PRAGUE);
        return (Category::Flats, Deal::Sale, prague);
    }
    let category = random.choice(Category::ALL).unwrap_or(Category::Flats);
    let deal = random.choice(Deal::ALL).unwrap_or(Deal::Sale);
    (category, deal, random.choice(DISTRICTS))
}

fn sub(category: Category, random: &mut fastrand::Rng) -> Option<&'static SubCategory> {
    random.choice(sub_categories(category).collect::<Vec<_>>())
}

//! The index finds what a plain look at every watch finds, and looks at few.

use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sreality::category::{Category, Deal, sub_categories};
use sreality::place::{DISTRICTS, PARTS_OF_PRAGUE, REGIONS};
use warehouse::{EventKind, EventListing};

use super::*;

/// What somebody wants, in words.
#[derive(Clone, Debug)]
struct Wish {
    deal: Deal,
    category: Category,
    dispositions: Vec<&'static str>,
    /// `region` or `district`, and its slug.
    place: Option<(&'static str, &'static str)>,
    near: Option<(f64, f64, f64)>,
    price: Option<(i64, i64)>,
    area_m2: Option<i32>,
    price_per_m2: Option<i32>,
    drop_percent: Option<u8>,
    seller: Option<&'static str>,
    events: Vec<EventKind>,
}

impl Wish {
    fn as_toml(&self, number: usize) -> String {
        let (deal, category) = (self.deal.slug(), self.category.slug());
        let events: Vec<_> = self.events.iter().map(|kind| kind.name()).collect();
        let mut text = format!(
            "[[watch]]\nname = \"{number}\"\ndeal = \"{deal}\"\ncategory = \"{category}\"\nevents = {events:?}\n\
             channels = [\"phone\"]\n"
        );
        if !self.dispositions.is_empty() {
            writeln!(text, "dispositions = {:?}", self.dispositions).unwrap();
        }
        if let Some((key, slug)) = self.place {
            writeln!(text, "{key} = \"{slug}\"").unwrap();
        }
        if let Some((latitude, longitude, km)) = self.near {
            writeln!(text, "near = {{ latitude = {latitude:?}, longitude = {longitude:?}, km = {km:?} }}")
                .unwrap();
        }
        if let Some((from, to)) = self.price {
            writeln!(text, "price = {{ from = {from}, to = {to} }}").unwrap();
        }
        if let Some(from) = self.area_m2 {
            writeln!(text, "area_m2 = {{ from = {from} }}").unwrap();
        }
        if let Some(to) = self.price_per_m2 {
            writeln!(text, "price_per_m2 = {{ to = {to} }}").unwrap();
        }
        if let Some(percent) = self.drop_percent.filter(|_| self.events.contains(&EventKind::Cheaper)) {
            writeln!(text, "drop_percent = {percent}").unwrap();
        }
        if let Some(seller) = self.seller {
            writeln!(text, "seller = \"{seller}\"").unwrap();
        }
        text
    }

    /// Whether an event is what is wanted, condition by condition, each as docs/watches.md says it.
    fn wants(&self, event: &Event) -> bool {
        let listing = &event.listing;
        let price =
            if event.kind == EventKind::Gone { event.price.or(event.price_before) } else { event.price };
        let mut conditions = vec![
            listing.deal == self.deal.code(),
            listing.category == self.category.code(),
            self.events.contains(&event.kind),
        ];
        if !self.dispositions.is_empty() {
            let told = sub_categories(self.category).find(|sub| Some(sub.code) == listing.sub_category);
            conditions.push(told.is_some_and(|sub| self.dispositions.contains(&sub.slug)));
        }
        match self.place {
            Some(("region", slug)) => {
                let told = REGIONS.iter().find(|region| Some(region.id) == listing.region_id);
                conditions.push(told.is_some_and(|region| region.slug == slug));
            }
            Some((_, "hlavni-mesto-praha")) => {
                conditions
                    .push(listing.district_id.is_some_and(|id| id == 47 || PARTS_OF_PRAGUE.contains(&id)));
            }
            Some((_, slug)) => {
                let told = DISTRICTS.iter().find(|district| Some(district.id) == listing.district_id);
                conditions.push(told.is_some_and(|district| district.slug == slug));
            }
            None => {}
        }
        if let Some((latitude, longitude, km)) = self.near {
            let point = listing.latitude.zip(listing.longitude);
            conditions.push(point.is_some_and(|point| kilometres((latitude, longitude), point) <= km));
        }
        if let Some((from, to)) = self.price {
            conditions.push(price.is_some_and(|price| from <= price && price <= to));
        }
        if let Some(from) = self.area_m2 {
            conditions.push(listing.area_m2.is_some_and(|area| area >= from));
        }
        if let Some(to) = self.price_per_m2 {
            conditions.push(listing.price_per_m2.is_some_and(|price| price <= to));
        }
        if let (Some(percent), EventKind::Cheaper) = (self.drop_percent, event.kind) {
            let prices = event.price_before.zip(event.price);
            let enough = |(before, now): (i64, i64)| (before - now) * 100 >= before * i64::from(percent);
            conditions.push(prices.is_some_and(enough));
        }
        match self.seller {
            Some("private") => conditions.push(listing.agency_id.is_none()),
            Some(_) => conditions.push(listing.agency_id.is_some()),
            None => {}
        }
        conditions.into_iter().all(|condition| condition)
    }
}

/// By the angle between two directions in space: another formula than the one under test.
fn kilometres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let direction = |(latitude, longitude): (f64, f64)| {
        let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    };
    let ([a, b, c], [d, e, f]) = (direction(from), direction(to));
    let across = [b * f - c * e, c * d - a * f, a * e - b * d];
    let sine = across.iter().map(|part| part * part).sum::<f64>().sqrt();
    6371.0088 * sine.atan2(a * d + b * e + c * f)
}

// Few values each, so that events often are just what is wanted, or nearly.
const SUBS: [&str; 4] = ["2-kk", "2-1", "3-kk", "pokoj"];
const PRICES: [i64; 5] = [2_000_000, 2_910_000, 3_000_000, 3_000_001, 9_000_000];
const PLACES: [Option<(&str, &str)>; 7] = [
    None,
    Some(("region", "praha")),
    Some(("region", "jihomoravsky")),
    Some(("district", "hlavni-mesto-praha")),
    Some(("district", "praha-3")),
    Some(("district", "brno-mesto")),
    Some(("district", "praha-vychod")),
];

fn wish() -> impl Strategy<Value = Wish> {
    let segment = (
        select(&[Deal::Sale, Deal::Rent][..]),
        select(&[Category::Flats, Category::Flats, Category::Houses][..]),
    );
    let events = subsequence(EventKind::ALL.to_vec(), 1..=6);
    let near = of((49.0..50.5, 14.0..17.0, 1.0..150.0)).prop_map(|near| near);
    let price = of((select(&PRICES[..]), select(&PRICES[..])).prop_map(|(a, b)| (a.min(b), a.max(b))));
    let sizes = (of(select(&[40, 54, 55][..])), of(select(&[50_000, 60_000][..])));
    let seller = of(select(&["private", "agency"][..]));
    let rest = (sizes, of(select(&[1, 3, 10][..])), seller, events);
    (segment, subsequence(SUBS.to_vec(), 0..=4), select(&PLACES[..]), near, price, rest).prop_map(
        |((deal, category), dispositions, place, near, price, rest)| {
            let ((area_m2, price_per_m2), drop_percent, seller, events) = rest;
            // Only flats have dispositions of these names.
            let dispositions = if category == Category::Flats { dispositions } else { Vec::new() };
            Wish {
                deal,
                category,
                dispositions,
                place,
                near,
                price,
                area_m2,
                price_per_m2,
                drop_percent,
                seller,
                events,
            }
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let place = select(
        &[
            (None, None),
            (Some(10), None),
            (Some(10), Some(5003)),
            (Some(10), Some(47)),
            (Some(10), Some(5022)),
            (Some(14), Some(72)),
            (Some(11), Some(56)),
            (None, Some(5003)),
        ][..],
    );
    let codes =
        (select(&[1_i16, 2][..]), select(&[1_i16, 1, 2][..]), of(select(&[4_i16, 5, 6, 47, 37, 64, -3][..])));
    let point = (of(49.0..50.5), of(14.0..17.0));
    let sizes = (of(select(&[39, 40, 54][..])), of(select(&[49_999, 50_000, 60_001][..])));
    let prices = (of(select(&PRICES[..])), of(select(&PRICES[..])));
    (select(&EventKind::ALL[..]), place, codes, point, sizes, prices, of(Just(7))).prop_map(
        |(
            kind,
            (region_id, district_id),
            (deal, category, sub_category),
            point,
            sizes,
            prices,
            agency_id,
        )| Event {
            id: 1,
            kind,
            hash_id: 1,
            spell: Timestamp::UNIX_EPOCH,
            happened_at: Timestamp::UNIX_EPOCH,
            price_before: prices.0,
            price: prices.1,
            relisted_from: None,
            listing: EventListing {
                category,
                deal,
                sub_category,
                region_id,
                district_id,
                area_m2: sizes.0,
                price_per_m2: sizes.1,
                latitude: point.0,
                longitude: point.1,
                agency_id,
                ..EventListing::default()
            },
        },
    )
}

fn watches(wishes: &[Wish]) -> Watches {
    let channel = "[channels.phone]\nkind = \"ntfy\"\nurl = \"https://ntfy.example/cenovka\"\n";
    let tables = wishes.iter().enumerate().map(|(number, wish)| wish.as_toml(number));
    Watches::parse(&(channel.to_owned() + &tables.collect::<String>())).unwrap()
}

proptest! {
    #[test]
    fn the_index_finds_what_a_look_at_every_watch_finds(
        wishes in prop::collection::vec(wish(), 0..40),
        events in prop::collection::vec(event(), 1..40),
    ) {
        let watches = watches(&wishes);
        for event in &events {
            let mut found: Vec<_> = watches.matches(event).map(|watch| watch.name.parse::<usize>().unwrap()).collect();
            found.sort_unstable();
            let wanted = (0..).zip(&wishes).filter(|(_, wish)| wish.wants(event)).map(|(number, _)| number);
            prop_assert_eq!(&found, &wanted.collect::<Vec<usize>>(), "{:?}", event);
            let plain = watches.iter().filter(|watch| watch.filter.matches(event));
            let mut plain: Vec<_> = plain.map(|watch| watch.name.parse::<usize>().unwrap()).collect();
            plain.sort_unstable();
            prop_assert_eq!(found, plain);
        }
    }
}

/// A watch of flats for sale in every district, in every region and in the whole country, and the same for rents.
fn everywhere() -> Watches {
    let regions = REGIONS.iter().map(|region| Some(("region", region.slug)));
    let districts = DISTRICTS.iter().map(|district| Some(("district", district.slug)));
    let places: Vec<_> = regions.chain(districts).chain([None]).collect();
    let wish = |deal, place| Wish {
        deal,
        category: Category::Flats,
        dispositions: Vec::new(),
        place,
        near: None,
        price: None,
        area_m2: None,
        price_per_m2: None,
        drop_percent: None,
        seller: None,
        events: vec![EventKind::New],
    };
    let all = [Deal::Sale, Deal::Rent]
        .into_iter()
        .flat_map(|deal| places.iter().map(move |place| wish(deal, *place)));
    watches(&all.collect::<Vec<_>>())
}

#[test]
fn an_event_is_compared_only_with_watches_of_its_deal_category_and_place() {
    let watches = everywhere();
    assert_eq!(watches.len(), 2 * (14 + 87 + 1));
    for (deal, category, region_id, district_id, compared) in [
        // Its district, its region, the whole country.
        (1, 1, Some(14), Some(72), 3),
        (2, 1, Some(14), Some(72), 3),
        // All of Prague besides.
        (1, 1, Some(10), Some(5003), 4),
        (1, 1, Some(10), None, 2),
        (1, 1, None, None, 1),
        (1, 2, Some(14), Some(72), 0),
        (3, 1, Some(14), Some(72), 0),
    ] {
        let listing = EventListing { deal, category, region_id, district_id, ..EventListing::default() };
        let event = Event {
            id: 1,
            kind: EventKind::New,
            hash_id: 1,
            spell: Timestamp::UNIX_EPOCH,
            happened_at: Timestamp::UNIX_EPOCH,
            price_before: None,
            price: None,
            relisted_from: None,
            listing,
        };
        assert_eq!(watches.candidates(&event).count(), compared, "{:?}", event.listing);
    }
}

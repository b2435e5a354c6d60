//! A list row, as the portal has written it since 2026.
//!
//! Keys stand in the portal's order (the alphabet's); all of them are in every row. The same listing gives
//! the same row on every day, but for its price, its ribbon and, while it is fresh, its distances.

use serde::Serialize;
use sreality::codes::{CATEGORY_MAIN, CATEGORY_TYPE, PRICE_CURRENCY};

use crate::market::listing::Listing;
use crate::market::price::Unit;
use crate::random::Random;
use crate::wire::locality::Locality;
use crate::wire::picture::{Picture, pictures, text};

/// A code with its name.
#[derive(Debug, Serialize)]
struct Code {
    name: &'static str,
    value: i16,
}

impl Code {
    fn new(value: i16, name: Option<&'static str>) -> Self {
        Self { name: name.unwrap_or_default(), value }
    }

    fn unit(unit: Unit) -> Self {
        Self { name: unit.name(), value: unit.code() }
    }
}

/// One row of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    advert_images: Vec<String>,
    advert_images_all: Vec<Picture>,
    advert_name: String,
    category_main_cb: Code,
    category_sub_cb: Code,
    category_type_cb: Code,
    discount_show: bool,
    has_matterport_url: bool,
    has_video: bool,
    hash_id: u32,
    locality: Locality,
    #[serde(flatten)]
    distances: Distances,
    premise: Premise,
    premise_id: Option<u32>,
    premise_logo: String,
    price: f64,
    price_currency_cb: Code,
    price_czk: f64,
    price_czk_m2: i64,
    price_summary: f64,
    price_summary_czk: f64,
    price_summary_unit_cb: Code,
    price_unit_cb: Code,
    user_id: Option<u32>,
}

impl Row {
    /// The row of a listing as it is served on `today`.
    pub(crate) fn of(listing: &Listing, today: u32) -> Self {
        let pictures = pictures(listing.advert());
        let sub_category = listing.kind.sub_category;
        let (category, deal) = (sub_category.category.code(), listing.deal.code());
        // Portal prices are floats, though crowns are whole: 4990000.0.
        let (advertised, summary) =
            (listing.price.advertised() as f64, listing.price.summary(listing.area_m2) as f64);
        let mut random = Random::stream(listing.advert(), 5);
        let (has_matterport_url, has_video) = (random.chance(0.05), random.chance(0.08));
        let seller = Seller::draw(&mut random);
        Self {
            advert_images: pictures.iter().take(3).map(|picture| picture.url.clone()).collect(),
            advert_images_all: pictures,
            advert_name: listing.title(),
            category_main_cb: Code::new(category, CATEGORY_MAIN.name_of(category)),
            category_sub_cb: Code::new(sub_category.code, Some(sub_category.name)),
            category_type_cb: Code::new(deal, CATEGORY_TYPE.name_of(deal)),
            discount_show: listing.discounted,
            has_matterport_url,
            has_video,
            hash_id: listing.hash_id,
            locality: Locality::of(listing),
            distances: Distances::of(listing, today),
            premise: seller.premise,
            premise_id: seller.premise_id,
            premise_logo: seller.logo,
            price: advertised,
            price_currency_cb: Code::new(1, PRICE_CURRENCY.name_of(1)),
            price_czk: advertised,
            price_czk_m2: listing.price.per_m2(listing.area_m2),
            price_summary: summary,
            price_summary_czk: summary,
            price_summary_unit_cb: Code::unit(listing.price.unit().of_total()),
            price_unit_cb: Code::unit(listing.price.unit()),
            user_id: seller.user_id,
        }
    }
}

/// Distances to points of interest in metres; 100 000 where there is none.
#[derive(Debug, Serialize)]
struct Distances {
    poi_atm_distance: u32,
    poi_bus_public_transport_distance: u32,
    poi_kindergarten_distance: u32,
    poi_medic_distance: u32,
    poi_metro_distance: u32,
    poi_playground_distance: u32,
    poi_post_office_distance: u32,
    poi_restaurant_distance: u32,
    poi_school_distance: u32,
    poi_shop_distance: u32,
    poi_small_shop_distance: u32,
    poi_train_distance: u32,
    poi_vet_distance: u32,
}

impl Distances {
    fn of(listing: &Listing, today: u32) -> Self {
        const NONE: u32 = 100_000;
        // The portal computes distances some time after an advert has come.
        let fresh = listing.age(today) < 1;
        let mut random = Random::stream(listing.property, 6);
        let mut within = |most: u32| {
            let distance = random.between(3, most * 5 / 4);
            if fresh || distance > most { NONE } else { distance }
        };
        Self {
            poi_atm_distance: within(5_000),
            poi_bus_public_transport_distance: within(1_200),
            poi_kindergarten_distance: within(4_800),
            poi_medic_distance: within(4_800),
            poi_metro_distance: if listing.locale.is_prague() { within(3_000) } else { NONE },
            poi_playground_distance: within(3_000),
            poi_post_office_distance: within(4_800),
            poi_restaurant_distance: within(3_800),
            poi_school_distance: within(4_800),
            poi_shop_distance: within(4_000),
            poi_small_shop_distance: within(3_000),
            poi_train_distance: within(5_000),
            poi_vet_distance: within(5_000),
        }
    }
}

/// The agency; empty strings for a private seller.
#[derive(Debug, Default, Serialize)]
struct Premise {
    city_seo_name: &'static str,
    quarter_seo_name: &'static str,
    seo_name: String,
    ward_seo_name: &'static str,
}

/// Who offers it: one of a thousand invented agencies, or a private person, of whom a list says nothing.
#[derive(Debug, Default)]
struct Seller {
    premise: Premise,
    premise_id: Option<u32>,
    logo: String,
    user_id: Option<u32>,
}

impl Seller {
    /// City, quarter and ward of an agency's office.
    const OFFICES: [(&'static str, &'static str, &'static str); 8] = [
        ("praha", "praha-1", "nove-mesto"),
        ("praha", "praha-4", "nusle"),
        ("praha", "praha-5", "smichov"),
        ("brno", "brno-stred", "trnita"),
        ("ostrava", "moravska-ostrava-a-privoz", "moravska-ostrava"),
        ("olomouc", "", "hodolany"),
        ("plzen", "plzen-3", "jizni-predmesti"),
        ("liberec", "", "liberec-iv-perstyn"),
    ];

    fn draw(random: &mut Random) -> Self {
        if random.chance(0.08) {
            return Self {
                user_id: random.chance(0.5).then(|| random.between(1_000, 320_000)),
                ..Self::default()
            };
        }
        let number = random.below(1_000);
        // The agency's own stream: its office and logo are the same in all its adverts.
        let mut agency = Random::stream(u64::from(number), 7);
        let (city_seo_name, quarter_seo_name, ward_seo_name) = agency.pick(&Self::OFFICES);
        let logo = if agency.chance(0.5) {
            format!("https://d48-a.sdn.cz/d_48/c_img_{}/{}.png", text(&mut agency, 2), text(&mut agency, 6))
        } else {
            String::new()
        };
        let seo_name = format!("vymyslena-realitka-{number:03}");
        Self {
            premise: Premise { city_seo_name, quarter_seo_name, seo_name, ward_seo_name },
            premise_id: Some(100 + number * 73),
            logo,
            user_id: Some(1_000 + number * 311 + random.below(20)),
        }
    }
}

//! Reads one `[[watch]]`.

use sreality::category::{Category, Deal, sub_categories};
use sreality::place::{DISTRICTS, Place, REGIONS};
use toml::de::DeValue;
use warehouse::EventKind;

use super::fault::Faults;
use super::fields::{Fields, boolean, number, one_of, text, whole};
use super::nearest::nearest;
use super::reading::{NAME, is_name};
use crate::message::Language;
use crate::watch::{Bounds, Filter, Kinds, Near, Seller, Watch};

/// What a watch tells if it does not say.
const EVENTS: [EventKind; 4] = [EventKind::New, EventKind::Relisted, EventKind::Back, EventKind::Cheaper];
const AT_MOST_PER_HOUR: u32 = 20;
const MOST_PER_HOUR: i64 = 1000;
/// A radius beyond the country's length narrows nothing.
const MOST_KM: f64 = 500.0;
/// Czechia from south to north and from west to east, in degrees, with some kilometres around it.
const LATITUDES: (f64, f64) = (48.5, 51.1);
const LONGITUDES: (f64, f64) = (12.0, 18.9);

/// Reads a watch; `None` only if faults say why. Whether its channels are there is not known yet.
pub(super) fn read(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Watch> {
    let name = fields.required(faults, "name", |value| match text(value)? {
        name if is_name(name) => Ok(name.to_owned()),
        name => Err(format!("`{name}` {NAME}")),
    });
    let filter = filter(&mut fields, faults);
    let channels = fields.required_list(faults, "channels", |name| Ok(name.to_owned()));
    let language = fields.optional(faults, "language", |value| {
        one_of(text(value)?, [("cs", Language::Cs), ("en", Language::En)])
    });
    let digest = fields.optional(faults, "digest", boolean);
    let at_most = fields.optional(faults, "at_most_per_hour", |value| whole(value, 1, MOST_PER_HOUR));
    fields.finish(faults);
    Some(Watch {
        name: name?,
        filter: filter?,
        channels: channels?,
        language: language.unwrap_or_default(),
        digest: digest.unwrap_or_default(),
        at_most_per_hour: at_most.and_then(|most| most.try_into().ok()).unwrap_or(AT_MOST_PER_HOUR),
    })
}

fn filter(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Filter> {
    let deal = fields
        .required(faults, "deal", |value| one_of(text(value)?, Deal::ALL.map(|deal| (deal.slug(), deal))));
    let category = fields.required(faults, "category", |value| {
        one_of(text(value)?, Category::ALL.map(|category| (category.slug(), category)))
    });
    // Dispositions of an unknown category say nothing.
    let codes = fields.list(faults, "dispositions", |word| {
        category.map(|category| disposition(word, category)).transpose()
    });
    let place = place(fields, faults);
    let near = fields.table(faults, "near").map(|table| near(table, faults));
    let price = bounds(fields, faults, "price", i64::MAX);
    let area_m2 = bounds(fields, faults, "area_m2", i32::MAX.into());
    let price_per_m2 = bounds(fields, faults, "price_per_m2", i32::MAX.into());
    let events =
        fields.list(faults, "events", |word| one_of(word, EventKind::ALL.map(|kind| (kind.name(), kind))));
    let cheaper = events.as_ref().is_none_or(|events| events.contains(&EventKind::Cheaper));
    let drop = fields.optional(faults, "drop_percent", |value| match percent(value)? {
        _ if !cheaper => Err("is for the event cheaper, which `events` does not name".to_owned()),
        drop => Ok(drop),
    });
    let seller = fields.optional(faults, "seller", |value| {
        one_of(text(value)?, [("private", Seller::Private), ("agency", Seller::Agency)])
    });
    Some(Filter {
        deal: deal?.code(),
        category: category?.code(),
        kinds: events
            .map_or_else(|| EVENTS.into_iter().collect(), |kinds| kinds.into_iter().collect::<Kinds>()),
        sub_categories: codes.map(|codes| codes.into_iter().flatten().collect()),
        place,
        price,
        area_m2,
        price_per_m2,
        seller,
        drop,
        near: near.flatten(),
    })
}

/// A sub-category by its slug or the portal's name.
fn disposition(word: &str, category: Category) -> Result<i16, String> {
    let sub = sub_categories(category).find(|sub| sub.slug == word || sub.name == word);
    sub.map(|sub| sub.code).ok_or_else(|| {
        let known: Vec<_> = sub_categories(category).map(|sub| sub.slug).collect();
        format!("`{word}` is none of {} of {}", known.join(", "), category.slug())
    })
}

fn place(fields: &mut Fields<'_>, faults: &mut Faults) -> Option<Place> {
    let region = fields.optional(faults, "region", |value| {
        let slug = text(value)?;
        match Place::from_slug(slug) {
            Some(Place::Region(region)) => Ok(Place::Region(region)),
            Some(Place::District(_)) => Err(format!("`{slug}` is a district: write district = \"{slug}\"")),
            None => Err(unknown_place(slug, "region", REGIONS.iter().map(|region| region.slug))),
        }
    });
    let district = fields.optional(faults, "district", |value| {
        let slug = text(value)?;
        match Place::from_slug(slug) {
            _ if region.is_some() => Err("stands beside a region; a watch has one of them".to_owned()),
            Some(Place::District(district)) => Ok(Place::District(district)),
            Some(Place::Region(_)) => Err(format!("`{slug}` is a region: write region = \"{slug}\"")),
            None => Err(unknown_place(slug, "district", DISTRICTS.iter().map(|district| district.slug))),
        }
    });
    district.or(region)
}

fn unknown_place(slug: &str, kind: &str, slugs: impl Iterator<Item = &'static str>) -> String {
    let meant = nearest(slug, slugs).map_or_else(String::new, |known| format!("did you mean `{known}`? "));
    format!("`{slug}` is no {kind}; {meant}see docs/watches.md")
}

fn near(mut fields: Fields<'_>, faults: &mut Faults) -> Option<Near> {
    let latitude = fields.required(faults, "latitude", number);
    let longitude = fields.required(faults, "longitude", |value| {
        let longitude = number(value)?;
        let within = |degrees: f64, (least, most): (f64, f64)| (least..=most).contains(&degrees);
        match latitude {
            Some(latitude) if within(latitude, LATITUDES) && within(longitude, LONGITUDES) => Ok(longitude),
            Some(latitude) if within(latitude, LONGITUDES) && within(longitude, LATITUDES) => {
                Err(format!("latitude {latitude} and longitude {longitude} seem swapped"))
            }
            Some(latitude) => Err(format!(
                "latitude {latitude} and longitude {longitude} are not in Czechia ({} to {} north, {} to {} east)",
                LATITUDES.0, LATITUDES.1, LONGITUDES.0, LONGITUDES.1
            )),
            None => Ok(longitude),
        }
    });
    let km = fields.required(faults, "km", |value| match number(value)? {
        km if km > 0.0 && km <= MOST_KM => Ok(km),
        km => Err(format!("must be more than 0 and at most {MOST_KM}, not {km}")),
    });
    fields.finish(faults);
    Some(Near::new(latitude?, longitude?, km?))
}

fn bounds(fields: &mut Fields<'_>, faults: &mut Faults, key: &'static str, most: i64) -> Option<Bounds> {
    let at = fields.at(key);
    let mut table = fields.table(faults, key)?;
    let offset = table.offset();
    let before = faults.count();
    let from = table.optional(faults, "from", |value| whole(value, 0, most));
    let to = table.optional(faults, "to", |value| whole(value, 0, most));
    table.finish(faults);
    if faults.count() > before {
        return None;
    }
    match (from, to) {
        (None, None) => faults.push(offset, at, "is empty; give from, to or both"),
        (Some(from), Some(to)) if from > to => {
            faults.push(offset, at, format!("is from {from} to {to}, which nothing can be; swap them"));
        }
        _ => return Some(Bounds { from: from.unwrap_or(0), to: to.unwrap_or(most) }),
    }
    None
}

/// Hundredths of a percent.
fn percent(value: &DeValue<'_>) -> Result<i64, String> {
    let hundredths = number(value)? * 100.0;
    if !(1.0..10_000.0).contains(&hundredths) {
        return Err("must be from 0.01 to 99.99".to_owned());
    }
    if (hundredths - hundredths.round()).abs() > 1e-6 {
        return Err("must have at most two decimals".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was compared with both ends")]
    Ok(hundredths.round() as i64)
}

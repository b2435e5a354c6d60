//! One listing of the market: what it offers, where, since when, at what price.
//!
//! A listing is kept small, a hundred thousand of them have to fit in a few megabytes: everything that never
//! changes and that no query asks for (street, coordinates, pictures, agency) is drawn again from its seeds
//! whenever its row is written.

use sreality::category::{Category, Deal, SubCategory};
use sreality::place::ALL_PRAGUE;

use crate::market::composition::Section;
use crate::market::composition::section_position;
use crate::market::geography::{LOCALES, Locale};
use crate::market::kinds::Kind;
use crate::market::price::Price;
use crate::random::{Random, scramble};

/// What the portal offers under one id, as it truly is: what a test compares the warehouse with.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The portal's id, a uint32 whose low six bits are 12 or 28 like all ids seen.
    pub hash_id: u64,
    /// Its main category.
    pub category: Category,
    /// What is offered.
    pub deal: Deal,
    /// Its sub-category.
    pub sub_category: &'static SubCategory,
    /// 1 to 14; -1 if the portal knows none.
    pub region_id: i32,
    /// 1 to 77 or 5001 to 5010; -1 if the portal knows none.
    pub district_id: i32,
    /// The area in the title, in m².
    pub area_m2: u32,
    /// In whole CZK, for a rent per month; `None` if it is on request.
    pub total_price: Option<i64>,
}

/// How much of the locality the portal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The district, and more.
    District,
    /// That it is in Prague (district 47).
    Prague,
    /// The region only.
    Region,
    /// The country only.
    Country,
}

/// The fractions in titles of shares.
pub(crate) const FRACTIONS: [(u32, u32); 8] =
    [(1, 2), (1, 2), (1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 6)];

/// One listing.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) hash_id: u32,
    pub(crate) deal: Deal,
    pub(crate) kind: &'static Kind,
    pub(crate) locale: &'static Locale,
    pub(crate) known: Known,
    pub(crate) area_m2: u32,
    /// The plot of a house in m², 0 for anything else.
    pub(crate) plot_m2: u32,
    pub(crate) price: Price,
    /// The price before the last change.
    pub(crate) previous: Option<Price>,
    /// Seed of what belongs to the property: a relisting shares it.
    pub(crate) property: u64,
    /// The day on which it came on offer, before day 0 for most of the first stock.
    pub(crate) published: i32,
    /// The first day of the present stretch at one price.
    pub(crate) since: u32,
    pub(crate) offered: bool,
    /// Whether the "price lowered" ribbon shows.
    pub(crate) discounted: bool,
}

impl Listing {
    /// A new listing of this section.
    pub(crate) fn new(
        section: &Section,
        hash_id: u32,
        published: i32,
        since: u32,
        random: &mut Random,
    ) -> Self {
        let Section { category, deal, .. } = *section;
        let rural = matches!(category, Category::Houses | Category::Land);
        let locale = random.weighted(&LOCALES, |locale| if rural { locale.rural } else { locale.urban });
        let kind = Kind::draw(category, deal, random);
        let area_m2 = kind.draw_area(random);
        let plot_m2 = if category == Category::Houses { draw_plot(area_m2, random) } else { 0 };
        let rate = draw_rate(kind, deal, locale, area_m2, plot_m2, random);
        let price = Price::first(deal, rate, area_m2, random.chance(section.per_m2), random);
        let on_request = random.chance(section.on_request);
        Self {
            hash_id,
            deal,
            kind,
            locale,
            known: draw_known(locale, random),
            area_m2,
            plot_m2,
            price: if on_request { price.on_request(random) } else { price },
            previous: None,
            property: random.bits(),
            published,
            since,
            offered: true,
            // 5 of 145 recorded rows show the ribbon.
            discounted: !on_request && random.chance(0.034),
        }
    }

    /// The same property advertised anew: another id, another advert, often another price.
    pub(crate) fn relisted(&self, hash_id: u32, day: u32, random: &mut Random) -> Self {
        let keeps_price = self.price.is_on_request() || random.chance(0.5);
        let price = if keeps_price { self.price } else { self.price.changed(random) };
        let published = day as i32;
        Self {
            hash_id,
            price,
            previous: None,
            published,
            since: day,
            offered: true,
            discounted: false,
            ..self.clone()
        }
    }

    /// The seed of what belongs to the advert and not to the property: pictures, agency.
    pub(crate) fn advert(&self) -> u64 {
        scramble(self.property ^ u64::from(self.hash_id))
    }

    pub(crate) fn category(&self) -> Category {
        self.kind.sub_category.category
    }

    /// The position of its section in `SECTIONS`.
    pub(crate) fn section(&self) -> Option<usize> {
        section_position(self.category().code(), self.deal.code())
    }

    /// `locality_region_id`, -1 if there is none.
    pub(crate) fn region_id(&self) -> i32 {
        if self.known == Known::Country { -1 } else { self.locale.region.id }
    }

    /// `locality_district_id`, -1 if there is none.
    pub(crate) fn district_id(&self) -> i32 {
        match self.known {
            Known::District => self.locale.district.id,
            Known::Prague => ALL_PRAGUE,
            Known::Region | Known::Country => -1,
        }
    }

    /// For how many days it has been on offer.
    pub(crate) fn age(&self, today: u32) -> i32 {
        today as i32 - self.published
    }

    /// What it truly offers.
    pub(crate) fn offer(&self) -> Offer {
        Offer {
            hash_id: u64::from(self.hash_id),
            category: self.category(),
            deal: self.deal,
            sub_category: self.kind.sub_category,
            region_id: self.region_id(),
            district_id: self.district_id(),
            area_m2: self.area_m2,
            total_price: self.price.total(self.area_m2),
        }
    }

    /// The fraction that is offered where the deal is a share.
    pub(crate) fn fraction(&self) -> (u32, u32) {
        Random::stream(self.property, 1).pick(&FRACTIONS)
    }

    /// The title, by the grammar of recorded rows.
    pub(crate) fn title(&self) -> String {
        let (deal, share) = match self.deal {
            Deal::Sale => ("Prodej", None),
            Deal::Rent => ("Pronájem", None),
            Deal::Auction => ("Dražba", None),
            Deal::Share => ("Prodej podílu", Some(self.fraction())),
        };
        let share = share.map(|(part, of)| format!(" {part}/{of}")).unwrap_or_default();
        // NBSP before the unit, in a few recorded rows a plain space.
        let gap = if Random::stream(self.advert(), 2).chance(0.02) { ' ' } else { '\u{a0}' };
        let plot = match self.plot_m2 {
            0 => String::new(),
            plot => format!(", pozemek {plot}{gap}m²"),
        };
        format!("{deal}{share} {kind} {area}{gap}m²{plot}", kind = self.kind.title, area = self.area_m2)
    }
}

/// The plot of a house, at least as large as half of its area.
fn draw_plot(area_m2: u32, random: &mut Random) -> u32 {
    let middle = (random.fraction() + random.fraction()) / 2.0;
    area_m2 / 2 + 60 + (4_000.0 * middle * middle * middle) as u32
}

/// CZK per m² of the area, everything included.
fn draw_rate(
    kind: &Kind,
    deal: Deal,
    locale: &Locale,
    area_m2: u32,
    plot_m2: u32,
    random: &mut Random,
) -> f64 {
    let area = f64::from(area_m2.max(1));
    let mut rate = kind.draw_rate(deal, locale, random);
    if plot_m2 > 0 && deal != Deal::Rent {
        rate += locale.flat_price * 0.025 * f64::from(plot_m2.min(1_500)) / area;
    }
    // A m² of something large is cheaper.
    let large = match kind.sub_category.category {
        Category::Flats | Category::Other => f64::INFINITY,
        Category::Houses => 250.0,
        Category::Land => 2_000.0,
        Category::Commercial => 400.0,
    };
    if area > large {
        rate *= (large / area).sqrt();
    }
    match deal {
        Deal::Sale | Deal::Rent => rate,
        Deal::Auction => rate * random.within(0.5, 0.85),
        Deal::Share => rate * random.within(0.3, 0.8),
    }
}

/// How much of the locality the portal knows: about 0.3 % of rows have no district.
fn draw_known(locale: &Locale, random: &mut Random) -> Known {
    match random.below(1000) {
        0 => Known::Country,
        1..3 => Known::Region,
        3..63 if locale.is_prague() => Known::Prague,
        _ => Known::District,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::composition::SECTIONS;

    fn listings(category: Category, deal: Deal) -> Vec<Listing> {
        let section =
            SECTIONS.iter().find(|section| (section.category, section.deal) == (category, deal)).unwrap();
        let mut random = Random::new(11);
        (0..2000).map(|number| Listing::new(section, number, 0, 0, &mut random)).collect()
    }

    #[test]
    fn titles_follow_the_grammar_of_recorded_rows() {
        let flat = listings(Category::Flats, Deal::Sale);
        let flat = flat.iter().find(|listing| listing.kind.title == "bytu 2+kk").unwrap();
        assert_eq!(flat.title().replace('\u{a0}', " "), format!("Prodej bytu 2+kk {} m²", flat.area_m2));
        let house = listings(Category::Houses, Deal::Auction);
        let house = house.iter().find(|listing| listing.kind.title == "rodinného domu").unwrap();
        assert_eq!(
            house.title().replace('\u{a0}', " "),
            format!("Dražba rodinného domu {} m², pozemek {} m²", house.area_m2, house.plot_m2)
        );
        let field = listings(Category::Land, Deal::Share);
        let field = field.iter().find(|listing| listing.kind.title == "pole").unwrap();
        let (part, of) = field.fraction();
        assert_eq!(
            field.title().replace('\u{a0}', " "),
            format!("Prodej podílu {part}/{of} pole {} m²", field.area_m2)
        );
    }

    #[test]
    fn most_titles_have_a_no_break_space_and_a_few_a_plain_one() {
        let titles: Vec<_> = listings(Category::Flats, Deal::Sale).iter().map(Listing::title).collect();
        let plain = titles.iter().filter(|title| title.contains(" m²")).count();
        assert!((10..90).contains(&plain), "{plain}");
        assert_eq!(titles.iter().filter(|title| title.contains("\u{a0}m²")).count(), titles.len() - plain);
    }

    #[test]
    fn flats_cost_what_they_cost_in_their_region() {
        let median = |deal: Deal, region: i32| {
            let mut rates: Vec<_> = listings(Category::Flats, deal)
                .iter()
                .filter(|listing| listing.locale.region.id == region)
                .map(|listing| listing.price.per_m2(listing.area_m2))
                .filter(|rate| *rate > 0)
                .collect();
            rates.sort_unstable();
            rates[rates.len() / 2]
        };
        assert!((135_000..170_000).contains(&median(Deal::Sale, 10)), "Prague {}", median(Deal::Sale, 10));
        assert!((25_000..40_000).contains(&median(Deal::Sale, 4)), "Ústecký {}", median(Deal::Sale, 4));
        assert!((380..480).contains(&median(Deal::Rent, 10)), "Prague {}", median(Deal::Rent, 10));
    }

    #[test]
    fn a_relisting_is_the_same_property_under_another_id() {
        let old = &listings(Category::Flats, Deal::Sale)[0];
        let new = old.relisted(999, 12, &mut Random::new(1));
        assert_eq!((new.property, new.area_m2, new.hash_id, new.since), (old.property, old.area_m2, 999, 12));
        assert_ne!(new.advert(), old.advert());
    }
}

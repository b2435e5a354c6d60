//! What is offered and where, in words.

use sreality::category::{Category, Deal, SUB_CATEGORIES, SubCategory};
use sreality::place::{DISTRICTS, REGIONS};
use warehouse::EventListing;

use super::numbers::{NBSP, grouped};
use crate::message::Language;

/// What it is, how large, and how it is sold if that is unusual: `byt 2+kk 54 m²`, `house 120 m² (auction)`.
pub(super) fn property(listing: &EventListing, language: Language) -> String {
    let mut text = kind(listing, language);
    if let Some(area) = listing.area_m2 {
        text += &format!(" {}{NBSP}m²", grouped(area.into()));
    }
    let deal = Deal::ALL.into_iter().find(|deal| deal.code() == listing.deal);
    text += match (deal, language) {
        (Some(Deal::Auction), Language::Cs) => " (dražba)",
        (Some(Deal::Auction), Language::En) => " (auction)",
        (Some(Deal::Share), Language::Cs) => " (podíl)",
        (Some(Deal::Share), Language::En) => " (share)",
        (Some(Deal::Sale | Deal::Rent) | None, _) => "",
    };
    text
}

/// What it is: its sub-category if that is known, else its category.
fn kind(listing: &EventListing, language: Language) -> String {
    let code = listing.sub_category;
    let sub =
        SUB_CATEGORIES.iter().find(|sub| Some(sub.code) == code && sub.category.code() == listing.category);
    if let Some(sub) = sub {
        let (cs, en) = words(sub);
        let word = match language {
            Language::Cs => cs,
            Language::En => en,
        };
        // Dispositions are their own words: the names that begin with a digit.
        let is_disposition = sub.name.starts_with(|first: char| first.is_ascii_digit());
        return if is_disposition { format!("{word} {}", disposition(sub)) } else { word.to_owned() };
    }
    let category = Category::ALL.into_iter().find(|category| category.code() == listing.category);
    let (cs, en) = match category {
        Some(Category::Flats) => ("byt", "flat"),
        Some(Category::Houses) => ("dům", "house"),
        Some(Category::Land) => ("pozemek", "plot"),
        Some(Category::Commercial) => ("komerční prostor", "commercial space"),
        Some(Category::Other) | None => ("nemovitost", "property"),
    };
    match language {
        Language::Cs => cs.to_owned(),
        Language::En => en.to_owned(),
    }
}

fn disposition(sub: &SubCategory) -> &'static str {
    if sub.slug == "6-a-vice" { "6+" } else { sub.name }
}

/// A sub-category in Czech and English, as one says it of one property.
fn words(sub: &SubCategory) -> (&'static str, &'static str) {
    match sub.slug {
        "atypicky" => ("atypický byt", "unusual flat"),
        "pokoj" => ("pokoj", "room"),
        "chata" => ("chata", "cabin"),
        "pamatka-jine" => ("památka", "historic building"),
        "rodinny" => ("rodinný dům", "family house"),
        "vila" => ("vila", "villa"),
        "na-klic" => ("dům na klíč", "turnkey house"),
        "chalupa" => ("chalupa", "cottage"),
        "zemedelska-usedlost" => ("zemědělská usedlost", "farmstead"),
        "vicegeneracni-dum" => ("vícegenerační dům", "multi-generation house"),
        "komercni-pozemek" => ("komerční pozemek", "commercial plot"),
        "bydleni" => ("stavební pozemek", "building plot"),
        "pole" => ("pole", "field"),
        "lesy" => ("les", "forest"),
        "louky" => ("louka", "meadow"),
        "zahrady" => ("zahrada", "garden"),
        "ostatni-pozemky" => ("pozemek", "plot"),
        "rybniky" => ("rybník", "pond"),
        "sady-vinice" => ("sad nebo vinice", "orchard or vineyard"),
        "kancelare" => ("kancelář", "office"),
        "sklady" => ("sklad", "warehouse"),
        "vyroba" => ("výrobní prostor", "production space"),
        "obchodni-prostory" => ("obchodní prostor", "retail space"),
        "ubytovani" => ("ubytovací zařízení", "accommodation"),
        "restaurace" => ("restaurace", "restaurant"),
        "zemedelsky" => ("zemědělský objekt", "farm building"),
        "ostatni-komercni" => ("komerční prostor", "commercial space"),
        "cinzovni-dum" => ("činžovní dům", "apartment building"),
        "virtualni-kancelar" => ("virtuální kancelář", "virtual office"),
        "ordinace" => ("ordinace", "surgery"),
        "apartmany" => ("apartmán", "apartment"),
        "garaz" => ("garáž", "garage"),
        "ostatni-objekty" => ("nemovitost", "property"),
        "vinny-sklep" => ("vinný sklep", "wine cellar"),
        "pudni-prostor" => ("půdní prostor", "attic"),
        "garazove-stani" => ("garážové stání", "parking space"),
        "mobilheim" => ("mobilheim", "mobile home"),
        _ => ("byt", "flat"),
    }
}

/// City and its part, or else the district or region.
pub(super) fn place(listing: &EventListing, language: Language) -> String {
    let part = listing.city_part.as_deref().filter(|part| !part.is_empty());
    match (listing.city.as_deref().filter(|city| !city.is_empty()), part) {
        (Some(city), Some(part)) if city != part => format!("{city}, {part}"),
        (Some(place), _) | (None, Some(place)) => place.to_owned(),
        (None, None) => {
            let district = DISTRICTS.iter().find(|district| Some(district.id) == listing.district_id);
            let region = || REGIONS.iter().find(|region| Some(region.id) == listing.region_id);
            let name = district.map(|district| district.name).or_else(|| Some(region()?.name));
            let unknown = match language {
                Language::Cs => "místo neuvedeno",
                Language::En => "place not told",
            };
            name.unwrap_or(unknown).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(category: i16, sub_category: Option<i16>) -> EventListing {
        EventListing { category, deal: 1, sub_category, ..EventListing::default() }
    }

    #[test]
    fn every_sub_category_that_is_no_disposition_has_words_of_its_own() {
        for sub in SUB_CATEGORIES {
            let is_disposition = sub.name.starts_with(|first: char| first.is_ascii_digit());
            assert_eq!(words(sub) == ("byt", "flat"), is_disposition, "{}", sub.slug);
        }
    }

    #[test]
    fn a_property_is_called_by_its_sub_category_or_else_its_category() {
        for (category, sub, cs, en) in [
            (1, Some(4), "byt 2+kk", "flat 2+kk"),
            (1, Some(12), "byt 6+", "flat 6+"),
            (1, Some(47), "pokoj", "room"),
            (1, None, "byt", "flat"),
            (2, Some(37), "rodinný dům", "family house"),
            // A sub-category of another category says nothing.
            (2, Some(4), "dům", "house"),
            (3, Some(999), "pozemek", "plot"),
            (99, None, "nemovitost", "property"),
        ] {
            assert_eq!(property(&listing(category, sub), Language::Cs), cs);
            assert_eq!(property(&listing(category, sub), Language::En), en);
        }
    }

    #[test]
    fn auctions_and_shares_are_named_and_areas_have_their_unit() {
        let large = EventListing { area_m2: Some(1234), ..listing(3, Some(20)) };
        let auction = EventListing { deal: 3, ..large.clone() };
        let share = EventListing { deal: 4, ..large.clone() };
        assert_eq!(property(&large, Language::Cs), "pole 1\u{a0}234\u{a0}m²");
        assert_eq!(property(&auction, Language::Cs), "pole 1\u{a0}234\u{a0}m² (dražba)");
        assert_eq!(property(&share, Language::En), "field 1\u{a0}234\u{a0}m² (share)");
    }

    #[test]
    fn a_place_is_the_finest_that_is_known() {
        let cs = |listing: EventListing| place(&listing, Language::Cs);
        let named = |city: Option<&str>, part: Option<&str>| EventListing {
            city: city.map(str::to_owned),
            city_part: part.map(str::to_owned),
            district_id: Some(72),
            region_id: Some(14),
            ..EventListing::default()
        };
        assert_eq!(cs(named(Some("Brno"), Some("Židenice"))), "Brno, Židenice");
        assert_eq!(cs(named(Some("Ostopovice"), Some("Ostopovice"))), "Ostopovice");
        assert_eq!(cs(named(Some("Brno"), None)), "Brno");
        assert_eq!(cs(named(None, Some("Židenice"))), "Židenice");
        assert_eq!(cs(named(None, Some(""))), "Brno-město");
        assert_eq!(cs(EventListing { district_id: None, ..named(None, None) }), "Jihomoravský kraj");
        assert_eq!(cs(EventListing::default()), "místo neuvedeno");
        assert_eq!(place(&EventListing::default(), Language::En), "place not told");
    }
}

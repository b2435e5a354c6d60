//! The public address of an advert's page.
//!
//! Source: the addresses of live adverts, read on 10 and 11 September 2026. The first three words must be the portal's own,
//! or it answers 404, and a `+` stands for itself. From any place it redirects to the right one.

use std::fmt::Write;

use crate::category::{Category, Deal};
use crate::row::Row;

/// The base URL of the real portal.
pub const REAL_PORTAL: &str = "https://www.sreality.cz";

/// What stands for a place without a city.
pub const NO_CITY: &str = "ceska-republika";

/// What the address begins with, up to the word of the deal type.
#[must_use]
pub fn beginning(deal: Deal) -> String {
    let word = match deal {
        Deal::Sale => "prodej",
        Deal::Rent => "pronajem",
        Deal::Auction => "drazby",
        Deal::Share => "podily",
    };
    format!("{REAL_PORTAL}/detail/{word}")
}

/// The word of a main category.
#[must_use]
pub fn category_word(category: Category) -> &'static str {
    match category {
        Category::Flats => "byt",
        Category::Houses => "dum",
        Category::Land => "pozemek",
        Category::Commercial => "komercni",
        Category::Other => "ostatni",
    }
}

/// The word of every sub-category, by its code.
pub const SUB_CATEGORY_WORDS: [(i16, &str); 48] = [
    (2, "1+kk"),
    (3, "1+1"),
    (4, "2+kk"),
    (5, "2+1"),
    (6, "3+kk"),
    (7, "3+1"),
    (8, "4+kk"),
    (9, "4+1"),
    (10, "5+kk"),
    (11, "5+1"),
    (12, "6-a-vice"),
    (16, "atypicky"),
    (47, "pokoj"),
    (33, "chata"),
    (35, "pamatka"),
    (37, "rodinny"),
    (39, "vila"),
    (40, "na-klic"),
    (43, "chalupa"),
    (44, "zemedelska-usedlost"),
    (54, "vicegeneracni-dum"),
    (25, "kancelare"),
    (26, "sklad"),
    (27, "vyrobni-prostor"),
    (28, "obchodni-prostor"),
    (29, "ubytovani"),
    (30, "restaurace"),
    (31, "zemedelsky"),
    (32, "ostatni-komercni-prostory"),
    (38, "cinzovni-dum"),
    (49, "virtualni-kancelar"),
    (56, "ordinace"),
    (57, "apartman"),
    (34, "garaz"),
    (36, "jine-nemovitosti"),
    (50, "vinny-sklep"),
    (51, "pudni-prostor"),
    (52, "garazove-stani"),
    (53, "mobilni-domek"),
    (18, "komercni"),
    (19, "bydleni"),
    (20, "pole"),
    (21, "les"),
    (22, "louka"),
    (23, "zahrada"),
    (24, "ostatni-pozemky"),
    (46, "rybnik"),
    (48, "sady-vinice"),
];

/// The word of a sub-category; `None` if its code is not known.
#[must_use]
pub fn sub_category_word(code: i16) -> Option<&'static str> {
    SUB_CATEGORY_WORDS.iter().find(|(known, _)| *known == code).map(|(_, word)| *word)
}

/// The address of a row's advert; `None` if one of its codes is not known.
#[must_use]
pub fn of_row(row: &Row<'_>) -> Option<String> {
    let deal = Deal::ALL.into_iter().find(|deal| deal.code() == row.deal)?;
    let category = Category::ALL.into_iter().find(|category| category.code() == row.category)?;
    let sub_category = sub_category_word(row.sub_category?)?;
    let [city, city_part, street] = row.locality.slugs.each_ref().map(Option::as_deref);
    let city = city.unwrap_or(NO_CITY);
    let mut address = beginning(deal);
    let city_part = city_part.unwrap_or(city);
    let street = street.unwrap_or_default();
    write!(
        address,
        "/{}/{sub_category}/{city}-{city_part}-{street}/{}",
        category_word(category),
        row.hash_id
    )
    .ok()?;
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::SUB_CATEGORIES;

    #[test]
    fn every_sub_category_has_a_word_of_its_own_in_its_category() {
        let mut words = Vec::new();
        for sub in SUB_CATEGORIES {
            let word = sub_category_word(sub.code).unwrap_or_else(|| panic!("{}", sub.name));
            assert!(!words.contains(&(sub.category, word)), "{word}");
            words.push((sub.category, word));
        }
        assert_eq!(words.len(), SUB_CATEGORY_WORDS.len());
        assert_eq!([0, 1, 13, 14, 15, 17, 41, 42, 45, 55].map(sub_category_word), [None; 10]);
    }

    #[test]
    fn an_address_has_the_words_of_deal_category_sub_category_and_place() {
        let row = |codes: [i16; 3], place: &str| {
            let [deal, category, sub] = codes;
            format!(
                r#"{{"hash_id":7,"category_main_cb":{{"value":{category}}},"category_type_cb":{{"value":{deal}}},
                    "category_sub_cb":{{"value":{sub}}},"price_summary_czk":1.0,"locality":{place}}}"#
            )
        };
        let place = r#"{"city_seo_name":"praha","citypart_seo_name":"zizkov","street_seo_name":"husitska"}"#;
        let without_street = r#"{"city_seo_name":"brno","citypart_seo_name":null,"street_seo_name":""}"#;
        for (codes, place, expected) in [
            ([1, 1, 2], place, Some("prodej/byt/1+kk/praha-zizkov-husitska/7")),
            ([3, 2, 54], without_street, Some("drazby/dum/vicegeneracni-dum/brno-brno-/7")),
            ([4, 5, 53], "{}", Some("podily/ostatni/mobilni-domek/ceska-republika-ceska-republika-/7")),
            ([2, 4, 55], place, None),
            ([2, 4, 0], place, None),
            ([5, 1, 2], place, None),
        ] {
            let row = row(codes, place);
            let expected = expected.map(|rest| format!("https://www.sreality.cz/detail/{rest}"));
            assert_eq!(of_row(&Row::parse(&row).unwrap()), expected);
        }
    }
}

//! Areas from an advert's name, the only place of a list row that holds them.
//!
//! The names' grammar, seen in 156 recorded adverts (2025 to 2026): `… <int> m²[, pozemek <int> m²]`, digits
//! without a thousands separator, a no-break or plain space before `m²`.

/// Areas in whole square metres; `None` where the name tells none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The property itself: a flat's usable area, a plot's area, a house's usable area.
    pub area_m2: Option<i32>,
    /// The plot that a house stands on.
    pub plot_area_m2: Option<i32>,
}

/// Reads the areas from an advert's name.
///
/// Only the digits directly before `m²` count, so neither `5+1 120 m²` nor `1/2` of a share mislead it.
#[must_use]
pub fn areas_from_name(name: &str) -> Areas {
    let mut areas = Areas::default();
    // The text after the last unit holds no area.
    let Some((before_last_unit, _)) = name.rsplit_once("m²") else { return areas };
    for text in before_last_unit.split("m²") {
        let value = trailing_number(text);
        if text.contains("pozemek ") || text.contains("pozemek\u{a0}") {
            areas.plot_area_m2 = areas.plot_area_m2.or(value);
        } else {
            areas.area_m2 = areas.area_m2.or(value);
        }
    }
    areas
}

/// The positive whole number at the end of a text; `None` for decimals, which the grammar does not know.
fn trailing_number(text: &str) -> Option<i32> {
    let text = text.trim_end();
    let digits = text.trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let (rest, number) = text.split_at(digits);
    if rest.ends_with(['.', ',']) {
        return None;
    }
    number.parse().ok().filter(|area| *area > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, area_m2: Option<i32>, plot_area_m2: Option<i32>) {
        assert_eq!(areas_from_name(name), Areas { area_m2, plot_area_m2 }, "{name}");
    }

    #[test]
    fn the_area_stands_before_the_unit() {
        check("Prodej bytu 3+kk 85\u{a0}m²", Some(85), None);
        check("Prodej bytu 3+kk 85 m²", Some(85), None);
        check("Prodej sadu, vinice 10059\u{a0}m²", Some(10059), None);
    }

    #[test]
    fn a_house_has_its_plot_too() {
        check("Prodej rodinného domu 82\u{a0}m², pozemek 206\u{a0}m²", Some(82), Some(206));
    }

    #[test]
    fn dispositions_and_shares_are_not_areas() {
        check("Prodej bytu 5+1 120\u{a0}m²", Some(120), None);
        check("Prodej podílu 3/4 louky 8009\u{a0}m²", Some(8009), None);
    }

    #[test]
    fn names_without_an_area_have_none() {
        check("", None, None);
        check("m²", None, None);
        check("Prodej bytu 2+kk", None, None);
        check("Prodej bytu 0 m²", None, None);
        check("Prodej bytu 52,5 m²", None, None);
        check("Prodej pole 99999999999 m²", None, None);
    }
}

//! What a watch asks for, in one line.

use std::fmt;

use sreality::Segment;
use sreality::category::{Category, Deal, SUB_CATEGORIES};
use warehouse::EventKind;

use super::{Bounds, Filter, Near, Seller};

/// As a segment, then the other conditions in the words of the file, then the kinds of events.
impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(segment) = self.segment() {
            write!(formatter, "{segment}")?;
        }
        for (key, bounds, most) in [
            ("price", self.price, i64::MAX),
            ("area_m2", self.area_m2, i32::MAX.into()),
            ("price_per_m2", self.price_per_m2, i32::MAX.into()),
        ] {
            match bounds {
                None => {}
                Some(Bounds { from, to }) if to == most => write!(formatter, ", {key} from {from}")?,
                Some(Bounds { from: 0, to }) => write!(formatter, ", {key} to {to}")?,
                Some(Bounds { from, to }) => write!(formatter, ", {key} from {from} to {to}")?,
            }
        }
        if let Some(Near { latitude, longitude, km, .. }) = self.near {
            write!(formatter, ", near {latitude} {longitude} within {km} km")?;
        }
        match self.seller {
            Some(Seller::Private) => formatter.write_str(", seller private")?,
            Some(Seller::Agency) => formatter.write_str(", seller agency")?,
            None => {}
        }
        let kinds = EventKind::ALL.into_iter().filter(|kind| self.kinds.contains(*kind)).map(EventKind::name);
        write!(formatter, ": {}", kinds.collect::<Vec<_>>().join(", "))?;
        match self.drop {
            Some(drop) => write!(formatter, " (by {}.{:02} % or more)", drop / 100, drop % 100),
            None => Ok(()),
        }
    }
}

impl Filter {
    /// The segment that holds all that it asks for; `None` if its codes are unknown, which no file can make them.
    fn segment(&self) -> Option<Segment> {
        let subs = SUB_CATEGORIES.iter();
        let asked = |code| self.sub_categories.is_some_and(|set| set.contains(Some(code)));
        Some(Segment {
            category: Category::ALL.into_iter().find(|category| category.code() == self.category)?,
            deal: Deal::ALL.into_iter().find(|deal| deal.code() == self.deal)?,
            place: self.place,
            sub_categories: subs.filter(|sub| asked(sub.code)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::watches::Watches;

    #[test]
    fn what_a_watch_asks_for_is_told_in_one_line() {
        for (lines, told) in [
            ("", "flats-sale: new, relisted, back, cheaper"),
            (
                "district = \"brno-mesto\"\nprice = { to = 9_000_000 }\nevents = [\"gone\"]",
                "flats-sale/brno-mesto, price to 9000000: gone",
            ),
            (
                "region = \"praha\"\ndispositions = [\"2-1\", \"2+kk\"]\nprice = { from = 1, to = 2 }\n\
                 area_m2 = { from = 40 }\nprice_per_m2 = { to = 3 }\nseller = \"private\"\ndrop_percent = 2.5\n\
                 near = { latitude = 50.08, longitude = 14.42, km = 3 }\nevents = [\"cheaper\"]",
                "flats-sale/praha/2-kk.2-1, price from 1 to 2, area_m2 from 40, price_per_m2 to 3, \
                 near 50.08 14.42 within 3 km, seller private: cheaper (by 2.50 % or more)",
            ),
        ] {
            let text = format!(
                "[[watch]]\nname = \"a\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = [\"f\"]\n{lines}\n\
                 [channels.f]\nkind = \"feed\"\n"
            );
            let watches = Watches::parse(&text).unwrap();
            assert_eq!(watches.get("a").unwrap().filter.to_string(), told);
        }
    }
}

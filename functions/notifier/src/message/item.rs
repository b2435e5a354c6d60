//! How an event is told.

use jiff::Timestamp;
use sreality::category::Deal;
use warehouse::{Event, EventKind, EventListing};

use super::numbers::{NBSP, grouped, percent, plural, tenths_of_percent};
use super::{Item, Language, property};
use crate::watch::last_price;

const SECONDS_PER_DAY: i64 = 86_400;

impl Item {
    /// What an event is for this watch.
    #[must_use]
    pub fn new(event: &Event, watch: &str, language: Language) -> Self {
        let Event { kind, hash_id, spell, happened_at, price_before, ref listing, .. } = *event;
        let days_on_market = listing.first_seen.map(|first_seen| days(first_seen, happened_at));
        let wording = Wording { event, language, days_on_market };
        Self {
            key: format!("{watch}/{hash_id}/{}/{}", spell.as_microsecond(), kind.name()),
            kind,
            hash_id,
            happened_at,
            title: wording.title(),
            text: wording.text(),
            url: listing.url.clone(),
            price: last_price(event),
            price_before,
            area_m2: listing.area_m2,
            price_per_m2: listing.price_per_m2,
            district_median_per_m2: listing.district_median_per_m2,
            days_on_market,
            lineage: listing
                .lineage
                .as_ref()
                .map(|(key, line, row)| format!("{key}, line {line}, row {row}")),
        }
    }
}

/// Whole days; 0 if the clock went backwards.
fn days(from: Timestamp, to: Timestamp) -> i32 {
    let days = to.duration_since(from).as_secs() / SECONDS_PER_DAY;
    i32::try_from(days.max(0)).unwrap_or(i32::MAX)
}

/// An event in one language.
struct Wording<'e> {
    event: &'e Event,
    language: Language,
    days_on_market: Option<i32>,
}

impl Wording<'_> {
    /// The one of two texts that is in its language.
    fn say<'t>(&self, cs: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Cs => cs,
            Language::En => en,
        }
    }

    fn title(&self) -> String {
        let listing = &self.event.listing;
        let what = property::property(listing, self.language);
        let place = property::place(listing, self.language);
        let price = match last_price(self.event) {
            Some(price) => self.money(price),
            None => self.say("cena na dotaz", "price on request").to_owned(),
        };
        format!("{}: {what}, {place} – {price}{}", self.happening(), self.change())
    }

    fn happening(&self) -> &'static str {
        let (cs, en) = match self.event.kind {
            EventKind::New => ("Nově v nabídce", "New"),
            EventKind::Relisted => ("Znovu inzerováno", "Relisted"),
            EventKind::Back => ("Zpět v nabídce", "Back on offer"),
            EventKind::Cheaper => ("Zlevněno", "Cheaper"),
            EventKind::Dearer => ("Zdraženo", "Dearer"),
            EventKind::Gone => ("Zmizelo z nabídky", "Gone"),
        };
        match self.language {
            Language::Cs => cs,
            Language::En => en,
        }
    }

    fn text(&self) -> String {
        let EventListing { street, url, .. } = &self.event.listing;
        let street = street.as_deref().filter(|street| !street.is_empty());
        let lines = [
            Some(self.price()),
            self.earlier_advert(),
            self.price_per_m2(),
            street.map(|street| format!("{}: {street}", self.say("Ulice", "Street"))),
            self.days_on_market.map(|days| self.on_market(days.into())),
            url.clone(),
            self.lineage(),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    fn price(&self) -> String {
        let on_request = |price: Option<i64>| match price {
            Some(price) => self.money(price),
            None => self.say("na dotaz", "on request").to_owned(),
        };
        let Event { kind, price_before, price, .. } = *self.event;
        if kind == EventKind::Gone {
            let label = self.say("Poslední cena", "Last price");
            return format!("{label}: {}", on_request(last_price(self.event)));
        }
        let label = self.say("Cena", "Price");
        match price_before {
            Some(before) if price_before != price => {
                format!("{label}: {} → {}{}", self.money(before), on_request(price), self.change())
            }
            _ => format!("{label}: {}", on_request(price)),
        }
    }

    /// Of a relisted listing, whose price before is that of the earlier advert.
    fn earlier_advert(&self) -> Option<String> {
        let advert = self.event.relisted_from.filter(|_| self.event.kind == EventKind::Relisted)?;
        let price = match self.event.price_before {
            Some(price) => format!("{} {}", self.say("za", "for"), self.money(price)),
            None => self.say("s cenou na dotaz", "with its price on request").to_owned(),
        };
        Some(format!("{}: {advert} {price}", self.say("Dřívější inzerát", "Earlier advert")))
    }

    fn price_per_m2(&self) -> Option<String> {
        let price = i64::from(self.event.listing.price_per_m2?);
        let line = format!("{}: {}", self.say("Cena za m²", "Price per m²"), self.money(price));
        let Some(median) = self.event.listing.district_median_per_m2.map(i64::from) else {
            return Some(line);
        };
        let Some(tenths) = tenths_of_percent(median, price) else { return Some(line) };
        let beside = match (tenths, self.language) {
            (0, Language::Cs) => "zhruba jako medián okresu".to_owned(),
            (0, Language::En) => "about its district's median".to_owned(),
            (tenths, Language::Cs) => {
                let side = if tenths > 0 { "nad mediánem" } else { "pod mediánem" };
                format!("o {} {side} okresu", percent(tenths, self.language))
            }
            (tenths, Language::En) => {
                let side = if tenths > 0 { "above" } else { "below" };
                format!("{} {side} its district's median", percent(tenths, self.language))
            }
        };
        Some(format!("{line}, {beside} ({})", self.money(median)))
    }

    fn on_market(&self, days: i64) -> String {
        let forms = match self.language {
            Language::Cs => ["den", "dny", "dní"],
            Language::En => ["day", "days", "days"],
        };
        let label = self.say("V nabídce", "On the market");
        match days {
            0 => format!("{label}: {} 1{NBSP}{}", self.say("méně než", "less than"), plural(1, forms)),
            _ => format!("{label}: {}{NBSP}{}", grouped(days), plural(days, forms)),
        }
    }

    fn lineage(&self) -> Option<String> {
        let (key, line, row) = self.event.listing.lineage.as_ref()?;
        Some(match self.language {
            Language::Cs => format!("Zdroj: {key}, řádek {line}, záznam {row}"),
            Language::En => format!("Source: {key}, line {line}, row {row}"),
        })
    }

    /// ` (−4,4 %)`; empty where there is no other price, or none that a tenth of a percent tells apart.
    fn change(&self) -> String {
        let Event { kind, price_before, price, .. } = *self.event;
        let (Some(before), Some(now)) = (price_before, price) else { return String::new() };
        match tenths_of_percent(before, now).filter(|_| kind != EventKind::Gone) {
            None | Some(0) => String::new(),
            Some(tenths) => {
                let sign = if tenths < 0 { '−' } else { '+' };
                format!(" ({sign}{})", percent(tenths, self.language))
            }
        }
    }

    /// Crowns; a rent's are per month.
    fn money(&self, crowns: i64) -> String {
        let unit = match (self.language, self.event.listing.deal == Deal::Rent.code()) {
            (Language::Cs, false) => "Kč",
            (Language::Cs, true) => "Kč/měsíc",
            (Language::En, false) => "CZK",
            (Language::En, true) => "CZK/month",
        };
        format!("{}{NBSP}{unit}", grouped(crowns))
    }
}

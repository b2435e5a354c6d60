//! What watches would have told of what happened.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use notifier::message::Item;
use notifier::watch::Watch;
use notifier::watches::Watches;
use warehouse::{Event, EventKind};

/// What one watch would have told.
pub(super) struct PastTellings<'w> {
    pub(super) watch: &'w Watch,
    /// How many events of each kind.
    kinds: [usize; EventKind::ALL.len()],
    /// The newest of them.
    pub(super) newest: Vec<Item>,
}

/// Compares what happened, the newest first, with watches, and keeps so many events of each.
pub(super) fn told<'w>(watches: &'w Watches, events: &[Event], named: usize) -> Vec<PastTellings<'w>> {
    let new = |watch| PastTellings { watch, kinds: [0; EventKind::ALL.len()], newest: Vec::new() };
    let mut all: Vec<PastTellings<'w>> = watches.iter().map(new).collect();
    let places: HashMap<&str, usize> =
        watches.iter().enumerate().map(|(place, watch)| (watch.name.as_str(), place)).collect();
    for event in events {
        for watch in watches.matches(event) {
            if let Some(told) = places.get(watch.name.as_str()).and_then(|place| all.get_mut(*place)) {
                told.add(event, named);
            }
        }
    }
    all
}

impl PastTellings<'_> {
    fn add(&mut self, event: &Event, named: usize) {
        if let Some(count) = self.kinds.get_mut(event.kind as usize) {
            *count += 1;
        }
        if self.newest.len() < named {
            self.newest.push(Item::new(event, &self.watch.name, self.watch.language));
        }
    }

    /// One line: how many events, and of which kinds.
    pub(super) fn totals(&self) -> String {
        let kinds = EventKind::ALL.iter().zip(self.kinds).filter(|(_, count)| *count > 0);
        let kinds: Vec<String> = kinds.map(|(kind, count)| format!("{count} {}", kind.name())).collect();
        let name = &self.watch.name;
        match self.count() {
            0 => format!("{name}: nothing"),
            1 => format!("{name}: 1 event: {}", kinds.join(", ")),
            count => format!("{name}: {count} events: {}", kinds.join(", ")),
        }
    }

    /// Totals, the newest events with their days, and how many more there are: a line each.
    pub(super) fn text(&self) -> String {
        let mut text = self.totals() + "\n";
        for Item { kind, happened_at, title, .. } in &self.newest {
            let day = happened_at.to_zoned(TimeZone::UTC).date();
            text += &format!("  {day}  {:<8}  {title}\n", kind.name());
        }
        match self.count() - self.newest.len() {
            0 => text,
            more => text + &format!("  and {more} more\n"),
        }
    }

    fn count(&self) -> usize {
        self.kinds.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use warehouse::EventListing;

    use super::*;

    const WATCHES: &str = "
        [[watch]]
        name = \"praha\"
        deal = \"sale\"
        category = \"flats\"
        region = \"praha\"
        channels = [\"reader\"]
        language = \"en\"

        [[watch]]
        name = \"gone\"
        deal = \"sale\"
        category = \"flats\"
        events = [\"gone\"]
        channels = [\"reader\"]

        [channels.reader]
        kind = \"feed\"
        ";

    fn event(hash_id: i64, kind: EventKind) -> Event {
        let happened_at = "2026-01-05T05:00:00Z".parse().unwrap();
        let listing = EventListing { category: 1, deal: 1, region_id: Some(10), ..EventListing::default() };
        let price = Some(5_000_000);
        Event {
            id: 0,
            kind,
            hash_id,
            spell: happened_at,
            happened_at,
            price_before: None,
            price,
            relisted_from: None,
            listing,
        }
    }

    #[test]
    fn a_watch_names_its_newest_events_and_counts_all() {
        let watches = Watches::parse(WATCHES).unwrap();
        let mut events = vec![event(9, EventKind::Back)];
        events.extend((0..3).map(|hash_id| event(hash_id, EventKind::New)));
        events.push(event(5, EventKind::Dearer));
        let told = told(&watches, &events, 2);
        let text = told[0].text().replace('\u{a0}', " ");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "praha: 4 events: 3 new, 1 back");
        assert!(lines[1].starts_with("  2026-01-05  back      Back on offer: "), "{text}");
        assert!(lines[2].starts_with("  2026-01-05  new       New: ") && lines[2].contains("5 000 000 CZK"));
        assert_eq!(lines[3..], ["  and 2 more"]);
    }

    #[test]
    fn a_watch_that_asks_for_nothing_of_it_says_so() {
        let watches = Watches::parse(WATCHES).unwrap();
        let events = [event(1, EventKind::Gone)];
        let told = told(&watches, &events, 10);
        assert_eq!(told[0].text(), "praha: nothing\n");
        assert_eq!(told[1].totals(), "gone: 1 event: 1 gone");
    }
}

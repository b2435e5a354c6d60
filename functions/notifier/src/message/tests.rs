//! Exact texts. No-break spaces are written as `_`, so that they can be seen.

use warehouse::{Event, EventListing};

use super::*;

/// A flat for sale in Prague that became cheaper.
fn cheaper() -> Event {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Event {
        id: 7,
        kind: EventKind::Cheaper,
        hash_id: 3_292_504_140,
        spell: at("2026-11-22T03:00:03.120481Z"),
        happened_at: at("2026-11-22T03:00:03.120481Z"),
        price_before: Some(6_790_000),
        price: Some(6_490_000),
        relisted_from: None,
        listing: EventListing {
            category: 1,
            deal: 1,
            sub_category: Some(4),
            region_id: Some(10),
            district_id: Some(5003),
            city: Some("Praha".into()),
            city_part: Some("Žižkov".into()),
            street: Some("Husitská".into()),
            area_m2: Some(54),
            first_seen: Some(at("2026-11-10T02:00:00Z")),
            url: Some("https://portal.example/3292504140".into()),
            price_per_m2: Some(120_185),
            district_median_per_m2: Some(131_000),
            lineage: Some(("raw/sreality/flats-sale/x.jsonl.zst".into(), 12, 3)),
            ..EventListing::default()
        },
    }
}

fn rent() -> Event {
    let cheaper = cheaper();
    let listing = EventListing {
        deal: 2,
        price_per_m2: Some(352),
        district_median_per_m2: Some(350),
        lineage: None,
        url: None,
        street: None,
        ..cheaper.listing
    };
    Event { price_before: Some(20_000), price: Some(19_000), listing, ..cheaper }
}

fn item(event: &Event, language: Language) -> Item {
    Item::new(event, "byty-praha", language)
}

fn title(event: &Event, language: Language) -> String {
    item(event, language).title.replace(NBSP, "_")
}

fn text(event: &Event, language: Language) -> String {
    item(event, language).text.replace(NBSP, "_")
}

#[test]
fn a_cheaper_flat_is_told_in_czech_with_all_that_is_known() {
    assert_eq!(
        title(&cheaper(), Language::Cs),
        "Zlevněno: byt 2+kk 54_m², Praha, Žižkov – 6_490_000_Kč (−4,4_%)"
    );
    assert_eq!(
        text(&cheaper(), Language::Cs),
        "Cena: 6_790_000_Kč → 6_490_000_Kč (−4,4_%)\n\
         Cena za m²: 120_185_Kč, o 8,3_% pod mediánem okresu (131_000_Kč)\n\
         Ulice: Husitská\n\
         V nabídce: 12_dní\n\
         https://portal.example/3292504140\n\
         Zdroj: raw/sreality/flats-sale/x.jsonl.zst, řádek 12, záznam 3"
    );
}

#[test]
fn a_cheaper_flat_is_told_in_english_with_all_that_is_known() {
    assert_eq!(
        title(&cheaper(), Language::En),
        "Cheaper: flat 2+kk 54_m², Praha, Žižkov – 6_490_000_CZK (−4.4_%)"
    );
    assert_eq!(
        text(&cheaper(), Language::En),
        "Price: 6_790_000_CZK → 6_490_000_CZK (−4.4_%)\n\
         Price per m²: 120_185_CZK, 8.3_% below its district's median (131_000_CZK)\n\
         Street: Husitská\n\
         On the market: 12_days\n\
         https://portal.example/3292504140\n\
         Source: raw/sreality/flats-sale/x.jsonl.zst, line 12, row 3"
    );
}

#[test]
fn every_kind_has_its_title_in_both_languages() {
    let what = [("byt 2+kk 54_m², Praha, Žižkov", "Kč"), ("flat 2+kk 54_m², Praha, Žižkov", "CZK")];
    for (kind, before, cs, en, change) in [
        (EventKind::New, None, "Nově v nabídce", "New", ["", ""]),
        (EventKind::Relisted, Some(6_790_000), "Znovu inzerováno", "Relisted", [" (−4,4_%)", " (−4.4_%)"]),
        (EventKind::Back, Some(6_490_000), "Zpět v nabídce", "Back on offer", ["", ""]),
        (EventKind::Cheaper, Some(6_790_000), "Zlevněno", "Cheaper", [" (−4,4_%)", " (−4.4_%)"]),
        (EventKind::Dearer, Some(6_000_000), "Zdraženo", "Dearer", [" (+8,2_%)", " (+8.2_%)"]),
        (EventKind::Gone, Some(6_790_000), "Zmizelo z nabídky", "Gone", ["", ""]),
    ] {
        let event = Event { kind, price_before: before, ..cheaper() };
        for ((language, happening), ((what, currency), change)) in
            [(Language::Cs, cs), (Language::En, en)].into_iter().zip(what.into_iter().zip(change))
        {
            let expected = format!("{happening}: {what} – 6_490_000_{currency}{change}");
            assert_eq!(title(&event, language), expected);
        }
    }
}

#[test]
fn a_rent_is_per_month_and_what_is_not_known_is_not_told() {
    assert_eq!(
        text(&rent(), Language::Cs),
        "Cena: 20_000_Kč/měsíc → 19_000_Kč/měsíc (−5,0_%)\n\
         Cena za m²: 352_Kč/měsíc, o 0,6_% nad mediánem okresu (350_Kč/měsíc)\n\
         V nabídce: 12_dní"
    );
    assert_eq!(
        title(&rent(), Language::En),
        "Cheaper: flat 2+kk 54_m², Praha, Žižkov – 19_000_CZK/month (−5.0_%)"
    );
    let unknown = Event { listing: EventListing::default(), price: None, price_before: None, ..rent() };
    let unknown = Event { kind: EventKind::New, ..unknown };
    assert_eq!(title(&unknown, Language::Cs), "Nově v nabídce: nemovitost, místo neuvedeno – cena na dotaz");
    assert_eq!(title(&unknown, Language::En), "New: property, place not told – price on request");
    assert_eq!(text(&unknown, Language::Cs), "Cena: na dotaz");
    assert_eq!(text(&unknown, Language::En), "Price: on request");
}

#[test]
fn a_price_that_is_now_on_request_is_told_beside_the_one_before() {
    let event = Event { kind: EventKind::Back, price: None, ..rent() };
    assert!(text(&event, Language::Cs).starts_with("Cena: 20_000_Kč/měsíc → na dotaz\n"));
    assert!(text(&event, Language::En).starts_with("Price: 20_000_CZK/month → on request\n"));
}

#[test]
fn what_is_gone_tells_its_last_price_and_no_change() {
    let event = Event { kind: EventKind::Gone, ..rent() };
    assert!(text(&event, Language::Cs).starts_with("Poslední cena: 19_000_Kč/měsíc\n"));
    let without = Event { price: None, ..event };
    assert!(text(&without, Language::En).starts_with("Last price: 20_000_CZK/month\n"));
    assert_eq!(item(&without, Language::En).price, Some(20_000));
}

#[test]
fn a_relisted_one_tells_the_earlier_advert_and_its_price() {
    let event = Event { kind: EventKind::Relisted, relisted_from: Some(2_987_654_321), ..cheaper() };
    let line = |event: &Event, language| text(event, language).lines().nth(1).map(str::to_owned).unwrap();
    assert_eq!(line(&event, Language::Cs), "Dřívější inzerát: 2987654321 za 6_790_000_Kč");
    assert_eq!(line(&event, Language::En), "Earlier advert: 2987654321 for 6_790_000_CZK");
    let on_request = Event { price_before: None, ..event };
    assert_eq!(line(&on_request, Language::Cs), "Dřívější inzerát: 2987654321 s cenou na dotaz");
    assert_eq!(line(&on_request, Language::En), "Earlier advert: 2987654321 with its price on request");
}

#[test]
fn a_price_per_m2_stands_beside_the_median_of_its_district() {
    let line = |median| {
        let cheaper = cheaper();
        let listing = EventListing { district_median_per_m2: median, ..cheaper.listing };
        let event = Event { listing, ..cheaper };
        [Language::Cs, Language::En].map(|language| text(&event, language).lines().nth(1).unwrap().to_owned())
    };
    assert_eq!(
        line(Some(120_200)),
        [
            "Cena za m²: 120_185_Kč, zhruba jako medián okresu (120_200_Kč)",
            "Price per m²: 120_185_CZK, about its district's median (120_200_CZK)"
        ]
    );
    let above = "120_185_CZK, 20.2_% above its district's median (100_000_CZK)";
    assert_eq!(
        line(Some(100_000)),
        [
            "Cena za m²: 120_185_Kč, o 20,2_% nad mediánem okresu (100_000_Kč)".to_owned(),
            format!("Price per m²: {above}")
        ]
    );
    assert_eq!(line(None), ["Cena za m²: 120_185_Kč", "Price per m²: 120_185_CZK"]);
}

#[test]
fn days_on_market_are_counted_in_whole_ones() {
    let days = |first_seen: &str| {
        let rent = rent();
        let listing = EventListing { first_seen: Some(first_seen.parse().unwrap()), ..rent.listing };
        let event = Event { listing, ..rent };
        let line = |language| text(&event, language).lines().last().map(str::to_owned).unwrap();
        (item(&event, Language::Cs).days_on_market, line(Language::Cs), line(Language::En))
    };
    let expected =
        |days, cs: &str, en: &str| (Some(days), format!("V nabídce: {cs}"), format!("On the market: {en}"));
    assert_eq!(days("2026-11-21T04:00:00Z"), expected(0, "méně než 1_den", "less than 1_day"));
    assert_eq!(days("2026-11-21T03:00:00Z"), expected(1, "1_den", "1_day"));
    assert_eq!(days("2026-11-20T03:00:00Z"), expected(2, "2_dny", "2_days"));
    assert_eq!(days("2026-11-17T03:00:00Z"), expected(5, "5_dní", "5_days"));
    assert_eq!(days("2026-11-23T03:00:00Z"), expected(0, "méně než 1_den", "less than 1_day"));
}

#[test]
fn an_item_carries_the_facts_for_machines() {
    let item = item(&cheaper(), Language::Cs);
    assert_eq!(item.key, "byty-praha/3292504140/1795316403120481/cheaper");
    assert_eq!((item.price_before, item.price), (Some(6_790_000), Some(6_490_000)));
    assert_eq!(
        (item.area_m2, item.price_per_m2, item.district_median_per_m2),
        (Some(54), Some(120_185), Some(131_000))
    );
    assert_eq!(item.lineage.as_deref(), Some("raw/sreality/flats-sale/x.jsonl.zst, line 12, row 3"));
}

#[test]
fn a_message_of_one_event_is_that_event() {
    let item = item(&cheaper(), Language::Cs);
    let message = Message::new("byty-praha", Language::Cs, vec![item.clone()], 0);
    assert_eq!((message.key.clone(), message.title(), message.text()), (item.key, item.title, item.text));
}

#[test]
fn a_message_of_several_events_tells_each_and_counts_the_rest() {
    let event = Event { price: None, listing: EventListing::default(), price_before: None, ..cheaper() };
    let message = |language, more| {
        let items =
            [EventKind::New, EventKind::Back].map(|kind| item(&Event { kind, ..event.clone() }, language));
        Message::new("byty-praha", language, items.into(), more)
    };
    assert_eq!(message(Language::Cs, 0).title().replace(NBSP, "_"), "byty-praha: 2_události");
    let czech = message(Language::Cs, 40);
    assert_eq!(czech.title().replace(NBSP, "_"), "byty-praha: 42_událostí");
    assert_eq!(
        czech.text().replace(NBSP, "_"),
        "Nově v nabídce: nemovitost, místo neuvedeno – cena na dotaz\nCena: na dotaz\n\n\
         Zpět v nabídce: nemovitost, místo neuvedeno – cena na dotaz\nCena: na dotaz\n\n\
         a 40_dalších"
    );
    assert!(message(Language::En, 40).text().replace(NBSP, "_").ends_with("\n\nand 40_more"));
    assert_eq!(message(Language::Cs, 1).and_more().unwrap().replace(NBSP, "_"), "a 1_další");
    assert_eq!(message(Language::Cs, 0).and_more(), None);
}

#[test]
fn the_same_events_make_the_same_key_and_others_another() {
    let items: Vec<_> = [1, 2].map(|hash_id| item(&Event { hash_id, ..cheaper() }, Language::Cs)).into();
    let key = |items: &[Item]| Message::new("byty-praha", Language::Cs, items.to_vec(), 0).key;
    let both = key(&items);
    assert_eq!(both.len(), 64);
    assert_eq!(both, key(&items));
    let reversed: Vec<_> = items.iter().rev().cloned().collect();
    assert_ne!(both, key(&reversed));
    assert_ne!(key(&items[..1]), key(&items[1..]));
}

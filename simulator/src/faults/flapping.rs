//! Flapping prices: some answers show the price that some adverts had before.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// The stream of an advert's earlier price.
const STREAM: u64 = 11;

/// Shows the earlier prices of this share of all adverts. Which adverts, and which prices, depends on the adverts
/// alone: each of them flaps between the same two prices.
pub(crate) fn show_earlier_prices(page: &mut Value, share: f64) {
    let rows = page.get_mut("results").and_then(Value::as_array_mut);
    for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
        let hash_id = row.get("hash_id").and_then(Value::as_u64).unwrap_or_default();
        let mut random = Random::stream(hash_id, STREAM);
        if random.chance(share) {
            show_earlier_price(row, &mut random);
        }
    }
}

fn show_earlier_price(row: &mut Map<String, Value>, random: &mut Random) {
    let number = |key: &str| row.get(key).and_then(Value::as_f64);
    let (Some(price), Some(summary)) = (number("price_czk"), number("price_summary_czk")) else { return };
    let per_m2 = number("price_czk_m2").unwrap_or_default();
    // What is on request had no price before either.
    if price <= 1.0 || summary <= 1.0 {
        return;
    }
    // One price in a hundred had been on request: even 1 and 4 000 000 were seen to alternate.
    let (earlier, earlier_summary) = if random.chance(0.01) {
        (1.0, 1.0)
    } else {
        // Most changes are downwards.
        let factor = if random.chance(0.82) { random.within(1.01, 1.09) } else { random.within(0.93, 0.99) };
        let step = if price >= 200_000.0 { 10_000.0 } else { 1.0 };
        let earlier = ((price * factor / step).round() * step).max(2.0);
        // Equal, or the price of the area.
        (earlier, earlier * (summary / price).round())
    };
    for (keys, value) in
        [(["price", "price_czk"], earlier), (["price_summary", "price_summary_czk"], earlier_summary)]
    {
        for key in keys {
            row.insert(key.to_owned(), json!(value));
        }
    }
    let earlier_per_m2 = if earlier > 1.0 { per_m2 * earlier_summary / summary } else { 0.0 };
    row.insert("price_czk_m2".to_owned(), json!(earlier_per_m2 as i64));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(price: f64, area: f64) -> Value {
        let row = |hash_id: u32| {
            json!({
                "hash_id": hash_id, "price": price, "price_czk": price, "price_czk_m2": (price * area) as i64 / 100,
                "price_summary": price * area, "price_summary_czk": price * area,
            })
        };
        json!({ "results": (0..20_000).map(row).collect::<Vec<_>>() })
    }

    fn earlier(page: &Value, share: f64) -> Value {
        let mut earlier = page.clone();
        show_earlier_prices(&mut earlier, share);
        earlier
    }

    #[test]
    fn a_share_of_the_adverts_flaps_between_two_prices_of_their_own() {
        let now = page(4e6, 1.0);
        let before = earlier(&now, 0.095);
        assert_eq!(before, earlier(&now, 0.095));
        let rows = now["results"].as_array().unwrap().iter().zip(before["results"].as_array().unwrap());
        let flapping: Vec<_> = rows.filter(|(now, before)| now != before).map(|(_, before)| before).collect();
        // Those whose price rounds to the same one do not show it.
        assert!((1_600..2_000).contains(&flapping.len()), "{}", flapping.len());
        let on_request =
            flapping.iter().filter(|row| row["price_czk"] == 1.0 && row["price_czk_m2"] == 0).count();
        assert!((5..40).contains(&on_request), "{on_request}");
        let higher = flapping.iter().filter(|row| row["price_czk"].as_f64().unwrap() > 4e6).count();
        assert!(higher * 10 > flapping.len() * 7, "{higher}");
    }

    #[test]
    fn prices_per_m2_stay_those_of_the_area_and_on_request_stays_so() {
        for row in earlier(&page(250.0, 3170.0), 1.0)["results"].as_array().unwrap() {
            let price = row["price_czk"].as_f64().unwrap();
            assert!(price == 1.0 || row["price_summary_czk"] == price * 3170.0, "{row}");
        }
        let on_request = page(0.0, 1.0);
        assert_eq!(earlier(&on_request, 1.0), on_request);
    }
}

//! The links that a mart gives, followed to the portal's pages.

use end_to_end::World;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use simulator::{Market, RecordedRows, Source};
use sreality::address::REAL_PORTAL;

use crate::recorded;

/// What the simulated portal answers at the address of an advert on the real one.
#[expect(clippy::disallowed_methods, reason = "a reader's browser has no pace")]
async fn page(world: &World, url: &str) -> (StatusCode, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let path = url.strip_prefix(REAL_PORTAL).unwrap_or_else(|| panic!("{url} is not the portal's"));
    let answer = client.get(format!("{}{path}", world.simulator.base_url())).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn urls(world: &World, ids: &[i64]) -> Vec<(String, String)> {
    let sql = "
        select url, name from mart.current_listing
        where cardinality($1::bigint[]) = 0 or hash_id = any ($1)
        order by hash_id";
    let analyst = world.database.connect("analyst").await;
    let rows = analyst.query(sql, &[&ids]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn every_link_of_a_simulated_market_opens_the_page_of_its_advert() {
    let mut world = World::start(Source::Market(Market::new(7, 400))).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let segments = ["flats-sale", "houses-rent", "land-auction", "commercial-sale", "other-share"];
    for event in world.collect(&mut collector, &segments).await {
        loader.invoke(event).await.unwrap();
    }
    let links = urls(&world, &[]).await;
    assert!(links.len() > 50, "{} links", links.len());
    for (url, name) in links {
        let (status, body) = page(&world, &url).await;
        assert_eq!(status, StatusCode::OK, "{url}");
        assert!(body.contains(&format!("<h1>{name}</h1>")), "{url}: {body}");
        // The portal forgives another place, and no other word.
        let mut words: Vec<&str> = url.split('/').collect();
        words[7] = "jinde";
        assert_eq!(page(&world, &words.join("/")).await.0, StatusCode::MOVED_PERMANENTLY);
        words[6] = "zadny-druh";
        assert_eq!(page(&world, &words.join("/")).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn recorded_listings_have_the_addresses_that_the_portal_gives_them() {
    let Some(folder) = recorded::folder() else { return };
    let files = [
        folder.join("rows_2025-10-28.json"),
        folder.join("search_flats_sale_2026-05-26_limit3.json"),
        folder.join("search_flats_rent_praha7_2026_first_row.json"),
    ];
    let rows = RecordedRows::read(&files).unwrap();
    let segments: Vec<_> = rows.segments().iter().map(ToString::to_string).collect();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let mut world = World::start(Source::Rows(rows)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for event in world.collect(&mut collector, &segments).await {
        loader.invoke(event).await.unwrap();
    }
    let expected = [
        (1_222_430_796, "pronajem/byt/2+kk/praha-holesovice-u-vody"),
        (1_774_764_876, "prodej/pozemek/pole/rosice-bor-u-chroustovic-"),
        (3_292_504_140, "prodej/byt/3+kk/ostrava-petrkovice-"),
        (3_853_889_612, "prodej/byt/3+kk/praha-troja-na-sutce"),
        (4_063_319_372, "pronajem/pozemek/komercni/holubice-holubice-"),
    ];
    let ids = expected.map(|(id, _)| id);
    let links: Vec<String> = urls(&world, &ids).await.into_iter().map(|(url, _)| url).collect();
    assert_eq!(links, expected.map(|(id, words)| format!("{REAL_PORTAL}/detail/{words}/{id}")));
    for url in links {
        assert_eq!(page(&world, &url).await.0, StatusCode::OK, "{url}");
    }
}

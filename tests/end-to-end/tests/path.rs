//! The whole path, compared with the simulator's truth.

use std::collections::{BTreeMap, HashMap};

use end_to_end::{World, event};
use jiff::Timestamp;
use simulator::{Market, Source};
use sreality::Segment;

fn source(listings: usize) -> Source {
    Source::Market(Market::new(7, listings))
}

#[tokio::test]
async fn a_scheduled_walk_of_the_whole_market_stands_in_postgres() {
    let mut world = World::start(source(3000)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let summary = collector.invoke(event::file("collector-national.json")).await.unwrap();
    let walks = summary["walks"].as_array().unwrap();
    assert_eq!(walks.len(), 20);
    assert!(walks.iter().all(|walk| walk["complete"] == true), "{summary}");
    for _ in walks {
        let event = world.next_event().await;
        let response = loader.invoke(event).await.unwrap();
        assert_eq!(response["objects"][0]["outcome"], "loaded", "{response}");
    }

    let truth: BTreeMap<i64, _> = world
        .simulator
        .with_market(|market| {
            let place = |id| Some(id).filter(|id| *id > 0);
            let row = |offer: simulator::Offer| {
                let codes = (offer.category.code(), offer.deal.code(), Some(offer.sub_category.code));
                let places = (place(offer.region_id), place(offer.district_id));
                let area = i32::try_from(offer.area_m2).unwrap();
                (i64::try_from(offer.hash_id).unwrap(), (codes, places, Some(area), offer.total_price))
            };
            market.offers().map(row).collect()
        })
        .unwrap();
    let sql = "
        select hash_id, category, deal, sub_category, region_id, district_id, area_m2, state.total_price
        from warehouse.listing join mart.listing_state as state using (hash_id)";
    let loaded: BTreeMap<i64, _> = world
        .sql
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| {
            let codes = (row.get::<_, i16>(1), row.get::<_, i16>(2), row.get::<_, Option<i16>>(3));
            let places = (row.get::<_, Option<i32>>(4), row.get::<_, Option<i32>>(5));
            (row.get(0), (codes, places, row.get::<_, Option<i32>>(6), row.get::<_, Option<i64>>(7)))
        })
        .collect();
    assert_eq!(loaded.len(), 3000);
    assert_eq!(loaded, truth);
    let not_loaded = world.count("select sum(rows_seen - rows_loaded)::bigint from warehouse.walk").await;
    assert_eq!(not_loaded, 0, "no walk of a quiet portal has duplicates or rejects");
}

#[tokio::test]
async fn walks_in_order_give_the_spells_that_the_market_had() {
    const DAYS: u32 = 8;
    let mut world = World::start(source(1500)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..DAYS {
        world.simulator.advance_to(day);
        for event in world.collect(&mut collector, &["flats-sale", "flats-rent"]).await {
            loader.invoke(event).await.unwrap();
        }
    }

    // Each day's walk of a segment has a start; truth is told in days.
    let mut starts: HashMap<String, Vec<Timestamp>> = HashMap::new();
    for row in world
        .sql
        .query("select segment, started_at from warehouse.walk order by started_at", &[])
        .await
        .unwrap()
    {
        starts.entry(row.get(0)).or_default().push(row.get(1));
    }
    let mut expected: Vec<(i64, Timestamp, Timestamp, Option<i64>)> = world
        .simulator
        .with_market(|market| {
            let stretch = |stretch: simulator::Stretch| {
                let starts = starts.get(&Segment::national(stretch.category, stretch.deal).to_string())?;
                let (first, last) = (starts[stretch.first_day as usize], starts[stretch.last_day as usize]);
                Some((i64::try_from(stretch.hash_id).unwrap(), first, last, stretch.total_price))
            };
            market.history().filter_map(stretch).collect()
        })
        .unwrap();
    expected.sort();
    let sql = "
        select spell.hash_id, spell.first_seen, coalesce(spell.last_seen, state.last_seen), spell.total_price
        from warehouse.spell join mart.listing_state as state using (hash_id)
        order by 1, 2";
    let rows = world.sql.query(sql, &[]).await.unwrap();
    let spells: Vec<(i64, Timestamp, Timestamp, Option<i64>)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert!(
        spells.len() > expected.iter().map(|spell| spell.0).collect::<std::collections::HashSet<_>>().len()
    );
    assert_eq!(spells, expected);

    let changes = world.count("select count(*) from mart.price_change").await;
    assert!(changes > 0, "a market of eight days changes prices");
    let gone = "select count(*) from mart.listing_state where delisted_at is not null";
    assert!(world.count(gone).await > 0, "three walks in a row missed some listing");
}

#[tokio::test]
async fn an_unchanged_walk_writes_neither_listings_nor_spells() {
    let mut world = World::start(source(2000)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let versions = "
        select coalesce(sum(x), 0)::bigint
        from (
            select xmin::text::bigint as x from warehouse.listing
            union all
            select xmin::text::bigint from warehouse.spell
        ) as versions";
    for event in world.collect(&mut collector, &["flats-sale"]).await {
        loader.invoke(event).await.unwrap();
    }
    let before = world.count(versions).await;
    for event in world.collect(&mut collector, &["flats-sale"]).await {
        let response = loader.invoke(event).await.unwrap();
        assert!(response["objects"][0]["rows_loaded"].as_u64().unwrap() > 300, "{response}");
    }
    assert_eq!(world.count(versions).await, before);
    let open = "select count(*) from warehouse.spell where last_seen is null";
    assert_eq!(world.count(open).await, world.count("select count(*) from warehouse.listing").await);
}

#[tokio::test]
async fn an_incomplete_walk_withdraws_nothing() {
    // So few flats for sale that a walk without any of them is not taken to be shrunken.
    let mut world = World::start(source(200)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for event in world.collect(&mut collector, &["flats-sale"]).await {
        loader.invoke(event).await.unwrap();
    }
    // Three walks see nothing, and say that they are not complete; then three that say they are.
    let listings = world.count("select count(*) from warehouse.listing").await;
    for walk in 1..=3_u128 {
        let key = end_to_end::walk_file::stored_walk(&world, walk, false).await;
        let event = world.next_event().await;
        assert!(event.to_string().contains(&key));
        loader.invoke(event).await.unwrap();
    }
    assert_eq!(
        world.count("select count(*) from mart.current_listing where missing_since is null").await,
        listings
    );
    for walk in 4..=6_u128 {
        end_to_end::walk_file::stored_walk(&world, walk, true).await;
        loader.invoke(world.next_event().await).await.unwrap();
    }
    assert_eq!(world.count("select count(*) from mart.current_listing").await, 0);
}

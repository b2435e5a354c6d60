//! The price level of a walk's day, in the cells that the walk takes in.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use tokio_postgres::Row;

use crate::copy::CopyRows;
use crate::error::{Context, Error};
use crate::history::{Cell, Filter, Level, PriceLevels, Sample, day, levels_with_walk};
use crate::merge::{Merge, Parameter};

/// What is known of a day, cell by cell.
const READ: &str = "
select level.*
from unnest($1::smallint[], $2::smallint[], $3::date[]) as asked (category, deal, day)
cross join lateral (
    select
        array_agg(region_id), array_agg(district_id), array_agg(cell.sub_category), array_agg(cell.listings),
        array_agg(cell.lower_quartile), array_agg(cell.median), array_agg(cell.upper_quartile)
    from warehouse.price_level as level
    cross join lateral unnest(sub_categories, listings, lower_quartiles, medians, upper_quartiles)
        as cell (sub_category, listings, lower_quartile, median, upper_quartile)
    where level.category = asked.category and level.deal = asked.deal and level.day = asked.day
) as level";

const COPY: &str = "warehouse.price_level (
    category, deal, day, region_id, district_id, sub_categories, listings, lower_quartiles, medians, upper_quartiles
)";

const REMOVE: &str = "
delete from warehouse.price_level
where category = $1 and deal = $2 and day = $3 and region_id = $4 and district_id = $5";

/// Region and district.
type LevelPlace = (i32, i32);

impl Merge<'_> {
    /// Replaces what is known of the walk's day in the cells that the walk takes in.
    pub(crate) async fn keep_price_levels(&mut self, samples: &[Sample]) -> Result<(), Error> {
        let filter = self.filter.clone();
        let today = day(self.moment.at);
        let others = self.reading().covering_walks_of(&filter, today).await?;
        let is_first = others.is_empty();
        let known = if is_first { PriceLevels::new() } else { self.price_levels(today).await? };
        let later = others.into_iter().filter(|walk| walk.moment > self.moment);
        let later: Vec<Filter> = later.map(|walk| walk.filter).collect();
        let levels = levels_with_walk(samples, &filter, &later, known.clone());
        let known = by_place(known);
        let levels = by_place(levels);
        let other =
            |levels: &HashMap<LevelPlace, Vec<(i16, Level)>>, place, cells| levels.get(place) != Some(cells);
        let removed: Vec<LevelPlace> = known
            .iter()
            .filter(|(place, cells)| other(&levels, place, cells))
            .map(|(place, _)| *place)
            .collect();
        let category = filter.category;
        let deal = filter.deal;
        let key = |(region, district): &LevelPlace| -> (i16, i16, Date, i32, i32) {
            (category, deal, today, *region, *district)
        };
        let removed: Vec<_> = removed.iter().map(key).collect();
        self.each(REMOVE, &removed, level_key, "remove price levels").await?;
        let mut copies = CopyRows::default();
        // In the order of the key, so that they fill one stretch of its index.
        let new: BTreeMap<_, _> =
            levels.iter().filter(|(place, cells)| other(&known, place, cells)).collect();
        for ((region, district), cells) in new {
            copies.row(10);
            copies.add(category);
            copies.add(deal);
            copies.add(today);
            copies.add(*region);
            copies.add(*district);
            copies.array(cells.iter().map(|(sub_category, _)| *sub_category));
            copies.array(cells.iter().map(|(_, level)| level.listings));
            for quartile in 0..3 {
                copies.array(
                    cells.iter().map(|(_, level)| level.quartiles.get(quartile).copied().unwrap_or_default()),
                );
            }
        }
        copies.send(&self.transaction, self.prepared, COPY, "copy the day's price level").await
    }

    async fn price_levels(&mut self, day: Date) -> Result<PriceLevels, Error> {
        let Filter { category, deal, .. } = self.filter;
        let statement = self.prepared.statement(&self.transaction, READ).await?;
        let asked: [Parameter<'_>; 3] = [&vec![category], &vec![deal], &vec![day]];
        let row =
            self.transaction.query_one(&statement, &asked).await.context("read the day's price level")?;
        Ok(price_levels(&row))
    }
}

fn level_key(key: &(i16, i16, Date, i32, i32)) -> [Parameter<'_>; 5] {
    let (category, deal, day, region, district) = key;
    [category, deal, day, region, district]
}

fn price_levels(row: &Row) -> PriceLevels {
    let numbers = |index: usize| row.get::<_, Option<Vec<i32>>>(index).unwrap_or_default();
    let sub_categories = row.get::<_, Option<Vec<i16>>>(2).unwrap_or_default();
    let quartiles = numbers(4).into_iter().zip(numbers(5)).zip(numbers(6));
    let levels = numbers(3)
        .into_iter()
        .zip(quartiles)
        .map(|(listings, ((lower, median), upper))| Level { listings, quartiles: [lower, median, upper] });
    let places = numbers(0).into_iter().zip(numbers(1)).zip(sub_categories);
    let cells =
        places.map(|((region_id, district_id), sub_category)| Cell { region_id, district_id, sub_category });
    cells.zip(levels).collect()
}

/// The cells of each place side by side, in the order of their sub-categories.
fn by_place(levels: PriceLevels) -> HashMap<LevelPlace, Vec<(i16, Level)>> {
    let mut places: HashMap<LevelPlace, Vec<(i16, Level)>> = HashMap::new();
    for (cell, level) in levels {
        places.entry((cell.region_id, cell.district_id)).or_default().push((cell.sub_category, level));
    }
    places
}

"""What the charts and saved queries show, asked as Superset's users ask: over its API."""

from __future__ import annotations

import json
import unittest
from itertools import pairwise
from typing import Any

from dashboards import FLATS_FOR_SALE, Superset, assets, figure, warehouse

FLATS = "category = 'Byty' and deal = 'Prodej'"
# A chart's figure, and the SQL on the warehouse's own tables or marts that must give the very same.
FIGURES = {
    "kpi_listings": (
        "listings",
        f"select count(*) from mart.current_listing where {FLATS}",
    ),
    "kpi_listings_7_days": (
        "listings_7_days",
        """
        select count(*) filter (where gone_on is null)::float8 / count(*) filter (
            where (came_at at time zone 'UTC')::date <= week_ago.day and (gone_on is null or gone_on > week_ago.day)
        ) - 1
        from warehouse.stay
        cross join (
            select (max(started_at) at time zone 'UTC')::date - 7 as day
            from warehouse.walk
            where complete and category = 1 and deal = 1
        ) as week_ago
        where category = 1 and deal = 1
        """,
    ),
    "kpi_price": (
        "median_price",
        f"select percentile_disc(0.5) within group (order by total_price) from mart.current_listing where {FLATS}",
    ),
    "kpi_price_per_m2": (
        "median_price_per_m2",
        f"select percentile_disc(0.5) within group (order by price_per_m2) from mart.current_listing where {FLATS}",
    ),
    "kpi_days_on_market": (
        "median_days",
        """
        select percentile_disc(0.5) within group (order by days_on_market)
        from warehouse.stay where category = 1 and deal = 1
        """,
    ),
    "kpi_price_drops": (
        "drops",
        "select count(*) from warehouse.price_change where new_price < old_price and category = 1 and deal = 1",
    ),
    "kpi_median_drop": (
        "median_drop",
        f"""
        select percentile_disc(0.5) within group (order by percent / 100)
        from mart.price_change where new_price < old_price and {FLATS}
        """,
    ),
    "map": (
        "listings",
        f"""
        select count(*) from mart.current_listing
        where price_per_m2 is not null and latitude is not null and longitude is not null and {FLATS}
        """,
    ),
    "not_ok": ("not_ok", "select count(*) from mart.pipeline_check where state <> 'ok'"),
    "quarantined": ("quarantined", "select count(*) from warehouse.quarantine where is_open"),
}
# Sums over all rows of a chart.
SUMS = {
    "price_per_m2_distribution": (
        "listings",
        f"select count(*) from mart.current_listing where price_per_m2 is not null and {FLATS}",
    ),
    "districts_ranked": (
        "listings",
        f"select count(*) from mart.current_listing where district is not null and {FLATS}",
    ),
    "time_on_market": (
        "listings",
        "select count(*) from warehouse.stay where days_on_market is not null and category = 1 and deal = 1",
    ),
    "requests": ("sum_requests", "select sum(requests) from warehouse.walk"),
    "rejects": ("sum_rejected", "select sum(rows_rejected) from warehouse.walk"),
}
# What the map's dots are painted with, from the cheapest to the dearest fifth (assets/datasets/listing_on_map.yaml).
FIFTHS = ["#2b6cb0", "#38b2ac", "#ecc94b", "#ed8936", "#c53030"]
# What must hold no row when all is well.
MAY_BE_EMPTY = {"Quarantine", "Schema drift"}


class Charts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.superset = Superset("admin")
        cls.charts = assets("charts")
        cls.datasets = {dataset["uuid"]: dataset for dataset in assets("datasets").values()}
        cls.loaded = {chart["slice_name"]: chart for chart in cls.superset.all("chart")}

    def data(self, chart: dict[str, Any], *more: dict[str, Any], where: str = "") -> list[list[dict[str, Any]]]:
        """The rows of each of a chart's queries, with the filters that the Market dashboard sets first, and more."""
        loaded = self.superset.get(f"/api/v1/chart/{self.loaded[chart['slice_name']]['id']}").json()["result"]
        columns = {column["column_name"] for column in self.datasets[chart["dataset_uuid"]]["columns"]}
        filters = [*(each for each in FLATS_FOR_SALE if each["col"] in columns), *more]
        context = json.loads(loaded["query_context"])
        for query in context["queries"]:
            query["extras"]["where"] = where
        answer = self.superset.chart_data(context, filters)
        if answer.status_code != 200:
            raise AssertionError(f"chart {chart['slice_name']!r}: {answer.text[:400]}")
        return [result["data"] for result in answer.json()["result"]]

    def failing(self) -> dict[str, str]:
        """The charts whose data cannot be had, by Superset's own endpoint for a chart's data."""
        failing = {}
        for name, chart in self.loaded.items():
            answer = self.superset.get(f"/api/v1/chart/{chart['id']}/data/?force=true")
            if answer.status_code != 200 or any(result["error"] for result in answer.json()["result"]):
                failing[name] = answer.text[:300]
        return failing

    def test_every_asset_of_the_repository_is_loaded_and_no_other(self) -> None:
        for kind, folder, name in (
            ("chart", "charts", "slice_name"), ("dashboard", "dashboards", "dashboard_title"),
            ("dataset", "datasets", "table_name"), ("saved_query", "queries", "label"),
        ):  # fmt: skip
            with self.subTest(kind):
                loaded = sorted(asset[name] for asset in self.superset.all(kind))
                self.assertEqual(loaded, sorted(asset[name] for asset in assets(folder).values()))

    def test_every_chart_has_rows_and_figures(self) -> None:
        for chart in self.charts.values():
            with self.subTest(chart["slice_name"]):
                for rows in self.data(chart):
                    if chart["slice_name"] not in MAY_BE_EMPTY:
                        self.assertTrue(rows, "no rows")
                        numbers = [v for row in rows for v in row.values() if isinstance(v, (int, float))]
                        texts = [v for row in rows for v in row.values() if isinstance(v, str)]
                        self.assertTrue(numbers or texts, "nothing but nulls")
        self.assertEqual(self.failing(), {})

    def test_figures_are_those_of_sql_on_the_warehouse(self) -> None:
        for name, (metric, statement) in FIGURES.items():
            with self.subTest(name):
                ((row,),) = self.data(self.charts[name])
                self.assertAlmostEqual(float(row[metric]), float(figure(statement)), places=9)
        for name, (metric, statement) in SUMS.items():
            with self.subTest(name):
                rows = self.data(self.charts[name])[0]
                self.assertEqual(sum(row[metric] or 0 for row in rows), figure(statement))

    def test_what_watches_told_and_what_waits_and_what_failed_is_counted(self) -> None:
        def tiles() -> list[int]:
            return [self.data(self.charts[name])[0][0][name] for name in ("told", "waiting", "failed")]

        before = tiles()
        sql = warehouse().cursor()
        sql.execute(
            """
            insert into warehouse.delivery (watch, channel, hash_id, spell, kind, event_id, happened_at, state, sent_at)
            select 'test', channel, number, now(), 'new', 0, now(), state, case when state = 'sent' then now() end
            from (values ('works', 'sent', 5), ('works', 'waiting', 3), ('fails', 'waiting', 2), ('works', 'given_up', 1))
                as given (channel, state, deliveries)
            cross join lateral generate_series(10 * deliveries, 11 * deliveries - 1) as number;
            insert into warehouse.failing_channel (channel, since, tries, failure) values ('fails', now(), 1, '')
            """
        )
        try:
            after = tiles()
        finally:
            sql.execute(
                """
                delete from warehouse.delivery where watch = 'test';
                delete from warehouse.failing_channel where channel = 'fails'
                """
            )
        self.assertEqual([new - old for new, old in zip(after, before, strict=True)], [5, 3, 3])

    def test_medians_of_places_are_those_of_sql_on_the_warehouse(self) -> None:
        ranked = {row["district"]: row["median_price_per_m2"] for row in self.data(self.charts["districts_ranked"])[0]}
        with warehouse().cursor() as cursor:
            cursor.execute(
                f"""
                select district, percentile_disc(0.5) within group (order by price_per_m2)
                from mart.current_listing where {FLATS} and district is not null group by district, region
                """
            )
            self.assertEqual(ranked, dict(cursor.fetchall()))
        over_time = self.data(self.charts["price_per_m2_by_region"])[0][-1]
        with warehouse().cursor() as cursor:
            cursor.execute(
                f"""
                select region, median
                from mart.price_per_m2_overall
                where {FLATS} and place = 'region' and all_sub_categories and region is not null
                    and day = (select max(day) from mart.price_per_m2_overall where {FLATS})
                """
            )
            self.assertEqual({region: over_time[region] for region in over_time if region != "day"}, dict(cursor.fetchall()))

    def test_districts_of_which_no_price_is_known_stand_last(self) -> None:
        unpriced = f"from mart.current_listing where {FLATS} and price_per_m2 is null and district is not null"
        district = figure(f"select min(district) {unpriced}")
        # As if none of its listings had a price.
        (rows,) = self.data(self.charts["districts_ranked"], where=f"district <> '{district}' or price_per_m2 is null")
        medians = [row["median_price_per_m2"] for row in rows]
        known = [median for median in medians if median is not None]
        self.assertEqual(medians, [*sorted(known, reverse=True), *[None] * (len(medians) - len(known))])
        self.assertGreater(len(known), 1)
        self.assertIn(district, [row["district"] for row in rows[len(known) :]])

    def test_the_maps_colours_go_from_the_cheapest_fifth_to_the_dearest(self) -> None:
        (rows,) = self.data(self.charts["map_listings"])
        prices: dict[str, list[int]] = {}
        for row in rows:
            colour = json.loads(row["point"])["properties"]["strokeColor"]
            prices.setdefault(colour, []).append(int("".join(filter(str.isdecimal, row["Per m²"].removesuffix("Kč")))))
        self.assertEqual(sorted(prices, key=lambda colour: min(prices[colour])), FIFTHS)
        for cheaper, dearer in pairwise(FIFTHS):
            self.assertLessEqual(max(prices[cheaper]), min(prices[dearer]))

    def test_a_price_history_has_a_gap_where_the_listing_was_missed(self) -> None:
        missed = "select hash_id from mart.price_history group by hash_id having count(missing_since) = 1 and count(*) > 1"
        listing = figure(f"{missed} and count(total_price) = count(*) limit 1")
        since = figure(f"select max(missing_since) from mart.price_history where hash_id = {listing}")
        (rows,) = self.data(self.charts["listing_price"], {"col": "hash_id", "op": "IN", "val": [listing]})
        gaps = [round(row["at"]) for row in rows if row[str(listing)] is None]
        self.assertEqual(gaps, [round(since.timestamp() * 1000)])

    def test_a_column_renamed_in_a_mart_is_told_with_the_charts_that_need_it(self) -> None:
        with warehouse().cursor() as cursor:
            cursor.execute("alter view mart.current_listing rename column district to okres")
            try:
                failing = self.failing()
            finally:
                cursor.execute("alter view mart.current_listing rename column okres to district")
        self.assertEqual(set(failing), {"Districts by price per m²", "Map of current listings", "Map: listings"})
        self.assertIn("district", failing["Districts by price per m²"])
        self.assertEqual(self.failing(), {})

    def test_every_saved_query_answers_a_viewer(self) -> None:
        viewer = Superset("viewer")
        for name, query in assets("queries").items():
            with self.subTest(name):
                answer = viewer.sql(query["sql"])
                self.assertEqual(answer.status_code, 200, answer.text[:400])
                rows = answer.json()["data"]
                self.assertTrue(rows, "no rows")
                self.assertTrue(any(value is not None for row in rows for value in row.values()), "nothing but nulls")


if __name__ == "__main__":
    unittest.main()

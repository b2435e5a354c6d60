"""The dashboards in a browser, as a viewer sees them."""

from __future__ import annotations

import io
import os
import unittest
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import Answers, Browser
from dashboards import assets, figure
from test_charts import FIFTHS, MAY_BE_EMPTY

# What regions are filled with on the map, over white (assets/charts/market/map_outlines.yaml), and a chart's first line.
REGION, LINE = "#ecf0f3", "#1fa8c9"

# Datasets in which a filter of the Market dashboard finds its column; a filter leaves the charts of others as they are.
EVERY = {"offer", "current_listing", "listing_on_map", "price_per_m2_overall", "coming_and_going", "stay", "price_change"}
FILTERS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "deal": ({"col": "deal", "op": "IN", "val": ["Pronájem"]}, EVERY),
    "category": ({"col": "category", "op": "IN", "val": ["Domy"]}, EVERY | {"rental_yield"}),
    "region": ({"col": "region", "op": "IN", "val": ["Jihomoravský kraj"]}, EVERY | {"rental_yield"}),
    "district": ({"col": "district", "op": "IN", "val": ["Brno-město"]}, (EVERY | {"rental_yield"}) - {"price_per_m2_overall"}),
    "disposition": ({"col": "sub_category", "op": "IN", "val": ["2+kk"]}, EVERY | {"rental_yield"}),
    "area": (
        {"col": "area_m2", "op": ">=", "val": 60},
        {"offer", "current_listing", "listing_on_map", "price_change"},
    ),
}
# What the small numbers are of, in their order.
SMALL_NUMBERS = {
    "market": [*["istings"] * 3, *["Median price"] * 3, *["rice per m²"] * 3, "Days on market", "Price drops", "Median price drop"],
    "pipeline": ["Checks", "segment", "Objects", "Told", "Waiting", "not"],
}
DATE = {"price_per_m2_overall", "coming_and_going", "stay", "price_change"}


class Dashboards(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.browser = cls.enterClassContext(Browser())
        cls.browser.log_in("viewer")
        cls.charts = {chart["slice_name"]: chart for chart in assets("charts").values()}
        datasets = {dataset["uuid"]: dataset["table_name"] for dataset in assets("datasets").values()}
        cls.dataset = {name: datasets[chart["dataset_uuid"]] for name, chart in cls.charts.items()}
        cls.shots = Path(os.environ.get("CENOVKA_SCREENSHOTS", "."))
        cls.market = cls.open(cls, "market")

    def open(self, slug: str, filters: str = "") -> Answers:
        return self.browser.open(f"/superset/dashboard/{slug}/{filters}", len(charts_of(slug)))

    def assert_all_well(self, slug: str, answers: Answers) -> None:
        self.assertEqual(set(answers.by_chart), charts_of(slug))
        for chart, given in answers.by_chart.items():
            with self.subTest(chart):
                for status, content in given:
                    self.assertEqual(status, 200, str(content)[:300])
                if chart not in MAY_BE_EMPTY:
                    self.assertTrue(rows_of(given[-1][1]), "no rows")
        self.assertEqual(self.browser.errors(), [])
        # Map tiles are the only thing that a dashboard asks from elsewhere.
        self.assertLessEqual(answers.elsewhere, {"tile.openstreetmap.org"})

    def test_market_shows_every_chart_on_a_laptop_and_on_a_phone(self) -> None:
        self.assert_all_well("market", self.market)
        for name, width, height in (("laptop", 1440, 2560), ("phone", 390, 6200)):
            with self.subTest(name):
                self.browser.resize(width, height)
                self.assert_all_well("market", self.open("market"))
                self.assertLessEqual(self.width_of_charts(), width)
                self.browser.screenshot(str(self.shots / f"market-{name}.png"))
        self.browser.resize(1440, 2560)

    def width_of_charts(self) -> float:
        """The rightmost edge of what is no wide table: those are scrolled."""
        return self.browser.driver.execute_script(
            """
            return Math.max(...[...document.querySelectorAll('.dashboard-component-chart-holder')]
                .filter(chart => !chart.querySelector('[data-test-chart-name="Latest price drops"]'))
                .map(chart => chart.getBoundingClientRect().right))
            """
        )

    def test_pipeline_and_listing_show_every_chart(self) -> None:
        self.assert_all_well("pipeline", self.open("pipeline"))
        self.browser.screenshot(str(self.shots / "pipeline.png"))
        self.assert_all_well("listing", self.open("listing"))

    def test_the_map_draws_regions_and_points_in_all_five_colours_without_tiles(self) -> None:
        self.browser.forbid("https://tile.openstreetmap.org/*")
        try:
            self.open("market")
            pixels = list(self.picture("[data-test-chart-name='Map of current listings'] canvas").getdata())
        finally:
            self.browser.forbid()
        for fifth, colour in enumerate(FIFTHS, 1):
            painted = sum(alike(pixel, colour, 40) for pixel in pixels)
            self.assertGreater(painted, 50, f"hardly a pixel in the colour of fifth {fifth}")
        regions = sum(alike(pixel, REGION, 4) for pixel in pixels) / len(pixels)
        self.assertTrue(0.25 < regions < 0.75, f"{regions:.0%} of the map is inside of a region")

    def test_the_legend_has_the_fifths_in_order_and_in_their_colours(self) -> None:
        self.open("market")
        legend = self.browser.driver.execute_script(
            """
            return [...document.querySelectorAll('.dashboard-markdown li')]
                .map(item => [item.textContent.trim(), getComputedStyle(item, '::before').color])
            """
        )
        names = ["cheapest fifth", "2nd", "3rd", "4th", "dearest fifth"]
        colours = [f"rgb({', '.join(map(str, ImageColor.getrgb(colour)))})" for colour in FIFTHS]
        self.assertEqual(legend, [list(each) for each in zip(names, colours, strict=True)])

    def test_each_small_number_says_of_what_it_is_on_one_line(self) -> None:
        for slug in ("market", "pipeline"):
            self.open(slug)
            titles = self.browser.driver.execute_script(
                """
                return [...document.querySelectorAll('[data-test-viz-type="big_number_total"] .header-title')]
                    .map(title => [title.innerText.trim(), title.getBoundingClientRect().height])
                """
            )
            with self.subTest(slug):
                names = [name for name, _ in titles]
                self.assertEqual(len(set(names)), len(SMALL_NUMBERS[slug]), names)
                for name, of_what in zip(names, SMALL_NUMBERS[slug], strict=True):
                    self.assertIn(of_what, name)
                self.assertLess(max(height for _, height in titles), 40)

    def test_a_price_history_is_drawn_in_steps(self) -> None:
        listing = figure(
            """
            select hash_id
            from mart.price_history
            group by hash_id
            having count(distinct total_price) = 2 and count(*) = 2 and count(missing_since) = 0
            limit 1
            """
        )
        chosen = f"(extraFormData:(filters:!({rison({'col': 'hash_id', 'op': 'IN', 'val': [listing]})})),"
        chosen += f"filterState:(value:!({listing})),id:NATIVE_FILTER-listing,ownState:())"
        self.open("listing", f"?native_filters=(NATIVE_FILTER-listing:{chosen})")
        picture = self.picture("[data-test-chart-name='Price history'] canvas")
        # Below the legend, which has the line's colour too.
        rows, width = range(50, picture.height), picture.width
        columns = [[y for y in rows if alike(picture.getpixel((x, y)), LINE, 60)] for x in range(width)]
        painted = [y for column in columns for y in column]
        rise = max(painted) - min(painted)
        self.assertGreater(rise, 50, "the price hardly changes")
        # A step goes all the way in one column of pixels, a slope in many.
        self.assertGreater(max(len(column) for column in columns), 0.8 * rise)

    def test_the_reason_of_a_quarantine_can_be_read(self) -> None:
        self.open("pipeline")
        table = self.browser.driver.find_element(By.CSS_SELECTOR, "[data-test-chart-name='Quarantine']")
        (reason,) = [cell for cell in table.find_elements(By.TAG_NAME, "th") if cell.text.strip() == "Reason"]
        self.assertGreater(reason.size["width"], 400)

    def picture(self, selector: str) -> Image.Image:
        """What a part of the page looks like."""
        part = self.browser.driver.find_element(By.CSS_SELECTOR, selector)
        return Image.open(io.BytesIO(part.screenshot_as_png)).convert("RGB")

    def test_each_filter_changes_the_charts_that_it_should_and_no_other(self) -> None:
        for name, (condition, datasets) in FILTERS.items():
            with self.subTest(name):
                changed = self.changed_by(f"{name}:(extraFormData:(filters:!({rison(condition)})),{state(condition)},")
                self.assertEqual(changed, {chart for chart in charts_of("market") if self.dataset[chart] in datasets})
        day = figure("select (max(started_at) at time zone 'UTC')::date - 6 from warehouse.walk")
        with self.subTest("date"):
            since = f"{day} : "
            changed = self.changed_by(f"date:(extraFormData:(time_range:'{since}'),filterState:(value:'{since}'),")
            self.assertEqual(changed, {chart for chart in charts_of("market") if self.dataset[chart] in DATE})

    def changed_by(self, filter_: str) -> set[str]:
        """The charts that ask for something else when one filter is set and the others are as they were."""
        name = filter_.split(":")[0]
        answers = self.open("market", f"?native_filters=(NATIVE_FILTER-{filter_}id:NATIVE_FILTER-{name},ownState:()))")
        changed = set()
        for chart, given in answers.by_chart.items():
            now, before = given[-1][1], self.market.by_chart[chart][-1][1]
            if sql_of(now) != sql_of(before):
                changed.add(chart)
                # A median of days can be the same by chance, a whole chart cannot.
                if not self.charts[chart]["viz_type"].startswith("big_number"):
                    self.assertNotEqual(rows_of(now), rows_of(before), f"{chart} shows the same")
            else:
                self.assertEqual(rows_of(now), rows_of(before), f"{chart} shows something else")
        return changed

    def test_a_region_chosen_by_hand_narrows_charts_and_districts(self) -> None:
        self.open("market")
        driver = self.browser.driver
        field = driver.find_element(By.ID, "NATIVE_FILTER-region")
        field.send_keys("Zlínský kraj")
        WebDriverWait(driver, 20).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, ".ant-select-item-option[title='Zlínský kraj']"))
        field.send_keys(Keys.ENTER, Keys.ESCAPE)
        driver.get_log("performance")
        driver.find_element(By.CSS_SELECTOR, "[data-test='filter-bar__apply-button']").click()
        answers = self.browser.answers(len(charts_of("market")) - 1)
        districts = {row["district"] for row in rows_of(answers.by_chart["Districts by price per m²"][-1][1])}
        self.assertLessEqual(districts, {"Zlín", "Kroměříž", "Uherské Hradiště", "Vsetín", None})
        self.assertTrue(districts)

    def test_a_price_drop_leads_to_its_advert_and_to_its_lineage(self) -> None:
        self.open("market")
        table = self.browser.driver.find_element(By.CSS_SELECTOR, "[data-test-chart-name='Latest price drops']")
        adverts = [link.get_attribute("href") for link in table.find_elements(By.LINK_TEXT, "advert")]
        lineages = [link.get_attribute("href") for link in table.find_elements(By.LINK_TEXT, "lineage")]
        self.assertEqual(len(adverts), 10)
        for advert in adverts:
            self.assertRegex(advert, r"^https://www\.sreality\.cz/detail/.+/\d+$")
        self.browser.driver.get_log("performance")
        self.browser.driver.get(lineages[0])
        answers = self.browser.answers(len(charts_of("listing")))
        rows = rows_of(answers.by_chart["Spells and their lineage"][-1][1])
        self.assertEqual({str(row["hash_id"]) for row in rows}, {adverts[0].rsplit("/", 1)[-1]})
        self.assertGreater(len(rows), 1)
        for row in rows:
            self.assertTrue(row["object_key"].startswith("raw/sreality/"))


def charts_of(slug: str) -> set[str]:
    """The charts that a dashboard asks for, with the layers of its map."""
    charts = {chart["uuid"]: chart for chart in assets("charts").values()}
    position = assets("dashboards")[slug]["position"]
    shown = [part["meta"]["uuid"] for part in position.values() if isinstance(part, dict) and part["type"] == "CHART"]
    layers = [layer for uuid in shown for layer in charts[uuid]["params"].get("deck_slices", [])]
    return {charts[uuid]["slice_name"] for uuid in (*shown, *layers)}


def rows_of(content: dict[str, Any]) -> Any:
    """The rows of a chart, in whichever of Superset's two answers they came."""
    if "result" in content:
        return [row for result in content["result"] for row in result["data"]]
    data = content["data"]
    return data.get("features", data) if isinstance(data, dict) else data


def sql_of(content: dict[str, Any]) -> list[str]:
    """What Superset asked the warehouse for a chart. The map has no SQL of its own, its layers have: their rows stand for it."""
    return [result.get("query") or str(rows_of(content)) for result in content.get("result", [content])]


def alike(pixel: tuple[int, ...], colour: str, difference: int) -> bool:
    return all(abs(one - other) < difference for one, other in zip(pixel, ImageColor.getrgb(colour), strict=True))


def rison(value: Any) -> str:
    match value:
        case dict():
            return "(" + ",".join(f"{name}:{rison(each)}" for name, each in value.items()) + ")"
        case list():
            return "!(" + ",".join(rison(each) for each in value) + ")"
        case str():
            return f"'{value}'"
        case _:
            return str(value)


def state(condition: dict[str, Any]) -> str:
    value = condition["val"] if isinstance(condition["val"], list) else [condition["val"], None]
    return f"filterState:(value:{rison(value)})".replace("None", "!n")


if __name__ == "__main__":
    unittest.main()

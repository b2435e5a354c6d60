"""The dashboards in a browser, as a viewer sees them."""

from __future__ import annotations

import io
import os
import unittest
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser import Answers, Browser
from dashboards import assets, figure
from test_charts import MAY_BE_EMPTY

# What the map's dots are painted with, from the cheapest to the dearest fifth (assets/dashboards/market.yaml).
FIFTHS = [(0x2B, 0x6C, 0xB0), (0x38, 0xB2, 0xAC), (0xEC, 0xC9, 0x4B), (0xED, 0x89, 0x36), (0xC5, 0x30, 0x30)]

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

    def test_the_map_draws_its_points_in_all_five_colours_without_tiles(self) -> None:
        self.open("market")
        chart = self.browser.driver.find_element(By.CSS_SELECTOR, "[data-test-chart-name='Map of current listings'] canvas")
        picture = Image.open(io.BytesIO(chart.screenshot_as_png)).convert("RGB")
        pixels = list(picture.getdata())
        for fifth, colour in enumerate(FIFTHS, 1):
            painted = sum(all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True)) for pixel in pixels)
            self.assertGreater(painted, 50, f"hardly a pixel in the colour of fifth {fifth}")

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
    names = {chart["uuid"]: chart["slice_name"] for chart in assets("charts").values()}
    position = assets("dashboards")[slug]["position"]
    return {names[part["meta"]["uuid"]] for part in position.values() if isinstance(part, dict) and part["type"] == "CHART"}


def rows_of(content: dict[str, Any]) -> Any:
    """The rows of a chart, in whichever of Superset's two answers they came."""
    if "result" in content:
        return [row for result in content["result"] for row in result["data"]]
    data = content["data"]
    return data.get("features", data) if isinstance(data, dict) else data


def sql_of(content: dict[str, Any]) -> list[str]:
    """What Superset asked the warehouse for a chart."""
    return [result["query"] for result in content.get("result", [content])]


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

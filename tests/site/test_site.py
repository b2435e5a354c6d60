"""The page in a headless Chromium, as the publisher makes it of a seeded market.

CENOVKA_SITE_DATA names the folder with `data/`, CENOVKA_SITE_LISTINGS the same published with single listings,
CENOVKA_SITE_PICTURES where pictures go, AXE the file of axe-core."""

from __future__ import annotations

import json
import os
import re
import statistics
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from browser import Browser
from server import Server

SITE = Path(__file__).resolve().parents[2] / "site"
DATA = Path(os.environ["CENOVKA_SITE_DATA"])
PICTURES = Path(os.environ["CENOVKA_SITE_PICTURES"])
AXE = Path(os.environ["AXE"]).read_text()
LISTINGS = os.environ.get("CENOVKA_SITE_LISTINGS")

FIRST_VIEW_BYTES = 350_000
# What is promised is two seconds; a machine that does other work meanwhile must not fail the test.
FIRST_CHART_AT_WORST = 5000
# What each chart says of itself, and the ranking.
SHOWN = """return {
    address: location.search,
    series: document.querySelector('#series .chart')?.ariaLabel,
    glance: document.querySelector('#glance').innerText,
    ranking: document.querySelector('#districts .figure').innerText,
    distribution: document.querySelector('#distribution .chart')?.ariaLabel,
    turnover: document.querySelector('#turnover .chart')?.ariaLabel,
    kinds: document.querySelector('#kinds .figure').innerText,
}"""


def slices() -> dict[str, object]:
    manifest = json.loads((DATA / "data/manifest.json").read_text())
    return {name: json.loads((DATA / key).read_text()) for name, key in manifest["slices"].items()}


class Page(unittest.TestCase):
    """One browser and one server for each class: they begin faster than a fresh one each time."""

    language, slow, size, data = "cs-CZ", False, (1280, 800), DATA

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(SITE, cls.data)
        cls.browser = Browser(*cls.size, language=cls.language, slow=cls.slow)
        cls.addClassCleanup(cls.server.close)
        cls.addClassCleanup(cls.browser.driver.quit)

    def setUp(self) -> None:
        self.browser.prefer("light")
        self.browser.complaints()

    def tearDown(self) -> None:
        self.assertEqual(self.browser.complaints(), [])

    def open(self, query: str = "") -> None:
        self.browser.open(self.server.url + query)

    def asked(self) -> dict[str, str]:
        return {key: value for key, [value] in parse_qs(urlsplit(self.browser.driver.current_url).query).items()}

    def find_nothing_wrong(self, query: str, picture: str) -> None:
        """Looks at all of it in every size, language and theme, takes pictures, and asks axe."""
        for width, height in ((1280, 800), (390, 844)):
            self.browser.resize(width, height)
            for language in ("cs", "en"):
                for theme in ("light", "dark"):
                    with self.subTest(width=width, language=language, theme=theme):
                        self.open(f"?{query}&lang={language}&theme={theme}")
                        self.browser.look_at_all()
                        self.browser.picture(PICTURES / f"{picture}{width}-{language}-{theme}.png")
                        self.browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
                        self.browser.run(AXE)
                        found = self.browser.driver.execute_async_script("axe.run().then(arguments[0])")["violations"]
                        told = [f"{finding['id']}: {node['html'][:200]}: {node['failureSummary']}" for finding in found for node in finding["nodes"]]
                        self.assertEqual(told, [])
                        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)


class FirstView(Page):
    slow = True

    def measure(self, name: str) -> None:
        times = []
        for _ in range(3):
            self.browser.driver.get("about:blank")
            self.browser.received()
            self.open()
            time.sleep(1.5)
            received = self.browser.received()
            times.append(self.browser.run("return performance.getEntriesByName('first-chart')[0].startTime"))
            self.assertFalse([url for url in received if "maplibre" in url], "the map waits until it is looked at")
            self.assertLessEqual(sum(received.values()), FIRST_VIEW_BYTES)
        print(f"{name}: {sum(received.values())} bytes in {len(received)} answers, first chart after {statistics.median(times):.0f} ms")
        self.assertLess(min(times), FIRST_CHART_AT_WORST)

    def test_the_first_view_is_small_and_soon_there_on_a_desktop(self) -> None:
        self.browser.resize(1280, 800)
        self.measure("1280 px")

    def test_the_first_view_is_small_and_soon_there_on_a_phone(self) -> None:
        self.browser.resize(390, 844)
        self.measure("390 px")


class Filters(Page):
    def setUp(self) -> None:
        super().setUp()
        self.open()
        self.browser.look_at_all()

    def changed(self, name: str, value: str) -> set[str]:
        before = self.browser.run(SHOWN)
        self.browser.choose(name, value)
        after = self.browser.run(SHOWN)
        self.assertEqual(self.asked()[name], value)
        return {part for part in after if before[part] != after[part]}

    def test_each_filter_changes_the_address_and_what_is_shown(self) -> None:
        everything = {"address", "series", "glance", "ranking", "distribution", "turnover", "kinds"}
        self.assertEqual(self.changed("category", "domy"), everything)
        self.assertEqual(self.changed("category", "byty"), everything)
        self.assertEqual(self.changed("deal", "pronajem"), everything)
        self.assertEqual(self.changed("deal", "prodej"), everything)
        self.assertEqual(self.changed("period", "30"), {"address", "series", "turnover"})
        self.assertEqual(self.changed("region", "hlavni-mesto-praha"), everything)
        self.assertEqual(self.changed("scale", "change"), {"address", "series"})
        self.assertEqual(self.changed("measure", "days_on_market"), {"address", "ranking"})

    def test_the_ranking_turns_round(self) -> None:
        before = self.browser.run(SHOWN)
        self.browser.act("document.querySelector('#districts thead button').click()")
        after = self.browser.run(SHOWN)
        self.assertEqual({part for part in after if before[part] != after[part]}, {"address", "ranking"})

    def test_the_way_back_leads_to_the_view_before(self) -> None:
        before = self.browser.run(SHOWN)
        self.browser.choose("deal", "pronajem")
        self.browser.act("history.back()")
        self.browser.wait("return document.querySelector('select[name=deal]').value === 'prodej'")
        self.assertEqual(self.browser.run(SHOWN), before)

    def test_a_region_is_chosen_on_the_map_and_the_map_shows_what_is_chosen(self) -> None:
        self.browser.run("document.querySelector('#map').scrollIntoView()")
        time.sleep(1)
        before = self.map_picture()
        self.browser.choose("measure", "listings")
        time.sleep(1)
        self.assertNotEqual(self.map_picture(), before)
        # The middle of the map lies in the region of Vysočina.
        self.browser.act(
            "const canvas = document.querySelector('#map canvas'), box = canvas.getBoundingClientRect();"
            "for (const kind of ['mousedown', 'mouseup', 'click']) canvas.dispatchEvent(new MouseEvent(kind, { bubbles: true, button: 0,"
            " clientX: box.left + box.width / 2, clientY: box.top + box.height * 0.53 }))"
        )
        self.assertIn(self.asked()["region"], {"kraj-vysocina", "stredocesky-kraj", "pardubicky-kraj"})

    def map_picture(self) -> str:
        box = self.browser.run("const box = document.querySelector('#map .canvas').getBoundingClientRect(); return [box.x, box.y + scrollY, box.width, box.height]")
        clip = dict(zip(("x", "y", "width", "height"), box, strict=True), scale=1)
        return self.browser.cdp("Page.captureScreenshot", format="png", clip=clip)["data"]


class Addresses(Page):
    def test_an_address_that_is_sent_shows_the_same_view(self) -> None:
        self.open()
        self.browser.look_at_all()
        for name, value in {"category": "domy", "region": "stredocesky-kraj", "period": "30", "scale": "change", "measure": "listings"}.items():
            self.browser.choose(name, value)
        self.browser.act("document.querySelector('#language').click()")
        self.browser.act("document.querySelector('#theme').click()")
        sent, shown = self.browser.driver.current_url, self.browser.run(SHOWN)
        with Browser(language="cs-CZ") as other:
            other.open(sent)
            other.look_at_all()
            self.assertEqual(other.run(SHOWN), shown)
            self.assertEqual(other.run("return [document.documentElement.lang, document.documentElement.dataset.theme]"), ["en", "dark"])

    def test_an_address_that_asks_for_nonsense_shows_what_there_is(self) -> None:
        self.open("?category=nothing&deal=%3Cb%3E&region=nowhere&period=7&measure=x&lang=xx&theme=pink&order=y&scale=z")
        self.assertTrue(self.browser.run("return document.querySelector('#series .chart').ariaLabel"))
        self.assertNotIn("region", self.asked())


class Appearance(Page):
    language = "en-GB"

    def test_language_and_theme_are_those_of_the_browser_until_others_are_chosen(self) -> None:
        dressed = "return [document.documentElement.lang, document.documentElement.dataset.theme, document.querySelector('h1').textContent]"
        self.browser.prefer("dark")
        self.open()
        self.assertEqual(self.browser.run(dressed), ["en", "dark", "Property prices in Czechia"])
        self.assertFalse({"lang", "theme"} & set(self.asked()))
        dark = self.browser.run("return getComputedStyle(document.body).backgroundColor")
        self.browser.act("document.querySelector('#language').click()")
        self.browser.act("document.querySelector('#theme').click()")
        self.assertEqual(self.browser.run(dressed), ["cs", "light", "Ceny nemovitostí v Česku"])
        self.assertNotEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor"), dark)
        self.assertEqual((self.asked()["lang"], self.asked()["theme"]), ("cs", "light"))

    def test_regions_and_kinds_are_named_in_the_pages_language(self) -> None:
        for language, region, kind in (("en", "Prague", "family house"), ("cs", "Hlavní město Praha", "Rodinný")):
            self.open(f"?category=domy&region=hlavni-mesto-praha&lang={language}")
            self.browser.look_at_all()
            self.assertEqual(self.browser.run("return document.querySelector('select[name=region]').selectedOptions[0].text"), region)
            self.assertIn(region, self.browser.run("return document.querySelector('#series .chart').ariaLabel + document.title"))
            self.browser.choose("region", "")
            self.assertIn(kind, self.browser.run("return document.querySelector('#kinds tbody').innerText"))

    def test_it_is_without_findings_of_axe_and_without_a_scroll_bar_across(self) -> None:
        self.find_nothing_wrong("", "")

    def test_every_chart_has_a_name_and_a_table(self) -> None:
        self.open()
        self.browser.look_at_all()
        for section in ("series", "distribution", "turnover", "changes"):
            with self.subTest(section):
                name, rows = self.browser.run(
                    "const box = document.querySelector(`#${arguments[0]} .figure`), details = box.querySelector('details');"
                    "details.open = true; details.dispatchEvent(new Event('toggle'));"
                    "return [box.querySelector('[role=img]').ariaLabel, details.querySelectorAll('tbody tr').length]", section,
                )  # fmt: skip
                self.assertTrue(name)
                self.assertGreater(rows, 4)
        # The map's table is the ranking beside it.
        self.assertGreater(self.browser.run("return document.querySelectorAll('#districts tbody tr').length"), 10)

    def test_all_that_acts_is_reached_by_keyboard_and_seen_when_it_is(self) -> None:
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        self.open()
        self.browser.look_at_all()
        reached = []
        for _ in range(40):
            ActionChains(self.browser.driver).send_keys(Keys.TAB).perform()
            name, seen = self.browser.run(
                "const { activeElement: element } = document;"
                "return [element.name || element.id || element.className || element.tagName, getComputedStyle(element).outlineStyle]"
            )
            reached.append(name)
            self.assertNotEqual(seen, "none", name)
            if name == "A" and len(reached) > 10:
                break
        for name in ("skip", "language", "theme", "category", "deal", "region", "period", "scale", "measure", "scroll"):
            self.assertIn(name, reached)


class NoListings(Page):
    def test_single_listings_have_no_section_unless_they_are_published(self) -> None:
        self.open("?region=hlavni-mesto-praha")
        self.assertTrue(self.browser.run("return document.querySelector('#listings').hidden"))
        self.assertIn("žádný jednotlivý inzerát", self.browser.run("return document.querySelector('footer').innerText"))


@unittest.skipUnless(LISTINGS, "CENOVKA_SITE_LISTINGS names no page with single listings")
class Listings(Page):
    data = Path(LISTINGS or ".")

    def open(self, query: str = "?region=hlavni-mesto-praha") -> None:
        super().open(query)
        self.browser.look_at_all()

    def column(self, number: int) -> list[str]:
        return self.browser.run("return [...document.querySelectorAll(`#listings tbody tr > :nth-child(${arguments[0]})`)].map((cell) => cell.innerText)", number)

    def published(self) -> dict[str, list]:
        manifest = json.loads((self.data / "data/manifest.json").read_text())
        return json.loads((self.data / manifest["slices"]["byty-prodej-listings-hlavni-mesto-praha"]).read_text())

    def shown(self) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", self.browser.run("return document.querySelector('#listings [role=status]').innerText.replace(/\\s/g, ' ')"))]

    def test_a_region_is_asked_for_before_its_listings_are(self) -> None:
        self.browser.received()
        self.open("")
        self.assertIn("Vyberte kraj", self.browser.run("return document.querySelector('#listings').innerText"))
        self.assertFalse([url for url in self.browser.received() if "-listings-" in url])
        self.assertIn("náleží portálu", self.browser.run("return document.querySelector('footer').innerText"))

    def test_every_listing_of_the_region_is_shown_fifty_at_a_time(self) -> None:
        self.open()
        total = len(self.published()["url"])
        self.assertGreater(total, 100)
        self.assertEqual(self.shown(), [50, total])
        for _ in range(total // 50):
            self.browser.run("document.querySelector('#listings .figure > button').click()")
        self.assertEqual(self.shown(), [total, total])
        self.assertEqual(len(self.column(1)), total)
        self.assertTrue(self.browser.run("return document.querySelector('#listings .figure > button').hidden"))

    def test_a_click_on_a_head_sorts_and_those_without_a_price_come_last(self) -> None:
        self.open()
        prices = [price for price in self.published()["total_price"] if price is not None]
        for expected in (sorted(prices), sorted(prices, reverse=True)):
            self.browser.act("document.querySelectorAll('#listings thead button')[1].click()")
            self.browser.wait("return document.querySelector('#listings [aria-sort]').innerText.startsWith('Cena')")
            shown = [int(re.sub(r"\D", "", price)) for price in self.column(3)]
            self.assertEqual(shown, expected[:50])
        self.assertEqual(self.asked()["sort"], "-total_price")

    def test_district_and_kind_choose_and_go_with_region_and_category(self) -> None:
        self.open()
        slice = self.published()
        self.browser.choose("district", "praha-5")
        of_district = slice["district"].count("Praha 5")
        self.assertEqual(self.shown()[1], of_district)
        self.browser.choose("kind", "2-kk")
        self.assertEqual(self.shown()[1], sum(pair == ("Praha 5", "2+kk") for pair in zip(slice["district"], slice["kind"], strict=True)))
        self.assertEqual((self.asked()["district"], self.asked()["kind"]), ("praha-5", "2-kk"))
        self.browser.choose("region", "jihomoravsky-kraj")
        self.browser.choose("category", "domy")
        self.assertFalse({"district", "kind"} & set(self.asked()))

    def test_it_is_without_findings_of_axe_and_without_a_scroll_bar_across(self) -> None:
        self.find_nothing_wrong("region=hlavni-mesto-praha", "listings-")


class Failures(Page):
    def tearDown(self) -> None:
        self.server.failing.clear()
        self.browser.complaints()

    def test_it_says_so_if_its_data_cannot_be_read(self) -> None:
        for name in ("manifest", "overview", "places"):
            with self.subTest(name):
                self.browser.cdp("Network.setCacheDisabled", cacheDisabled=True)
                self.server.failing = {name}
                self.browser.driver.get(self.server.url)
                self.browser.wait("return document.querySelector('#notice').textContent.includes('nepodařilo')")

    def test_a_market_of_which_nothing_is_known_yet_is_no_failure(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            (data / "overview.json").write_text("[]")
            manifest = {"format": 1, "market": None, "simulated": False, "as_of": None, "slices": {"overview": "data/overview.json"}}
            (data / "manifest.json").write_text(json.dumps(manifest))
            server = Server(SITE, Path(folder))
            self.addCleanup(server.close)
            self.browser.driver.get(server.url)
            self.browser.wait("return document.querySelector('#notice').textContent === 'Zatím tu nejsou žádná data.'")


class Slices(unittest.TestCase):
    def test_no_cell_stands_on_fewer_than_five_listings(self) -> None:
        counted = 0
        for name, slice in slices().items():
            for key, count in counts(slice, name):
                counted += 1
                self.assertTrue(count == 0 or count >= 5, f"{name}: {key} is {count}")
        self.assertGreater(counted, 1000)

    def test_no_slice_names_a_listing(self) -> None:
        for key in (DATA / "data").glob("*.json"):
            for word in ("hash_id", "url", "street", "name", "agency"):
                self.assertNotIn(f'"{word}"', key.read_text(), key.name)


COUNTS = {"listings", "new", "gone", "cuts", "lowered", "raised"}


def counts(value: object, name: str, key: str = "") -> list[tuple[str, int]]:
    """All counts of listings in a slice, each with what it is of."""
    if isinstance(value, dict):
        return [found for inner in value for found in counts(value[inner], name, inner)]
    if isinstance(value, list):
        return [found for inner in value for found in counts(inner, name, key)]
    # There the lists under a place's name are counts.
    by_place = name.endswith(("-stays", "-distribution")) and key not in ("from", "step")
    return [(key, value)] if isinstance(value, int) and (by_place or key in COUNTS) else []


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""A market that lives for years, made of one collected day, and the walks over it."""

import random
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from walks import HASH_ID, NAMESPACE, Walk, other_prices

#: Rows a page.
PAGE = 500
FIRST_DAY = datetime(2022, 1, 1, 5, tzinfo=UTC)
#: Of those on offer so many leave in a day, as many come, and so many change their price: as on the simulator's market.
LEAVING, CHANGING = 0.012, 0.008

DISTRICT = re.compile(rb'"district_id":(-?\d+),"district_seo_name":"([^"]*)"')
DISTRICT_ID = re.compile(rb'"district_id":-?\d+')
REGION_ID = re.compile(rb'"region_id":-?\d+')
LATITUDE = re.compile(rb'"gps_lat":(-?[\d.]+)')


class Shelf:
    """What a segment has on offer: the rows' texts, and how they are walked."""

    def __init__(self, collected: Walk) -> None:
        self.collected = collected
        # Rows move while they are collected: a listing can stand there twice.
        self.rows = list({hash_id(row): row for row in collected.rows()}.values())
        page = collected.pages[0]
        results, rest = page.index(b'"results":[') + len(b'"results":['), page.rindex(b'],"search_title"')
        self.envelope = (page[:results], page[rest:])
        self.chance = random.Random(collected.segment)
        self.came = 0

    def walk(self, when: float, rows: Iterable[bytes] | None = None, segment: str | None = None) -> Walk:
        """A complete walk so many days after the first day, over all rows or these."""
        rows = self.rows if rows is None else rows
        return self.streamed(when, len(rows), rows, segment)

    def streamed(self, when: float, count: int, rows: Iterable[bytes], segment: str | None = None) -> Walk:
        """The same over rows that are made while they are written, so many of them."""
        segment = segment or self.collected.segment
        started_at = FIRST_DAY + timedelta(days=when)
        finished_at = started_at + timedelta(minutes=1)
        header = self.collected.header | {
            "segment": segment,
            "walk": str(uuid.uuid5(NAMESPACE, f"{segment} {when}")),
            "started_at": f"{started_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "announced": count,
        }
        pages = -(-count // PAGE)
        closing = self.collected.closing | {
            "pages": pages, "rows": count, "distinct": count, "requests": pages, "retries": 0,
            "finished_at": f"{finished_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        }  # fmt: skip
        return Walk(header, self.pages(rows), closing)

    def pages(self, rows: Iterable[bytes]) -> Iterator[bytes]:
        first, last = self.envelope
        rows = iter(rows)
        while page := list(islice(rows, PAGE)):
            yield first + b",".join(page) + last

    def live(self) -> None:
        """Lets a day pass."""
        change = other_prices(100)
        stayed = []
        for row in self.rows:
            if self.chance.random() < LEAVING:
                # Somebody else's comes for it, under an id that nobody has had.
                self.came += 1
                row = copy(row, self.came)
            elif self.chance.random() < CHANGING:
                row = change(row)
            stayed.append(row)
        self.rows = stayed

    def small_district(self, wanted: int) -> tuple[str, Callable[[bytes], bool]]:
        """The segment of the district that has about so many rows, and which rows those are."""
        found = defaultdict(int)
        for row in self.rows:
            number, name = DISTRICT.search(row).groups()
            # Prague's districts are named after more than their own name.
            if 0 < int(number) < 5000 and int(number) != 47:
                found[name] += 1
        name = min(found, key=lambda name: abs(found[name] - wanted))
        return f"{self.collected.segment}/{name.decode()}", lambda row: DISTRICT.search(row)[2] == name

    def moved(self) -> list[bytes]:
        """The rows, each in another district than before."""
        districts = [(DISTRICT_ID.search(row)[0], REGION_ID.search(row)[0]) for row in self.rows]
        others = districts[1:] + districts[:1]
        spare = sorted(set(districts))
        moved = []
        for row, own, (district, region) in zip(self.rows, districts, others):
            if district == own[0]:
                district, region = next(other for other in spare if other[0] != own[0])
            moved.append(DISTRICT_ID.sub(district, REGION_ID.sub(region, row, count=1), count=1))
        return moved


def hash_id(row: bytes) -> int:
    return int(HASH_ID.search(row)[1])


def copy(row: bytes, number: int) -> bytes:
    """Another listing like this one, some hundred metres to the north of it. The simulated portal's ids are below 2^32,
    so that the copies of each number have a range of their own."""
    row = HASH_ID.sub(lambda found: b'"hash_id":%d' % (int(found[1]) % 2**32 + (number << 33)), row, count=1)
    north = 0.001 * (number % 40 + 1)
    return LATITUDE.sub(lambda found: b'"gps_lat":%a' % round(float(found[1]) + north, 6), row, count=1)

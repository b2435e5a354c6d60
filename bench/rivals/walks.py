"""Walks that follow from collected ones: other days, other texts, other prices.

A raw object is JSON lines in zstd: a header, pages, a closing line (shared/raw-zone/src/walk.rs). All that changes is
named here. Every other byte stays as the collector wrote it, for loaders may tell what is unchanged by the bytes.
"""

import random
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import zstandard

#: Derives the walks' ids, so that the same collected walk leads to the same ones.
NAMESPACE = uuid.UUID("6f2f6f0a-4f0c-4c8f-9d53-0c0d6b3a1a00")
#: Level 9 is the collector's. This one takes a fraction of the time; the loader unpacks both as fast.
ZSTD_LEVEL = 3
HASH_ID = re.compile(rb'"hash_id":(\d+)')
FETCHED_AT = re.compile(rb'"fetched_at":"([^"]*)"')


@dataclass
class Walk:
    """A raw object, unpacked."""

    header: dict
    #: Lines without their newlines; whatever yields them once, if the walk is only written.
    pages: Iterable[bytes]
    closing: dict

    @staticmethod
    def read(file: Path) -> "Walk":
        with file.open("rb") as packed:
            first, *pages, last = zstandard.ZstdDecompressor().stream_reader(packed).read().splitlines()
        return Walk(orjson.loads(first)["header"], pages, orjson.loads(last)["closing"])

    @property
    def segment(self) -> str:
        return self.header["segment"]

    @property
    def key(self) -> str:
        """As of shared/raw-zone/src/key.rs."""
        started_at = datetime.fromisoformat(self.header["started_at"])
        name = f"{started_at:%Y%m%dt%H%M%S.%fz}-{self.header['walk']}.jsonl.zst"
        return f"raw/sreality/{self.segment}/{started_at:%Y/%m/%d}/{name}"

    def write(self, folder: Path) -> str:
        """Packs it into the folder, under its key, which is returned."""
        file = folder / self.key
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as packed, zstandard.ZstdCompressor(level=ZSTD_LEVEL).stream_writer(packed) as output:
            output.write(orjson.dumps({"header": self.header}) + b"\n")
            for page in self.pages:
                output.write(page + b"\n")
            output.write(orjson.dumps({"closing": self.closing}) + b"\n")
        return self.key

    def moved(self, title: str, days: float) -> "Walk":
        """The same at another time, by days."""
        shift = timedelta(days=days)

        def shifted(time: str) -> str:
            return (datetime.fromisoformat(time) + shift).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

        def shifted_page(page: bytes) -> bytes:
            # The first one: it stands before the body.
            return FETCHED_AT.sub(lambda found: b'"fetched_at":"%s"' % shifted(found[1].decode()).encode(), page, count=1)

        header = self.header | {
            "walk": str(uuid.uuid5(NAMESPACE, f"{self.header['walk']} {title}")),
            "started_at": shifted(self.header["started_at"]),
        }
        closing = self.closing | {"finished_at": shifted(self.closing["finished_at"])}
        return Walk(header, [shifted_page(page) for page in self.pages], closing)

    def with_pages(self, change: Callable[[bytes], bytes]) -> "Walk":
        return Walk(self.header, [change(page) for page in self.pages], self.closing)

    def incomplete(self, reason: str) -> "Walk":
        # The reason stands where the collector writes it.
        rest = {name: value for name, value in self.closing.items() if name != "complete"}
        return Walk(self.header, self.pages, {"complete": False, "incomplete_because": reason} | rest)

    def rows(self) -> Iterator[bytes]:
        """Each row's text, as it stands in the pages."""
        for page in self.pages:
            body = orjson.loads(page)["page"]["body"]
            for row in body["results"]:
                text = orjson.dumps(row)
                assert text in page, "a row is not written as this software writes it"
                yield text


# Other texts.

PICTURE_HOST, OTHER_PICTURE_HOST = b'"//d18-a.sdn.cz/', b'"//d18-b.sdn.cz/'


def other_text(page: bytes) -> bytes:
    """Every picture at another host. The row parser counts pictures and reads no address, so nothing has changed that is
    stored."""
    changed = page.replace(PICTURE_HOST, OTHER_PICTURE_HOST)
    rows, pictures = page.count(b'"advert_images":['), changed.count(b'"advert_images":[' + OTHER_PICTURE_HOST)
    assert rows == pictures > 0, f"{rows} rows, of which {pictures} have another picture"
    return changed


# Other prices.

PRICES = re.compile(
    rb'"hash_id":(?P<id>\d+)(?P<rest>,(?:(?!"hash_id":).)*?)'
    rb'"price":(?P<price>[\d.]+),"price_currency_cb":(?P<currency>\{[^}]*\}),"price_czk":[\d.]+,'
    rb'"price_czk_m2":(?P<per_m2>\d+),"price_summary":(?P<summary>[\d.]+),"price_summary_czk":[\d.]+'
)


def other_prices(percent: float, of: Callable[[int], bool] = lambda hash_id: True) -> Callable[[bytes], bytes]:
    """Changes the prices of so many listings in a hundred, always the same ones, but only where `of` says so. Each by a
    few percent of its own, and to a price as round as before: what does not look like that is taken to be falsified."""

    def changed(found: re.Match) -> bytes:
        hash_id, price, summary = int(found["id"]), float(found["price"]), float(found["summary"])
        chance = random.Random(hash_id)
        if chance.random() * 100 >= percent or price <= 1 or not of(hash_id):
            return found[0]
        new = other_price(int(price), chance)
        # A price per m² has its area as the factor.
        total = new * round(summary / price)
        per_m2 = int(int(found["per_m2"]) * new / price)
        return (
            b'"hash_id":%d%s"price":%.1f,"price_currency_cb":%s,"price_czk":%.1f,"price_czk_m2":%d,'
            b'"price_summary":%.1f,"price_summary_czk":%.1f'
        ) % (hash_id, found["rest"], new, found["currency"], new, per_m2, total, total)

    return lambda page: PRICES.sub(changed, page)


def other_price(price: int, chance: random.Random) -> int:
    """Mostly a few percent lower, at least one step of the seller's."""
    step = next(step for step in (100_000, 10_000, 1_000, 500, 100, 50, 10, 5, 1) if price % step == 0)
    factor = 1 - chance.uniform(0.01, 0.08) if chance.random() < 0.8 else 1 + chance.uniform(0.01, 0.06)
    new = round(price * factor / step) * step
    return max(new if new != price else price - step, price // 2, 2)


# The variants.

VARIANTS = {
    "new": "an empty database",
    "unchanged": "the next day: the same rows, byte for byte",
    "text": "the day after: in every row another text, of which nothing is stored",
    "changed": "two days later: one price in twenty changed",
    "late": "a walk of the day between, half of the changes in it",
    "incomplete": "the rows of `changed` once more, by a walk that says that it is not complete",
}


#: A load tells nobody of what happened more than two days ago.
DAY, FIVE_HOURS = 1, 5 / 24


def variants(collected: Walk, apart: float = DAY) -> Iterator[tuple[str, Walk]]:
    """The walks that follow from a collected one, in the order in which they are loaded: all in the past, so many days
    apart."""
    yield "new", collected.moved("new", -7 * apart)
    yield "unchanged", collected.moved("unchanged", -6 * apart)
    text = collected.with_pages(other_text)
    yield "text", text.moved("text", -5 * apart)
    changed = text.with_pages(other_prices(5))
    yield "changed", changed.moved("changed", -3 * apart)
    half = text.with_pages(other_prices(5, of=lambda hash_id: hash_id // 64 % 2 == 0))
    yield "late", half.moved("late", -4 * apart)
    yield "incomplete", changed.moved("incomplete", -2 * apart).incomplete("the bench wants it so")


# What the rivals read.


def write_json_lines(rows: Iterable[bytes], file: Path) -> int:
    """A row a line, and how many. Of a listing that moved while it was walked, and so stands there twice, only its last
    row: sling fails over two."""
    latest = {HASH_ID.search(row)[1]: row for row in rows}
    file.write_bytes(b"\n".join(latest.values()) + b"\n")
    return len(latest)


def write_singer(json_lines: Path, file: Path) -> None:
    """The same rows as singer messages: a schema of the keys at the top, then a record a line."""
    examples = {}
    with json_lines.open("rb") as lines, file.open("wb") as output:
        for line in lines:
            for name, value in orjson.loads(line).items():
                if examples.get(name) is None:
                    examples[name] = value
        properties = {name: singer_type(value) for name, value in examples.items()}
        properties["hash_id"] = {"type": ["integer"]}
        schema = {"type": "object", "properties": properties}
        message = {"type": "SCHEMA", "stream": "listings", "key_properties": ["hash_id"], "schema": schema}
        output.write(orjson.dumps(message) + b"\n")
        lines.seek(0)
        for line in lines:
            output.write(b'{"type":"RECORD","stream":"listings","record":%s}\n' % line.rstrip())


def singer_type(value: object) -> dict:
    names = {bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}
    return {"type": [names.get(type(value), "string"), "null"]}

"""Cenovka's loads when time has passed: see `growth`."""

import argparse
import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cenovka
from cenovka import Served
from floor import floor_seconds
from market import Shelf, copy
from measure import DATA, MARKET, REPOSITORY, load_average, log, row, thousands
from metering import Cost
from postgres import Postgres
from walks import Walk, other_prices, other_text

SEGMENTS = [
    f"{category}-{deal}"
    for category in ("flats", "houses", "land", "commercial", "other")
    for deal in ("sale", "rent", "auction", "share")
]
#: The segment that is walked every day.
WALKED = "flats-sale"
SMALL_ROWS = 50
#: Days that are loaded by one program, while the market lives on.
BATCH = 10
HOUR = 1 / 24
SCENARIOS = ("years", "moving", "million", "segment")


def main() -> None:
    options = parse()
    folder = DATA / f"market-{options.listings}"
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    log(f"{cenovka.version()}, {load_average()}")
    print("| walk | rows | seconds | rows/s | peak MB | WAL MB |")
    print("| --- | --: | --: | --: | --: | --: |", flush=True)
    with Postgres() as postgres:
        files = collect(postgres, folder, options.listings)
        bench = Bench(postgres, folder)
        if "years" in options.only:
            years(bench, files, options.days)
        if "moving" in options.only:
            moving(bench, files, options.moving_days)
        if "million" in options.only:
            million(bench, files, options.large, options.listings)
        if "segment" in options.only:
            segment(bench, files, options.listings)
        log(f"Postgres {postgres.version}, {load_average()}")
    if not options.keep:
        shutil.rmtree(folder)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="growth", description="Loads walks into warehouses that have grown old or large.")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="this scenario (can be given several times)")
    parser.add_argument("--listings", type=int, default=MARKET, help=f"size of the market [{MARKET}]")
    parser.add_argument("--days", type=int, default=730, help="days of `years`, 5 at least [730]")
    parser.add_argument("--moving-days", type=int, default=365, help="days of `moving` [365]")
    parser.add_argument("--large", type=int, default=1_000_000, help="listings of `million` [1000000]")
    kept = f"keep the market in {DATA.relative_to(REPOSITORY)}, or use the one that is there"
    parser.add_argument("--keep", action="store_true", help=kept)
    options = parser.parse_args()
    options.only = options.only or SCENARIOS
    return options


def collect(postgres: Postgres, folder: Path, listings: int) -> dict[str, Path]:
    """The raw objects of one day of the whole market, by segment."""
    names = folder / "collected.txt"
    if not names.exists():
        shutil.rmtree(folder, ignore_errors=True)
        log("collect the market")
        postgres.create("collector")
        with Served(postgres, "collector", folder / "collected", listings) as served:
            files = served.collect(SEGMENTS)
        postgres.drop("collector")
        names.write_text("\n".join(str(file.relative_to(folder)) for file in files))
    files = [folder / line for line in names.read_text().splitlines()]
    # …/<segment>/<yyyy>/<mm>/<dd>/<file>, in the order in which they were collected.
    by_segment = {file.parts[-5]: file for file in files}
    return {segment: by_segment[segment] for segment in SEGMENTS}


class Bench:
    """Loads walks into one warehouse after the other."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self.postgres = postgres
        self.folder = folder

    @contextmanager
    def warehouse(self, name: str) -> Iterator[None]:
        log(f"{name}:")
        shutil.rmtree(self.folder / "served", ignore_errors=True)
        self.postgres.create(name)
        with Served(self.postgres, name, self.folder / "served", listings=1) as self.served:
            yield
        self.postgres.drop(name)

    def load(self, *walks: Walk) -> Cost:
        """Loads them in this order, and throws their raw objects away."""
        keys = [walk.write(self.served.raw_zone) for walk in walks]
        cost = self.served.load(keys)
        for key in keys:
            self.served.delete(key)
        return cost

    def measure(self, title: str, *walks: Walk) -> None:
        """Loads them one after the other, and prints the median load of them."""
        self.report(title, walks[0].closing["rows"], [self.load(walk) for walk in walks])

    def measure_warm(self, title: str, *walks: Walk) -> None:
        """Loads them with one program, as a function that was started before: the first one opens the connection and
        prepares the statements, and only the others count."""
        cost = self.load(*walks)
        warm = [replace(cost, seconds=seconds, wal_mb=cost.wal_mb / len(walks)) for seconds in cost.each[1:]]
        self.report(title, walks[0].closing["rows"], warm)

    def report(self, title: str, rows: int, costs: list[Cost]) -> None:
        seconds = statistics.median(cost.seconds for cost in costs)
        wal = statistics.median(cost.wal_mb for cost in costs)
        peak = max(cost.peak_mb for cost in costs)
        rate = thousands(rows / seconds)
        print(row(title, thousands(rows), f"{seconds:.3f}", rate, thousands(peak), f"{wal:.1f}"), flush=True)
        log(f"{title}: {rows} rows, {seconds:.3f} s, {rate} rows/s, {peak:.0f} MB, {wal:.1f} MB of WAL")


def years(bench: Bench, files: dict[str, Path], days: int) -> None:
    """The same walks into a young warehouse and into an old one, of the whole market. One segment is walked to its end
    every day, and lives. The others are loaded once; of each, the ledger gets a walk a day that broke off at once."""
    shelf = Shelf(Walk.read(files[WALKED]))
    others = [Shelf(Walk.read(file)) for segment, file in files.items() if segment != WALKED]
    with bench.warehouse("years"):
        first = [shelf.walk(0), *(other.walk(0) for other in others)]
        bench.report("new, the whole market", sum(walk.closing["rows"] for walk in first), [bench.load(*first)])
        # From here on they need no more than what a broken-off walk saw.
        for other in others:
            del other.rows[2:]

        def broken_off(day: int) -> list[Walk]:
            return [other.walk(day).incomplete("the bench wants it so") for other in others]

        bench.load(shelf.walk(1), *broken_off(1))
        station(bench, shelf, 2)
        batch = []
        for day in range(3, days - 1):
            shelf.live()
            batch += [shelf.walk(day), *broken_off(day)]
            if day % BATCH == 0 or day == days - 2:
                bench.load(*batch)
                batch = []
                log(f"day {day} of {days}")
        bench.load(shelf.walk(days - 1))
        station(bench, shelf, days)


def station(bench: Bench, shelf: Shelf, day: int) -> None:
    """What is measured on one day. The segment is left as it was."""
    segment, small = shelf.small_district(SMALL_ROWS)
    few = [line for line in shelf.rows if small(line)]
    bench.measure(f"day {day}: unchanged", *(shelf.walk(day + hour * HOUR) for hour in (0, 1, 2)))
    again = [shelf.walk(day + hour * HOUR, few, segment) for hour in range(3, 8)]
    bench.measure(f"day {day}: few rows, unchanged", *again[:2])
    bench.measure_warm(f"day {day}: few rows, unchanged, on an open connection", *again[2:])
    changed = [other_prices(50)(line) for line in few]
    bench.measure(f"day {day}: few rows, half of the prices changed", shelf.walk(day + 9 * HOUR, changed, segment))
    changed = [other_prices(5)(line) for line in shelf.rows]
    bench.measure(f"day {day}: 5 % changed", shelf.walk(day + 10 * HOUR, changed))
    bench.measure(f"day {day}: unchanged, but late", shelf.walk(day + 2.5 * HOUR))
    bench.measure(f"day {day}: 5 % changed back", shelf.walk(day + 11 * HOUR))


def moving(bench: Bench, files: dict[str, Path], days: int) -> None:
    """After a year of unchanged walks every listing is said to be in another district."""
    shelf = Shelf(Walk.read(files[WALKED]))
    with bench.warehouse("moving"):
        for start in range(0, days, BATCH):
            bench.load(*(shelf.walk(day) for day in range(start, min(start + BATCH, days))))
            log(f"day {start} of {days}")
        bench.measure(f"day {days}: unchanged", shelf.walk(days))
        moved = shelf.moved()
        bench.measure(f"day {days + 1}: every listing in another district", shelf.walk(days + 1, moved))
        bench.measure(f"day {days + 2}: unchanged since", shelf.walk(days + 2, moved))


def million(bench: Bench, files: dict[str, Path], listings: int, market: int) -> None:
    """A market so much larger: each listing several times, each time in another place under another id."""
    copies = max(1, round(listings / market))
    with bench.warehouse("million"):
        for title, day in (("new", 0), ("unchanged", 1)):
            costs, rows, largest = [], 0, (0, None)
            # One segment at a time, for the disk's sake.
            for file in files.values():
                shelf = Shelf(Walk.read(file))
                count = len(shelf.rows) * copies
                many = (copy(line, number) if number else line for number in range(copies) for line in shelf.rows)
                cost = bench.load(shelf.streamed(day, count, many))
                costs.append(cost)
                rows += count
                largest = max(largest, (count, cost), key=lambda found: found[0])
                log(f"{title}: {shelf.collected.segment}, {count} rows, {cost.seconds:.1f} s, {cost.peak_mb:.0f} MB")
            total = Cost(*(combine(getattr(cost, of) for cost in costs) for of, combine in TOTALS.items()))
            bench.report(f"{title}, {thousands(rows)} listings", rows, [total])
            bench.report("of it the largest segment", largest[0], [largest[1]])
            if day == 0:
                copied = Cost(floor_seconds(bench.postgres, "million"), peak_mb=0, wal_mb=0)
                bench.report("the same final rows, only copied", rows, [copied])


def segment(bench: Bench, files: dict[str, Path], listings: int) -> None:
    """As many listings in one segment as a market has: what a load's memory grows with."""
    shelf = Shelf(Walk.read(files[WALKED]))
    copies = -(-listings // len(shelf.rows))

    def walk(day: float, change: Callable[[bytes], bytes] = lambda row: row) -> Walk:
        many = (change(copy(line, number) if number else line) for number in range(copies) for line in shelf.rows)
        return shelf.streamed(day, listings, islice(many, listings))

    def prices(line: bytes) -> bytes:
        return change_prices(other_text(line))

    change_prices = other_prices(5)
    with bench.warehouse("segment"):
        bench.measure("one segment: new", walk(0))
        bench.measure("one segment: unchanged", walk(1))
        bench.measure("one segment: unchanged, but in keys that are not stored", walk(2, other_text))
        bench.measure("one segment: 5 % changed", walk(4, prices))
        bench.measure("one segment: unchanged, but late", walk(3, other_text))
        bench.measure("one segment: broken off", walk(5, prices).incomplete("the bench wants it so"))


TOTALS = {"seconds": sum, "peak_mb": max, "wal_mb": sum}

if __name__ == "__main__":
    main()

"""Cenovka beside its rivals: see `measure`."""

import argparse
import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import cenovka
from cenovka import Served
from floor import floor_seconds
from metering import Cost
from postgres import Postgres
from rivals import RIVALS, Rows
from walks import DAY, FIVE_HOURS, VARIANTS, Walk, variants, write_json_lines, write_singer

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "target" / "bench-rivals"
SEGMENTS = ["flats-sale", "houses-sale", "land-sale"]
#: On the whole market of this many listings the segments have this many rows.
MARKET, MARKET_ROWS = 105_000, 63_000
CONTESTANTS = ["cenovka", *RIVALS]
DISTRIBUTIONS = {"dlt": "dlt", "sling": "sling-linux-amd64", "target-postgres": "meltanolabs-target-postgres"}


@dataclass
class Prepared:
    """A variant, ready to be loaded by anybody."""

    #: Without those that the walk saw twice.
    rows: int
    #: Raw objects by their keys.
    objects: dict[str, Path]
    #: The same walks within the last two days, when what they say is news.
    news: dict[str, Path]
    rival: Rows


def main() -> None:
    options = parse()
    folder = DATA / f"rows-{options.rows}"
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    log(f"{cenovka.version()}, {load_average()}")
    with Postgres() as postgres:
        collect(postgres, folder, options.rows)
        prepared = prepare(folder, singer="target-postgres" in options.only)
        costs = {name: load_all(postgres, folder, name, prepared) for name in options.only}
        floor = None
        if "cenovka" in costs:
            news = {title: replace(variant, objects=variant.news) for title, variant in prepared.items()}
            costs["news"] = load_all(postgres, folder, "news", news)
            floor = floor_of(postgres, folder, prepared["new"])
        log(f"Postgres {postgres.version}, {load_average()}")
    print(table(costs, prepared, floor))
    if not options.keep:
        shutil.rmtree(folder)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="measure", description="Loads the same walks with Cenovka and its rivals.")
    only = "this contestant (can be given several times)"
    parser.add_argument("--only", action="append", choices=CONTESTANTS, help=only)
    rows = f"about so many rows, for a quick try [{MARKET_ROWS}]"
    parser.add_argument("--rows", type=int, default=MARKET_ROWS, help=rows)
    kept = f"keep the rows in {DATA.relative_to(REPOSITORY)}, or use those that are there"
    parser.add_argument("--keep", action="store_true", help=kept)
    options = parser.parse_args()
    options.only = options.only or CONTESTANTS
    return options


def collect(postgres: Postgres, folder: Path, rows: int) -> None:
    """Collects the three segments from the simulated portal, and derives the walks of all variants."""
    if (folder / "ready").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    log("collect and derive the walks")
    postgres.create("collector")
    with Served(postgres, "collector", folder / "collected", round(rows * MARKET / MARKET_ROWS)) as served:
        files = served.collect(SEGMENTS)
        for file in files:
            for kind, apart in (("walks", DAY), ("news", FIVE_HOURS)):
                for title, walk in variants(Walk.read(file), apart):
                    walk.write(folder / kind / title)
    postgres.drop("collector")
    shutil.rmtree(folder / "collected")
    (folder / "ready").touch()


def prepare(folder: Path, singer: bool) -> dict[str, Prepared]:
    """The variants, with the rivals' files written where they are missing."""
    prepared = {}
    for title in VARIANTS:
        objects = objects_in(folder / "walks" / title)
        rival = Rows(folder / f"{title}.jsonl", folder / f"{title}.singer.jsonl")
        count = folder / f"{title}.count"
        if not count.exists():
            log(f"write the rows of {title} for the rivals")
            rows = (row for file in objects.values() for row in Walk.read(file).rows())
            count.write_text(str(write_json_lines(rows, rival.json_lines)))
        if singer and not rival.singer.exists():
            write_singer(rival.json_lines, rival.singer)
        news = objects_in(folder / "news" / title)
        prepared[title] = Prepared(int(count.read_text()), objects, news, rival)
    return prepared


def objects_in(root: Path) -> dict[str, Path]:
    """Raw objects by their keys, in the order of the segments, which is that of the keys."""
    return {str(file.relative_to(root)): file for file in sorted(root.rglob("*.zst"))}


def load_all(postgres: Postgres, folder: Path, name: str, prepared: dict[str, Prepared]) -> dict[str, Cost]:
    """Every variant in turn, into a new database; what each costs."""
    postgres.create(name)
    load = load_with_rival if name in RIVALS else load_with_cenovka
    costs = dict(load(postgres, folder, name, prepared))
    postgres.drop(name)
    return costs


def load_with_cenovka(postgres, folder, name, prepared):
    served_folder = folder / "served"
    shutil.rmtree(served_folder, ignore_errors=True)
    with Served(postgres, name, served_folder, listings=1) as served:
        for title, variant in prepared.items():
            for key, file in variant.objects.items():
                served.put(key, file)
            before = served.load_seconds()
            cost = served.load(list(variant.objects))
            transactions = served.load_seconds() - before
            events = postgres.value("select count(*) from warehouse.event", name)
            report(name, title, variant, cost, f"in transactions {transactions:.2f} s, {events} events so far")
            yield title, cost


def load_with_rival(postgres, folder, name, prepared):
    work = folder / f"{name}.work"
    shutil.rmtree(work, ignore_errors=True)
    rival = RIVALS[name](postgres, name, work)
    for title, variant in prepared.items():
        cost = rival.load(variant.rival)
        stored = postgres.value(f"select count(*) from {rival.table}", name)
        report(name, title, variant, cost, f"{stored} rows stored")
        yield title, cost
    shutil.rmtree(work)


def floor_of(postgres: Postgres, folder: Path, new: Prepared) -> float:
    """In a database of its own, for reading the tables would set hint bits that the next load then need not set."""
    postgres.create("floor")
    served_folder = folder / "served"
    shutil.rmtree(served_folder)
    with Served(postgres, "floor", served_folder, listings=1) as served:
        for key, file in new.objects.items():
            served.put(key, file)
        served.load(list(new.objects))
        seconds = floor_seconds(postgres, "floor")
    postgres.drop("floor")
    log(f"floor: {seconds:.2f} s")
    return seconds


def table(costs: dict[str, dict[str, Cost]], prepared: dict[str, Prepared], floor: float | None) -> str:
    """For README.md."""
    rates = {
        name: {title: prepared[title].rows / cost.seconds for title, cost in of.items()} for name, of in costs.items()
    }
    lines = [
        f"| rows/s | {' | '.join(VARIANTS)} | peak MB | WAL MB, new | unchanged |",
        f"| --- | {' | '.join('--:' for _ in VARIANTS)} | --: | --: | --: |",
    ]
    for name, of in costs.items():
        cells = [thousands(rates[name][title]) for title in VARIANTS]
        wal = [thousands(of[title].wal_mb) for title in ("new", "unchanged")]
        peak = thousands(max(cost.peak_mb for cost in of.values()))
        lines.append(row(titled(name), *cells, peak, *wal))
    if floor:
        lines.append(row("floor: the same final rows, only copied", thousands(prepared["new"].rows / floor), *[""] * 8))
    for rival in ("dlt", "sling"):
        if "cenovka" in rates and rival in rates:
            times = [f"{rates['cenovka'][title] / rates[rival][title]:.1f} ×" for title in VARIANTS]
            lines.append(row(f"Cenovka to {rival}", *times, "", "", ""))
    return "\n".join(lines)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def titled(name: str) -> str:
    ours = {"cenovka": "**Cenovka**", "news": "the same with all of it news"}
    return ours.get(name) or f"{name} {version(DISTRIBUTIONS[name])}"


def thousands(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def report(name: str, title: str, variant: Prepared, cost: Cost, more: str) -> None:
    rate = thousands(variant.rows / cost.seconds)
    log(
        f"{name:<16}{title:<11}{variant.rows} rows {cost.seconds:7.2f} s {rate:>7} rows/s "
        f"{cost.peak_mb:6.0f} MB {cost.wal_mb:6.0f} MB of WAL, {more}"
    )


def load_average() -> str:
    return "load of the machine {:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg()) + f" on {os.cpu_count()} processors"


def log(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

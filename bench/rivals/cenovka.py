"""Cenovka's own parts, run as its command line runs them: simulated portal, collector, S3 over HTTP, loader."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

from metering import Cost, measured
from postgres import Postgres

BINARY = os.environ.get("CENOVKA_BINARY", "cenovka")
BUCKET = "cenovka-raw"


class Served:
    """`cenovka serve`: a simulated portal and an S3, beside a database of ours that it brings up to date."""

    def __init__(self, postgres: Postgres, database: str, folder: Path, listings: int) -> None:
        self.postgres = postgres
        self.database = database
        self.raw_zone = folder / f"simulated-{listings}" / "s3" / BUCKET
        self.process = subprocess.Popen(
            [BINARY, "--data-dir", folder, "--listings", str(listings), "serve"],
            env=os.environ | {"DATABASE_URL": postgres.url(database)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.settings = {}
        for line in self.process.stdout:
            if setting := re.match(r"export (\w+)='(.*)'", line):
                self.settings[setting[1]] = setting[2]
            if line.startswith("#"):
                break
        if not self.settings:
            sys.exit("cenovka serve did not start")

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def collect(self, segments: list[str]) -> list[Path]:
        """Walks segments of the simulated portal as fast as it answers; the files of the raw objects."""
        command = [BINARY, "collect", *segments]
        settings = self.settings | {"CENOVKA_REQUESTS_PER_SECOND": "10000"}
        done = subprocess.run(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=True)
        return [self.raw_zone / line.strip() for line in done.stdout.splitlines() if line.startswith("  raw/")]

    def put(self, key: str, file: Path) -> None:
        """Puts a raw object into the S3's folder without a copy. Served only what lies there when it is asked for, so
        that what the start of `serve` would load is not there yet."""
        target = self.raw_zone / key
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
        # What the S3 knows of an object that was put over HTTP; without it, it reads the whole object for its tag.
        tag = hashlib.md5(file.read_bytes()).hexdigest()
        self.about(key).write_text(json.dumps({"e_tag": tag}))

    def delete(self, key: str) -> None:
        (self.raw_zone / key).unlink()
        self.about(key).unlink(missing_ok=True)

    def about(self, key: str) -> Path:
        bucket, name = (urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in (BUCKET, key))
        return self.raw_zone.parent / f".bucket-{bucket}.object-{name}.internal.json"

    def load(self, keys: list[str]) -> Cost:
        """Loads raw objects with the function's own handler, whose time it is: from asking S3 to the commit. Exits if one of
        them is set aside."""
        cost = measured(self.postgres, [BINARY, "load", *keys], self.settings)
        outcomes = [line for line in cost.lines if line.startswith("raw/")]
        wrong = [line for line in outcomes if " loaded, " not in line]
        if wrong or len(outcomes) != len(keys):
            sys.exit("\n".join(["not all of it was loaded:", *cost.lines]))
        each = [float(re.search(r" rows in ([0-9.]+) s:", line)[1]) for line in outcomes]
        return replace(cost, seconds=sum(each), each=each)

    def load_seconds(self) -> float:
        """The sum of what the ledger says of all loads so far, found through the catalogue."""
        tables = """
            select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
            where attname = 'load_seconds' and relkind = 'r' and relnamespace = 'warehouse'::regnamespace
        """
        with self.postgres.connect(self.database) as connection:
            (ledger,) = connection.execute(tables).fetchone()
            return connection.execute(f"select coalesce(sum(load_seconds), 0) from {ledger}").fetchone()[0]


def version() -> str:
    return subprocess.run([BINARY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

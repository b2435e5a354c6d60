"""The rivals: what is installed of each, and how it is told to load."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from metering import Cost, measured
from postgres import Postgres

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
NO_TELEMETRY = {"RUNTIME__DLTHUB_TELEMETRY": "false", "SLING_DISABLE_TELEMETRY": "TRUE"}


@dataclass
class Rival:
    """One of them, with a database and a folder of its own."""

    #: Where its rows are, to count them.
    table: ClassVar[str]

    postgres: Postgres
    database: str
    folder: Path

    def run(self, command: list, **environment: str) -> Cost:
        self.folder.mkdir(exist_ok=True)
        return measured(self.postgres, command, NO_TELEMETRY | environment, cwd=self.folder)

    def load(self, walk: "Rows") -> Cost:
        """Loads rows, of which some or all may have been loaded before."""
        raise NotImplementedError


@dataclass
class Rows:
    """A variant's rows as the rivals read them."""

    json_lines: Path
    singer: Path


class Dlt(Rival):
    """load_dlt.py: merge on hash_id, CSV into COPY, one table."""

    table = "portal.listings"

    def load(self, walk: Rows) -> Cost:
        return self.run([sys.executable, HERE / "load_dlt.py", walk.json_lines, self.postgres.url(self.database)])


class Sling(Rival):
    """Its own idempotent mode: incremental over a primary key. Objects become columns."""

    table = "public.listings"

    def load(self, walk: Rows) -> Cost:
        return self.run(
            [
                sling_binary(),
                *("run", "--src-stream", walk.json_lines.as_uri(), "--src-options", '{"flatten": true}'),
                *("--tgt-conn", self.postgres.url(self.database), "--tgt-object", self.table),
                *("--mode", "incremental", "--primary-key", "hash_id"),
            ],
            SLING_HOME_DIR=str(self.folder),
        )


class TargetPostgres(Rival):
    """The singer target: upsert over key_properties, by COPY."""

    table = "public.listings"

    def load(self, walk: Rows) -> Cost:
        settings = {
            "sqlalchemy_url": self.postgres.url(self.database, "postgresql+psycopg"),
            "default_target_schema": "public",
            "load_method": "upsert",
            "use_copy": True,
        }
        config = self.folder.with_suffix(".json")
        config.write_text(json.dumps(settings))
        return self.run([PROGRAMS / "target-postgres", "--config", config, "--input", walk.singer])


def sling_binary() -> Path:
    """What the wheel brings, without the Python program around it, which would only start it."""
    site_packages = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    return next(site_packages.glob("sling_*/bin/sling-*"))


RIVALS = {"sling": Sling, "dlt": Dlt, "target-postgres": TargetPostgres}

"""What the publisher puts under `data/` of the page, made by its own queries through psql.

    slices.py FOLDER        psql's own variables (PGHOST, …) name the warehouse
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ROOT / "functions/publisher/src/page"
# No cell shows fewer listings.
FEWEST = 5
AS_OF = """
select
    (select portal from mart.walk_health where portal is not null order by started_at desc limit 1),
    to_char((select max(started_at) from mart.walk_health where complete) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
"""


def rows(sql: str) -> list[list[str]]:
    command = ["psql", "--no-psqlrc", "--quiet", "--csv", "--tuples-only", "--set", "ON_ERROR_STOP=1", "--file", "-"]
    answer = subprocess.run(command, input=sql, text=True, stdout=subprocess.PIPE, check=True).stdout
    csv.field_size_limit(sys.maxsize)
    return list(csv.reader(io.StringIO(answer)))


def write(folder: Path, quiet: bool = False) -> None:
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    slices = {}
    for query in sorted(QUERIES.glob("*.sql")):
        begin, size = time.monotonic(), 0
        made = rows(f"prepare page as\n{query.read_text()};\nexecute page ({FEWEST});")
        for name, body in made:
            body = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
            slices[name] = f"data/{name}.{hashlib.sha256(body).hexdigest()[:16]}.json"
            (folder / slices[name]).write_bytes(body)
            size += len(body)
        if not quiet:
            print(f"{query.stem}: {len(made)} slices, {size} bytes, {time.monotonic() - begin:.2f} s")
    [[market, as_of]] = rows(AS_OF)
    simulated = market != "https://www.sreality.cz"
    manifest = {"format": 1, "market": market, "simulated": simulated, "as_of": as_of, "slices": slices}
    (data / "manifest.json").write_text(json.dumps(manifest))


if __name__ == "__main__":
    write(Path(sys.argv[1]))

#!/usr/bin/env python3
"""Writes each chart's query context into its file, as Superset's own frontend makes it from the chart's parameters.

Superset's API answers with a chart's data only if the chart carries it, and only the frontend can make it: each chart is
opened in Explore, which saves it. To be run after a change of a chart's parameters: superset/test/run --write-query-contexts
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import yaml

from browser import Browser
from dashboards import ASSETS, URL, Superset


def main() -> None:
    admin = Superset("admin")
    files = {yaml.safe_load(file.read_text())["uuid"]: file for file in (ASSETS / "charts").rglob("*.yaml")}
    with Browser(1400, 900) as browser:
        browser.log_in("admin")
        for chart in admin.all("chart"):
            uuid = admin.get(f"/api/v1/chart/{chart['id']}").json()["result"]["uuid"]
            context = written_by_frontend(browser, admin, chart["id"])
            print(("wrote " if write(files[uuid], context) else "same  ") + chart["slice_name"], flush=True)


def written_by_frontend(browser: Browser, admin: Superset, chart: int) -> dict | None:
    admin.request("PUT", f"/api/v1/chart/{chart}", json={"query_context": None}).raise_for_status()
    browser.driver.get(f"{URL}/explore/?slice_id={chart}")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        context = admin.get(f"/api/v1/chart/{chart}").json()["result"]["query_context"]
        if context:
            return json.loads(context)
        time.sleep(0.5)
    return None


def write(file: Path, context: dict | None) -> bool:
    """Without what is of one instance only: the numbers of charts, layers, datasets and dashboards."""
    chart = yaml.safe_load(file.read_text())
    if context is not None:
        context["datasource"] = {"id": 0, "type": "table"}
        for name in ("slice_id", "deck_slices", "dashboards", "datasource", "url_params"):
            context["form_data"].pop(name, None)
        context.pop("force", None)
    text = json.dumps(context, ensure_ascii=False, sort_keys=True) if context else None
    changed = chart["query_context"] != text
    chart["query_context"] = text
    if changed:
        file.write_text(yaml.safe_dump(chart, sort_keys=False, allow_unicode=True, width=110))
    return changed


if __name__ == "__main__":
    main()

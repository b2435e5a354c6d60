#!/usr/bin/env python3
"""Writes pictures of the dashboards Market and Pipeline into a folder: superset/test/run --write-screenshot."""

import sys
from pathlib import Path

from PIL import Image

from browser import Browser
from test_browser import charts_of

WIDTH = 1440
# Down to the end of a row of charts.
HEIGHTS = {"market": 2022, "pipeline": 1470}


def main(folder: str) -> None:
    with Browser(WIDTH) as browser:
        browser.log_in("viewer")
        for slug, height in HEIGHTS.items():
            browser.resize(WIDTH, height)
            browser.open(f"/superset/dashboard/{slug}/", len(charts_of(slug)), quiet=5)
            write(browser, Path(folder, f"{slug}.png"))


def write(browser: Browser, file: Path) -> None:
    browser.screenshot(str(file))
    # Few colours: a quarter of the size, and nothing is lost to the eye.
    Image.open(file).convert("RGB").quantize(192, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])

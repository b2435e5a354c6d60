#!/usr/bin/env python3
"""Writes a picture of the Market dashboard: superset/test/run --write-screenshot."""

import sys

from PIL import Image

from browser import Browser
from test_browser import charts_of

WIDTH, HEIGHT = 1440, 2010


def main(file: str) -> None:
    with Browser(WIDTH, HEIGHT) as browser:
        browser.log_in("viewer")
        browser.open("/superset/dashboard/market/", len(charts_of("market")), quiet=5)
        browser.screenshot(file)
    # Few colours: a quarter of the size, and nothing is lost to the eye.
    Image.open(file).convert("RGB").quantize(192, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])

"""A headless Chromium on the page, with what it was sent and what it complained of."""

from __future__ import annotations

import base64
import json
import shutil
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

# WebGL in software, for the map; nothing is asked but what the page itself asks.
SWITCHES = (
    "--headless=new", "--no-sandbox", "--hide-scrollbars", "--no-first-run", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
# Slow 4G, and a processor a quarter as fast.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}


class Browser:
    def __init__(self, width: int = 1280, height: int = 800, language: str = "cs-CZ", slow: bool = False) -> None:
        options = webdriver.ChromeOptions()
        for switch in (*SWITCHES, f"--window-size={width},{height}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        options.binary_location = found("chromium", "google-chrome", "chrome")
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(found("chromedriver")))
        self.driver.set_script_timeout(120)
        self.cdp("Emulation.setUserAgentOverride", userAgent="Cenovka's test", acceptLanguage=language)
        self.cdp("Network.enable")
        self.cdp("Network.setCacheDisabled", cacheDisabled=slow)
        if slow:
            self.cdp("Network.emulateNetworkConditions", **SLOW)
            self.cdp("Emulation.setCPUThrottlingRate", rate=4)
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def resize(self, width: int, height: int) -> None:
        phone = width < 600
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1.5 if phone else 1, mobile=phone)

    def prefer(self, theme: str) -> None:
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, seconds: float = 60) -> Any:
        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: self.run(script), script)

    def open(self, url: str) -> None:
        self.driver.get(url)
        self.wait("return document.documentElement.dataset.shown")

    def act(self, script: str, *arguments: Any) -> None:
        """Does something that makes the page show something else, and waits for that."""
        before = self.run("return document.documentElement.dataset.shown")
        self.run(script, *arguments)
        self.wait(f"return document.documentElement.dataset.shown !== {json.dumps(before)}")

    def choose(self, name: str, value: str) -> None:
        self.act(
            "const select = document.querySelector(`select[name=${arguments[0]}]`); select.value = arguments[1];"
            "select.dispatchEvent(new Event('change', { bubbles: true }))", name, value,
        )  # fmt: skip

    def look_at_all(self) -> None:
        """Scrolls to the end so that all is drawn, and back."""
        for section in self.run("return [...document.querySelectorAll('main section.card:not([hidden])')].map((section) => section.id)"):
            self.run("document.getElementById(arguments[0]).scrollIntoView()", section)
            self.wait(f"return document.querySelector('#{section} .figure').children.length")
        self.wait("return !document.querySelector('#map .canvas') || document.querySelector('#map .below').children.length")
        self.run("scrollTo(0, 0)")
        time.sleep(0.7)

    def picture(self, file: Path) -> None:
        """The whole page, not only what is in view."""
        width, view = self.run("return [innerWidth, innerHeight]")
        self.resize(width, self.run("return document.documentElement.scrollHeight"))
        time.sleep(0.7)
        file.write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"]))
        self.resize(width, view)

    def received(self) -> dict[str, int]:
        """How many bytes each request got since this was asked last, as they came over the wire."""
        asked, sizes = {}, {}
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            request = message["params"].get("requestId")
            if message["method"] == "Network.requestWillBeSent":
                asked[request] = message["params"]["request"]["url"]
            elif message["method"] == "Network.loadingFinished" and asked.get(request, "").startswith("http"):
                sizes[asked[request]] = sizes.get(asked[request], 0) + message["params"]["encodedDataLength"]
        return sizes

    def complaints(self) -> list[str]:
        """What went wrong in the page, what its policy forbade among it."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def found(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(f"there is no {names[0]} here: apt-get install chromium chromium-driver")

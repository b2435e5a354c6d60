"""A headless Chromium on the dashboards, with what its charts were answered."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from dashboards import URL, Superset, password

# WebGL in software, for the map; nothing asked from elsewhere but what the page itself asks.
SWITCHES = (
    "--headless=new", "--no-sandbox", "--hide-scrollbars", "--no-first-run", "--lang=en-US",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Answers:
    """What a dashboard's charts were answered, by the chart's name: status and body of each request."""

    by_chart: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)


class Traffic:
    """What the page asks and is answered, by Chromium's own log of its network."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.answers = Answers()
        self.asked: dict[str, str] = {}
        self.status: dict[str, int] = {}
        self.elsewhere: dict[str, str] = {}
        self.names = {chart["id"]: chart["slice_name"] for chart in Superset("admin").all("chart")}

    def take(self, message: dict[str, Any]) -> bool:
        """Whether the message is about a chart."""
        parameters = message["params"]
        request = parameters.get("requestId")
        match message["method"]:
            case "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if url.startswith("http") and not url.startswith(URL):
                    self.elsewhere[request] = urlsplit(url).hostname or url
                    self.answers.elsewhere = set(self.elsewhere.values())
                if (chart := chart_of(url)) is not None:
                    self.asked[request] = self.names.get(chart, str(chart))
                    return True
            case "Network.responseReceived":
                self.status[request] = parameters["response"]["status"]
            case "Network.loadingFailed":
                # Forbidden by the page's own policy: it was never sent.
                if parameters.get("blockedReason") == "csp":
                    self.elsewhere.pop(request, None)
                    self.answers.elsewhere = set(self.elsewhere.values())
                # Filters that change while a chart is asked for make the page ask anew.
                self.asked.pop(request, None)
            case "Network.loadingFinished" if request in self.asked:
                body = self.driver.execute_cdp_cmd("Network.getResponseBody", {"requestId": request})["body"]
                given = self.answers.by_chart.setdefault(self.asked.pop(request), [])
                given.append((self.status[request], json.loads(body)))
                return True
        return False


class Browser:
    def __init__(self, width: int = 1440, height: int = 2500) -> None:
        options = webdriver.ChromeOptions()
        for switch in (*SWITCHES, f"--window-size={width},{height}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        # Named, since Selenium would otherwise look for one on the internet.
        options.binary_location = found("chromium", "google-chrome", "chrome")
        service = webdriver.ChromeService(found("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def log_in(self, user: str) -> None:
        self.driver.get(f"{URL}/login/")
        name = WebDriverWait(self.driver, 60).until(lambda driver: driver.find_element(By.ID, "username"))
        name.send_keys(user)
        self.driver.find_element(By.ID, "password").send_keys(password(user))
        self.driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        WebDriverWait(self.driver, 60).until(lambda driver: "/login" not in driver.current_url)

    def open(self, path: str, charts: int, quiet: float = 3.0) -> Answers:
        """Opens a page and waits until so many charts are answered and nothing was asked for a while."""
        self.driver.get_log("performance")
        self.driver.get(URL + path)
        return self.answers(charts, quiet)

    def answers(self, charts: int, quiet: float = 3.0) -> Answers:
        traffic, last, end = Traffic(self.driver), time.monotonic(), time.monotonic() + 120
        while time.monotonic() < end:
            for entry in self.driver.get_log("performance"):
                if traffic.take(json.loads(entry["message"])["message"]):
                    last = time.monotonic()
            answers = traffic.answers
            if not traffic.asked and len(answers.by_chart) >= charts and time.monotonic() - last > quiet:
                return answers
            time.sleep(0.2)
        raise TimeoutError(f"{len(answers.by_chart)} of {charts} charts were answered: {sorted(answers.by_chart)}")

    def forbid(self, *addresses: str) -> None:
        """Lets the page ask nothing of these addresses, and anything of all others."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": list(addresses)})

    def errors(self) -> list[str]:
        """Messages that the page shows in place of charts."""
        selector = "[data-test='chart-container'] .ant-alert, .ant-alert-error, [data-ui-anchor='error-boundary']"
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def screenshot(self, file: str) -> None:
        self.driver.save_screenshot(file)


def found(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(f"there is no {names[0]} here: apt-get install chromium chromium-driver")


def chart_of(url: str) -> int | None:
    """The chart that a request is for: form_data in the address names it."""
    parts = urlsplit(url)
    if parts.path not in ("/api/v1/chart/data", "/superset/explore_json/"):
        return None
    form_data = parse_qs(parts.query).get("form_data")
    return json.loads(form_data[0]).get("slice_id") if form_data else None

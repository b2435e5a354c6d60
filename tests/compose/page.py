"""The lake and the page in compose: what is walked becomes files, and the page shows it, compressed and with its headers."""

import gzip
import json
import urllib.error
import urllib.request
from email.message import Message

from containers import Compose, must, step, until

LAKE = "cenovka-lake-000000000000-eu-central-1"


def check(compose: Compose) -> None:
    with step("with a lake, the publisher is deployed, and its rule has it publish"):
        compose.environment["CENOVKA_LAKE"] = "on"
        compose("--profile", "lake", "up", "--detach")
        compose.until_healthy("localstack", 180)
        compose.until_healthy("page", 60)
        # The rule's three minutes, and one more.
        until("a manifest is there", 300, lambda: "lake/manifest.json" in keys(compose))
    with step("the manifest names files that are there, and the publisher has published what the marts say"):
        report = compose.invoke("publisher", {})
        must(report["publication"] and report["rows"] > 0 and not report["busy"], f"published: {report}")
        there = keys(compose)
        compose.aws("s3api", "get-object", "--bucket", LAKE, "--key", "lake/manifest.json", "/tmp/manifest")
        manifest = json.loads(compose("exec", "-T", "localstack", "cat", "/tmp/manifest"))
        named = {file["key"] for dataset in manifest["datasets"].values() for file in dataset["files"]}
        must(len(manifest["datasets"]) == 6 and named <= there, f"named and not there: {named - there}")
    with step("the page says which market it shows, is compressed, and has its headers"):
        headers, body = read(compose, "data/manifest.json")
        said = json.loads(body)
        must(said["simulated"] is True, f"the market is simulated: {said}")
        must("default-src 'none'" in headers["Content-Security-Policy"], f"headers: {headers.items()}")
        for path in ("", "index.html", *said["slices"].values()):
            headers, body = read(compose, path)
            must(body and headers["X-Content-Type-Options"] == "nosniff", f"{path}: {headers.items()}")
            if len(body) > 2000:
                must(headers["Content-Encoding"] == "gzip", f"{path} is compressed: {headers.items()}")
    with step("through the page nobody gets at anything else of LocalStack"):
        for method, path in (("PUT", "index.html"), ("DELETE", "index.html"), ("GET", "_localstack/health"), ("GET", f"../{LAKE}/")):
            must(status(compose, method, path) in (400, 403, 404), f"{method} {path}: {status(compose, method, path)}")


def keys(compose: Compose) -> set[str]:
    listed = compose.aws("s3api", "list-objects-v2", "--bucket", LAKE)
    return {each["Key"] for each in listed.get("Contents", [])}


def read(compose: Compose, path: str) -> tuple[Message, bytes]:
    request = urllib.request.Request(address(compose, path), headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
        return answer.headers, gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


def status(compose: Compose, method: str, path: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address(compose, path), method=method), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def address(compose: Compose, path: str) -> str:
    return f"http://127.0.0.1:{compose.environment['CENOVKA_PAGE_PORT']}/{path}"

"""Raw objects in compose: they outlive LocalStack, are loaded once, and the warehouse can be made again from them."""

import json
import time
from dataclasses import dataclass

from containers import BUCKET, HERE, Compose, must, step, until

DATABASES = {"localstack": "cenovka", "live": "live"}
CONTENTS = (HERE / "contents.sql").read_text()


@dataclass(frozen=True)
class Kept:
    """What a LocalStack has, and its warehouse."""

    objects: dict[str, str]  # all that S3 lists of each key
    ledger: dict[str, str]  # when each key was loaded


def of(compose: Compose, service: str = "localstack") -> Kept:
    # The ledger first: a walk that comes meanwhile is then only in the bucket.
    rows = compose.sql(DATABASES[service], "select key, loaded_at from warehouse.walk")
    listed = compose.aws("s3api", "list-objects-v2", "--bucket", BUCKET, service=service)
    return Kept({each["Key"]: json.dumps(each) for each in listed["Contents"]}, dict(rows))


def raw(compose: Compose, service: str) -> set[str]:
    """The keys of its raw objects."""
    return {key for key in of(compose, service).objects if key.startswith("raw/")}


def check(compose: Compose, before: Kept, what: str, service: str = "localstack") -> None:
    with step(f"after {what} of {service} its {len(before.objects)} raw objects are there, and none is loaded twice"):
        must(before.ledger and set(before.ledger) <= set(before.objects), f"what was loaded was kept: {before}")
        compose.until_healthy(service, 180)
        after = of(compose, service)
        changed = [key for key, listed in before.objects.items() if after.objects.get(key) != listed]
        must(not changed, f"S3 lists these as before: {changed}")
        again = {key for key, loaded in before.ledger.items() if after.ledger.get(key) != loaded}
        must(not again, f"the ledger has these as before: {again}")
        # LocalStack's logs begin with its start.
        of_loader = ["--log-group-name", "/aws/lambda/cenovka-loader"]
        logs = json.dumps(compose.aws("logs", "filter-log-events", *of_loader, service=service))
        handed_over = {key for key in before.ledger if key in logs}
        must(not handed_over, f"the loader was not given what it had loaded: {handed_over}")


def check_kill(compose: Compose, service: str) -> None:
    before = of(compose, service)
    with step(f"kill -9 of {service}, up"):
        compose("--profile", "live", "kill", "-s", "SIGKILL", service)
        until(f"{service} is killed", 20, lambda: not compose.state(service)["Running"])
        compose("--profile", "live", "up", "--detach", service)
    check(compose, before, "a kill", service)


def check_rebuild(compose: Compose) -> None:
    with step("an emptied database is made again by the reconciler, and equal"):
        allowed = compose.collectors()
        # Not by the rules' state: a rule that is disabled in LocalStack fires all the same.
        compose.allow_collectors(0)
        time.sleep(5)  # a walk that runs, ends
        until("all that was collected is loaded", 60, lambda: all_is_loaded(compose))
        before = compose.sql("cenovka", CONTENTS)
        compose.sql("cenovka", "drop schema warehouse, mart cascade")
        must(compose.sql("cenovka", CONTENTS) == [], "nothing is left")
        compose.invoke("migrator", {})
        must(of(compose).ledger == {}, "the ledger is empty")
        report = compose.invoke("reconciler", {"older_than_minutes": 0})
        must(report["loaded"] == len(dealt_with(compose)) > 0 and report["left"] == 0, f"all is loaded: {report}")
        after = compose.sql("cenovka", CONTENTS)
        must(after == before, f"table by table: {before}, {after}")
        compose.allow_collectors(allowed)


def all_is_loaded(compose: Compose) -> bool:
    # Events that a stopped LocalStack had not served are lost.
    compose.invoke("reconciler", {"older_than_minutes": 0})
    return dealt_with(compose) == raw(compose, "localstack")


def dealt_with(compose: Compose) -> set[str]:
    """What is loaded, or set aside."""
    rows = compose.sql("cenovka", "select key from warehouse.walk union select key from warehouse.quarantine")
    return {key for [key] in rows}

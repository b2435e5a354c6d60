"""The mail catcher in compose: what happens on the simulated market comes as mail, and leaves the machine by no way."""

import json
import urllib.request

from containers import Compose, must, step, until

WATCHES = {"for-sale-in-praha-7", "to-rent-in-praha-7"}


def check(compose: Compose) -> None:
    with step("with watches on, the notifier is deployed, and compose's watches are there"):
        compose.environment["CENOVKA_WATCHES"] = "on"
        compose("--profile", "watches", "up", "--detach")
        compose.until_healthy("mail", 60)
        compose.until_healthy("localstack", 180)
    with step("what happens on the market comes as mail"):
        until("the notifier knows the watches", 240, lambda: known(compose) == WATCHES)
        until("a mail has come", 600, lambda: mails(compose)["total"] > 0)
        mail = mails(compose)["messages"][0]
        must([to["Address"] for to in mail["To"]] == ["you@example.org"], f"it is for whom the watch names: {mail}")
        must(mail["Subject"] and "CZK" in mail["Snippet"], f"it says what happened, and prices: {mail}")
    with step("the dashboards know how much was told, and analysts do not know to whom"):
        told = compose.sql("cenovka", "select sum(deliveries) from mart.delivery where state = 'told'")
        must(int(told[0][0] or 0) > 0, f"told: {told}")
        everything = compose.sql("cenovka", "select delivery::text from warehouse.delivery")
        must("example.org" not in str(everything), "no address stands in Postgres")


def known(compose: Compose) -> set[str]:
    return {name for (name,) in compose.sql("cenovka", "select name from warehouse.watch")}


def mails(compose: Compose) -> dict:
    """What Mailpit's web page shows, as its API tells it."""
    port = compose.environment["CENOVKA_MAIL_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/messages", timeout=5) as answer:
        return json.load(answer)

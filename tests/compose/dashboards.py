"""Superset in compose: its dashboards answer who has a password, and a second start changes nothing."""

import http.client
import json

from containers import PROJECT, Compose, must, step

# What a start makes, and when it was last changed.
LOADED = """
    select 'digest', digest from cenovka_assets
    union all select 'dashboard ' || slug, changed_on::text from dashboards
    union all select 'chart ' || uuid, changed_on::text from slices
    union all select 'dataset ' || uuid, changed_on::text from tables
    union all select 'database ' || uuid, changed_on::text from dbs
    union all select 'query ' || uuid, changed_on::text from saved_query
    union all select 'user ' || username, changed_on::text from ab_user
    union all select 'permissions', count(*)::text from ab_permission_view_role
    order by 1
"""


def check(compose: Compose) -> None:
    with step("Superset is healthy"):
        compose.until_healthy("superset", 400)
    with step("the dashboard Market answers to a viewer"):
        password = compose("exec", "-T", "superset", "cat", "/var/lib/superset/secrets/viewer").strip()
        must(password not in json.dumps(compose.describe("superset")), "the viewer's password is a secret")
        credentials = {"username": "viewer", "password": password, "provider": "db"}
        login = ask(compose, "POST", "/api/v1/security/login", credentials)
        must(login.status == 200, f"the viewer can log in: {login.status}")
        token = json.loads(login.read())["access_token"]
        listed = ask(compose, "GET", "/api/v1/dashboard/market/charts", token=token)
        charts = json.loads(listed.read())["result"]
        must(len(charts) > 10, f"Market has charts: {charts}")
        for chart in charts:
            answer = ask(compose, "GET", f"/api/v1/chart/{chart['id']}/data/", token=token)
            said = answer.read()
            must(answer.status == 200, f"{chart['slice_name']} answers: {answer.status} {said[:500]!r}")
    with step("nobody else gets anything but the login"):
        page = ask(compose, "GET", "/superset/dashboard/market/")
        must(page.status == 302 and "/login" in page.headers["Location"], f"{page.status} {page.headers}")
        must(ask(compose, "GET", "/api/v1/chart/").status == 401, "the API wants a login")
        wrong = credentials | {"password": "viewer"}
        must(ask(compose, "POST", "/api/v1/security/login", wrong).status == 401, "a wrong password is refused")
    with step("Superset runs without root, and reads no password but its own two"):
        must(compose("exec", "-T", "superset", "id", "-u").strip() != "0", "it has a user of its own")
        asked = "for file in /run/passwords/*; do if [ -r $file ]; then basename $file; fi; done"
        readable = compose("exec", "-T", "superset", "sh", "-c", asked).split()
        must(readable == ["analyst", "superset"], f"it reads {readable}")


def ask(
    compose: Compose, method: str, path: str, body: dict | None = None, token: str | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", int(compose.environment["CENOVKA_SUPERSET_PORT"]), timeout=120)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    return connection.getresponse()


def loaded(compose: Compose) -> list[list[str]]:
    return compose.sql("superset", LOADED)


def check_second_start(compose: Compose, before: list[list[str]], what: str) -> None:
    with step(f"after {what} Superset is healthy, and its assets are as they were"):
        compose.until_healthy("superset", 180)
        after = loaded(compose)
        must(after == before, f"nothing is changed: {set(map(tuple, after)) ^ set(map(tuple, before))}")


def check_database(compose: Compose, name: str) -> None:
    compose.until_healthy("superset", 180)
    uris = compose.sql("superset", "select sqlalchemy_uri from dbs")
    must(uris == [[f"postgresql+psycopg2:///{name}"]], f"Superset asks {name}: {uris}")


def forget(compose: Compose) -> None:
    """Leaves the volumes as they were before there was a Superset."""
    compose("rm", "--stop", "--force", "superset")
    for statement in ("drop database superset", "drop role superset", "grant connect on database cenovka to public"):
        compose.sql("postgres", statement)
    compose("run", "--rm", "--no-deps", "--entrypoint", "rm", "passwords", "/run/passwords/superset")
    compose("run", "--rm", "--no-deps", "--entrypoint", "chmod", "passwords", "600", "/run/passwords/analyst")
    compose.docker("volume", "rm", f"{PROJECT}_superset")

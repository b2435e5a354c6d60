"""Superset as its users meet it: over HTTP, logged in as admin or viewer. superset/test/run says where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg2
import requests
import yaml

ASSETS = Path(__file__).resolve().parent.parent / "assets"
URL = os.environ.get("CENOVKA_DASHBOARD_URL", "http://127.0.0.1:8088")
# What the Market dashboard sets before anybody chooses: medians of flats and fields together would mean nothing.
FLATS_FOR_SALE = [{"col": "deal", "op": "IN", "val": ["Prodej"]}, {"col": "category", "op": "IN", "val": ["Byty"]}]


class Superset:
    """A session of one user; of nobody without a name."""

    def __init__(self, user: str | None) -> None:
        self.session = requests.Session()
        if user is None:
            return
        credentials = {"username": user, "password": password(user), "provider": "db"}
        answer = self.session.post(f"{URL}/api/v1/security/login", json=credentials, timeout=30)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = self.get("/api/v1/security/csrf_token/").json()["result"]
        self.session.headers.update({"X-CSRFToken": token, "Referer": URL})

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, URL + path, timeout=120, allow_redirects=False, **options)

    def get(self, path: str) -> requests.Response:
        return self.request("GET", path)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every asset of a kind: chart, dashboard, dataset or saved_query."""
        answer = self.get(f"/api/v1/{kind}/?q=(page_size:1000)")
        answer.raise_for_status()
        return answer.json()["result"]

    def sql(self, statement: str, limit: int = 1000) -> requests.Response:
        """Asks in SQL Lab."""
        warehouse = next(each["id"] for each in self.all("database"))
        question = {"database_id": warehouse, "schema": "mart", "sql": statement, "queryLimit": limit, "runAsync": False}
        return self.request("POST", "/api/v1/sqllab/execute/", json=question)

    def chart_data(self, context: dict[str, Any], filters: list[dict[str, Any]] | None = None) -> requests.Response:
        """What a chart shows, given its query context and what a dashboard's filters add."""
        queries = [{**query, "filters": [*query.get("filters", []), *(filters or [])]} for query in context["queries"]]
        return self.request("POST", "/api/v1/chart/data", json={**context, "queries": queries, "force": True})


def password(user: str) -> str:
    return Path(os.environ["CENOVKA_SUPERSET_HOME"], "secrets", user).read_text().strip()


def warehouse() -> psycopg2.extensions.connection:
    """The warehouse behind the dashboards, as its owner, by libpq's variables."""
    connection = psycopg2.connect("")
    connection.autocommit = True
    return connection


def figure(statement: str) -> Any:
    """The one value that SQL on the warehouse gives."""
    with warehouse().cursor() as cursor:
        cursor.execute(statement)
        ((value,),) = cursor.fetchall()
    return value


def assets(kind: str) -> dict[str, dict[str, Any]]:
    """The assets of a kind in this repository, by the file's name."""
    return {file.stem: yaml.safe_load(file.read_text()) for file in sorted((ASSETS / kind).rglob("*.yaml"))}

"""Superset's settings for Cenovka's dashboards; start.py says where Superset finds this file and which variables it takes.

No secret stands here: start.py makes them once, in a folder that only its owner may enter.
"""

from __future__ import annotations

import os
from copy import deepcopy
from pathlib import Path

from superset.config import DISALLOWED_SQL_FUNCTIONS as DEFAULT_DISALLOWED_SQL_FUNCTIONS
from superset.config import TALISMAN_CONFIG as DEFAULT_TALISMAN_CONFIG
from superset.config import THEME_DEFAULT as DEFAULT_THEME


def _secret(name: str) -> str:
    return Path(os.environ["CENOVKA_SUPERSET_HOME"], "secrets", name).read_text().strip()


SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_METADATA_URI"]
SECRET_KEY = _secret("session")
# The default is a published constant.
GUEST_TOKEN_JWT_SECRET = _secret("guest")

# Who is not logged in sees the login page only, and nobody can register.
AUTH_ROLE_PUBLIC = "Public"
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
# Five tries at a password a second; the default allows any number outside of Superset's own image. The other limit is
# for what a dashboard asks at once.
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "1000 per second"
# There is one process.
RATELIMIT_STORAGE_URI = "memory://"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

APP_NAME = "Cenovka"
THEME_DEFAULT = deepcopy(DEFAULT_THEME)
THEME_DEFAULT["token"]["brandAppName"] = APP_NAME

# Czech numbers and dates: 1 234 567,8 Kč, 24. 11. 2026. Superset's words stay English: it ships no Czech.
D3_FORMAT = {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", "\u00a0Kč"]}
D3_TIME_FORMAT = {
    "dateTime": "%-d. %-m. %Y %H:%M",
    "date": "%-d. %-m. %Y",
    "time": "%H:%M:%S",
    "periods": ["dop.", "odp."],
    "days": ["neděle", "pondělí", "úterý", "středa", "čtvrtek", "pátek", "sobota"],
    "shortDays": ["ne", "po", "út", "st", "čt", "pá", "so"],
    "months": [
        "leden", "únor", "březen", "duben", "květen", "červen",
        "červenec", "srpen", "září", "říjen", "listopad", "prosinec",
    ],
    "shortMonths": ["led", "úno", "bře", "dub", "kvě", "čvn", "čvc", "srp", "zář", "říj", "lis", "pro"],
}  # fmt: skip
CURRENCIES = ["CZK", "EUR"]

# A question of an analyst ends after this many seconds; Postgres ends the analyst's statements after a minute.
SQLLAB_TIMEOUT = 30
SUPERSET_WEBSERVER_TIMEOUT = 60
# Rows of an answer at most, in charts and in SQL Lab.
ROW_LIMIT = 20_000
SQL_MAX_ROW = 50_000

# Functions that store something, hold others up or change the session, and that every login of Postgres may call.
DISALLOWED_SQL_FUNCTIONS = {
    **DEFAULT_DISALLOWED_SQL_FUNCTIONS,
    "postgresql": DEFAULT_DISALLOWED_SQL_FUNCTIONS["postgresql"]
    | {"lo_creat", "lo_create", "lo_from_bytea", "lo_open", "lo_put", "lowrite", "pg_notify", "set_config"}
    | {f"pg_{kind}advisory{scope}_lock{mode}" for kind in ("", "try_") for scope in ("", "_xact") for mode in ("", "_shared")},
}

FEATURE_FLAGS = {"DRILL_TO_DETAIL": True, "DRILL_BY": True, "ALERT_REPORTS": False}

# Maps need no token. OpenStreetMap's tiles are the only thing that a browser asks from elsewhere: the default policy
# also lets in Superset's telemetry pixel, which SCARF_ANALYTICS=false does not switch off in 6.1.0.
DECKGL_BASE_MAP = [["https://tile.openstreetmap.org/{z}/{x}/{y}.png", "OpenStreetMap"]]
TALISMAN_CONFIG = deepcopy(DEFAULT_TALISMAN_CONFIG)
TALISMAN_CONFIG["content_security_policy"].update(
    {
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'", "https://tile.openstreetmap.org"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
    }
)
# OpenStreetMap's tiles may be used by who says where from.
TALISMAN_CONFIG["referrer_policy"] = "strict-origin-when-cross-origin"

# What a map, and a region on it, is coloured by: from cheap to dear.
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "cenovka_price",
        "label": "Price, from cheap to dear",
        "description": "",
        "isDiverging": False,
        "colors": ["#e8f1f8", "#a9cfe5", "#5fa5cd", "#2b77ae", "#0d4a86", "#08285a"],
    }
]


def FLASK_APP_MUTATOR(app: object) -> None:  # noqa: N802
    """Mends what Superset has no setting for."""
    keep_limits()
    share_saved_queries()


def keep_limits() -> None:
    """Keeps a query's own LIMIT: SQL Lab of 6.1.0 puts the number of its drop-down in its place, also where that is larger
    (https://github.com/apache/superset/issues/40070). superset/test says when this is no longer needed."""
    from superset import sql_lab

    superset_apply_limit = sql_lab.apply_limit

    def apply_limit(query, parsed_statement):
        own = parsed_statement.get_limit_value()
        if own is not None and (not query.limit or own < query.limit):
            query.limit = own
        superset_apply_limit(query, parsed_statement)

    sql_lab.apply_limit = apply_limit


def share_saved_queries() -> None:
    """Lets everybody who may read saved queries read those of admin, who loads this folder's: Superset shows to each user
    only what they saved themselves."""
    from flask import g, request
    from superset.models.sql_lab import SavedQuery
    from superset.queries.saved_queries.filters import SavedQueryFilter

    def apply(self, query, value):
        own = SavedQuery.created_by == g.user
        if request.method != "GET":
            return query.filter(own)
        return query.filter(own | SavedQuery.created_by.has(username="admin"))

    SavedQueryFilter.apply = apply

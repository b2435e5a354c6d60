#!/usr/bin/env python3
"""Prints the LIMIT that Superset, without superset_config.py, gives a query whose own is 3 where the drop-down says 1000."""

import os
import tempfile
from types import SimpleNamespace

os.environ["SUPERSET_HOME"] = tempfile.mkdtemp()
os.environ["SUPERSET_SECRET_KEY"] = os.urandom(32).hex()
os.environ.pop("SUPERSET_CONFIG_PATH", None)

from superset.app import create_app  # noqa: E402

with create_app().app_context():
    from superset import sql_lab
    from superset.db_engine_specs.postgres import PostgresEngineSpec
    from superset.sql.parse import SQLStatement

    statement = SQLStatement("select 1 limit 3", "postgresql")
    database = SimpleNamespace(db_engine_spec=PostgresEngineSpec)
    sql_lab.apply_limit(SimpleNamespace(limit=1000, select_as_cta_used=False, database=database), statement)
    print(statement.get_limit_value())

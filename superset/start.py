#!/usr/bin/env python3
"""Makes a Superset out of this folder and serves it: migrates its metadata, makes roles and users, loads the assets.

A second start finds all that and changes nothing: what was done is told by a digest of this folder, kept with the
metadata. Whoever changes a dashboard in Superset keeps the change until this folder changes.

It prints a line for each step and `ready` when the server listens; on failure it says why and exits with 1.
Ctrl-C or SIGTERM end it.

Environment:
  CENOVKA_SUPERSET_HOME   folder for secrets and whatever Superset writes, made if it is missing. The passwords of the
                          users `viewer` and `admin` are in secrets/viewer and secrets/admin
  SUPERSET_METADATA_URI   where Superset keeps its own data, for example postgresql+psycopg2://superset@/superset
  CENOVKA_DASHBOARD_BIND  address to listen on, for example 127.0.0.1:8088
  PGHOST, PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE, …
                          the warehouse and a login there that reads its marts and nothing else, by libpq's variables:
                          so they stand in no file and not in Superset's metadata either
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
ASSETS = FOLDER / "assets"
USERS = ("viewer", "admin")
# Uuid in assets/databases/warehouse.yaml.
WAREHOUSE = "7f3f6a31-51a9-5d4c-9a63-6d1f0c8f2b10"

# What a viewer may do beside what Superset grants for looking at dashboards: look at charts and ask in SQL Lab. To
# write, export or import an asset is not among it.
VIEWER_PERMISSIONS = {
    # Menus and what every page asks.
    *(("menu_access", menu) for menu in ("Home", "Dashboards", "Charts", "SQL Lab", "SQL Editor", "Saved Queries", "Query Search")),
    ("can_get", "MenuApi"),
    ("can_read", "SecurityRestApi"),
    ("can_read", "AvailableDomains"),
    ("can_read", "AdvancedDataType"),
    ("can_language_pack", "Superset"),
    ("can_log", "Superset"),
    ("can_recent_activity", "Log"),
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
    # Charts, and their data as CSV.
    ("can_read", "Dataset"),
    ("can_get_drill_info", "Dataset"),
    ("can_read", "Explore"),
    ("can_explore", "Superset"),
    ("can_read", "ExploreFormDataRestApi"),
    ("can_write", "ExploreFormDataRestApi"),
    ("can_fetch_datasource_metadata", "Superset"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_view_query", "Dashboard"),
    ("can_drill", "Dashboard"),
    ("can_share_dashboard", "Superset"),
    ("can_write", "DashboardPermalinkRestApi"),
    ("can_csv", "Superset"),
    # SQL Lab, with tabs of one's own.
    ("can_read", "Superset"),
    ("can_read", "Database"),
    ("can_read", "Query"),
    ("can_read", "SavedQuery"),
    ("can_list", "SavedQuery"),
    ("can_read", "SQLLab"),
    ("can_sqllab", "Superset"),
    ("can_sqllab_history", "Superset"),
    ("can_execute_sql_query", "SQLLab"),
    ("can_get_results", "SQLLab"),
    ("can_format_sql", "SQLLab"),
    ("can_export_csv", "SQLLab"),
    *((do, "TabStateView") for do in ("can_activate", "can_get", "can_post", "can_put", "can_delete", "can_delete_query")),
    *((do, "TableSchemaView") for do in ("can_post", "can_expanded", "can_delete")),
}

# Where steps are said. What Superset prints on standard output is none, and goes where its log goes.
STEPS = os.dup(1)


def main() -> None:
    os.dup2(2, 1)
    home, metadata_uri, bind = (
        setting(name) for name in ("CENOVKA_SUPERSET_HOME", "SUPERSET_METADATA_URI", "CENOVKA_DASHBOARD_BIND")
    )
    made = make_secrets(Path(home))
    check_warehouse()
    os.environ.setdefault("SUPERSET_HOME", home)
    os.environ["SUPERSET_CONFIG_PATH"] = str(FOLDER / "superset_config.py")

    say("starting Superset")
    logging.disable(logging.INFO)
    from superset.app import create_app

    app = create_app()
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        digest = digest_of_folder()
        if digest != digest_of_last_start(metadata_uri):
            migrate()
            make_roles()
            make_users(home, made=USERS)
            load_assets()
            keep_digest(digest)
        elif made:
            make_users(home, made)
        from superset import db

        # Connections are not to be shared with the server's process.
        db.session.remove()
        db.engine.dispose()
    serve(app, bind)


def say(step: str) -> None:
    os.write(STEPS, f"{step}\n".encode())


def setting(name: str) -> str:
    return os.environ.get(name) or sys.exit(f"{name} is not set: superset/start.py says what it is for")


def make_secrets(home: Path) -> list[str]:
    """Makes the secrets that are missing, and returns which."""
    os.umask(0o077)
    folder = home / "secrets"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, length in (("session", 32), ("guest", 32), ("viewer", 9), ("admin", 9)):
        file = folder / name
        if not file.exists():
            new = file.with_suffix(".new")
            new.write_text(secrets.token_urlsafe(length) + "\n")
            new.rename(file)
            made.append(name)
    return made


def check_warehouse() -> None:
    """Ends with a message where the login cannot read marts, or can read more than marts."""
    import psycopg2

    try:
        connection = psycopg2.connect("", connect_timeout=10)
    except psycopg2.OperationalError as error:
        sys.exit(f"cannot reach the warehouse: {str(error).strip()}; it is named by PGHOST, PGUSER, PGDATABASE, …")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            select current_user, current_database(), nspname, has_schema_privilege(oid, 'usage')
            from pg_namespace
            where nspname in ('mart', 'warehouse')
            """
        )
        usage = {schema: (user, database, may) for user, database, schema, may in cursor.fetchall()}
    connection.close()
    if "mart" not in usage:
        sys.exit(f"{os.environ.get('PGDATABASE', 'the database')} has no schema mart: let the migrator make the schema first")
    user, database, may_read_marts = usage["mart"]
    if not may_read_marts:
        sys.exit(f"{user} may not read the marts of {database}: grant it the role cenovka_analyst")
    if usage.get("warehouse", (None, None, False))[2]:
        sys.exit(
            f"{user} may read more of {database} than its marts, and whoever uses the dashboards could: "
            "give PGUSER a login that is in the role cenovka_analyst and in no other"
        )


def digest_of_folder() -> str:
    """Of everything that a start puts into the metadata."""
    digest = hashlib.sha256(os.environ.get("PGDATABASE", "").encode())
    for file in (FOLDER / "requirements.txt", Path(__file__), *sorted(ASSETS.rglob("*.yaml"))):
        digest.update(file.relative_to(FOLDER).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def digest_of_last_start(metadata_uri: str) -> str | None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(metadata_uri)
    try:
        if not sqlalchemy.inspect(engine).has_table("cenovka_assets"):
            return None
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text("select digest from cenovka_assets")).scalar()
    except sqlalchemy.exc.OperationalError as error:
        sys.exit(f"cannot reach Superset's own database at SUPERSET_METADATA_URI: {error.orig}")
    finally:
        engine.dispose()


def migrate() -> None:
    say("migrating Superset's own database")
    import flask_migrate
    import superset

    flask_migrate.upgrade(directory=str(Path(superset.__file__).parent / "migrations"))


def make_roles() -> None:
    say("making roles")
    from superset import appbuilder, security_manager

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()


def make_users(home: str, made: list[str] | tuple[str, ...]) -> None:
    """Makes the users, and gives those whose password was made anew that password."""
    say("making users")
    from superset import security_manager

    for name in USERS:
        password = Path(home, "secrets", name).read_text().strip()
        user = security_manager.find_user(name)
        if user is None:
            role = security_manager.find_role("Admin") if name == "admin" else security_manager.add_role("Viewer")
            if not security_manager.add_user(name, name.title(), "", f"{name}@localhost", role, password=password):
                sys.exit(f"cannot make Superset's user {name}")
        elif name in made:
            security_manager.reset_password(user.id, password)


def load_assets() -> None:
    """Loads the assets, removes those that an earlier start loaded and that are gone, and lets viewers read the marts."""
    say("loading dashboards")
    from superset import db, security_manager
    from superset.commands.exceptions import CommandInvalidError
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    contents = {file.relative_to(ASSETS).as_posix(): file.read_text() for file in sorted(ASSETS.rglob("*.yaml"))}
    warehouse = contents["databases/warehouse.yaml"]
    database = os.environ.get("PGDATABASE", "cenovka")
    contents["databases/warehouse.yaml"] = warehouse.replace("psycopg2:///cenovka", f"psycopg2:///{database}")
    with override_user(security_manager.find_user("admin")):
        try:
            ImportAssetsCommand(contents).run()
        except CommandInvalidError as error:
            sys.exit(f"cannot load superset/assets: {error.normalized_messages()}")
    link_layers()
    grant_viewer()
    remove_former(contents)
    db.session.commit()


def link_layers() -> None:
    """A chart of several layers names them by numbers, which differ in each Superset: here they are named by UUIDs, and the
    import does not know of that."""
    from superset import db
    from superset.models.slice import Slice

    for chart in db.session.query(Slice).filter_by(viz_type="deck_multi"):
        params = json.loads(chart.params)
        # Charts that users made have numbers already.
        for place, uuid in enumerate(params["deck_slices"]):
            if isinstance(uuid, str):
                layer = db.session.query(Slice).filter_by(uuid=uuid).one_or_none()
                if layer is None:
                    sys.exit(f"cannot load superset/assets: {chart.slice_name} has a layer that is not there")
                params["deck_slices"][place] = layer.id
        chart.params = json.dumps(params)


def grant_viewer() -> None:
    from superset import db, security_manager
    from superset.models.core import Database

    warehouse = db.session.query(Database).filter_by(uuid=WAREHOUSE).one()
    granted = {*security_manager.PUBLIC_ROLE_PERMISSIONS, *VIEWER_PERMISSIONS}
    # Superset calls the schema by one name for datasets and by another in SQL Lab.
    marts = [
        ("schema_access", security_manager.get_schema_perm(warehouse.database_name, catalog, "mart"))
        for catalog in (None, warehouse.get_default_catalog())
    ]
    permissions = [*marts, *sorted(granted)]
    role = security_manager.add_role("Viewer")
    role.permissions = [security_manager.add_permission_view_menu(*permission) for permission in permissions]


def remove_former(contents: dict[str, str]) -> None:
    """Superset's import leaves alone what is no longer there."""
    import sqlalchemy
    import yaml
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    from superset.models.sql_lab import SavedQuery

    kinds = {"dashboards": Dashboard, "charts": Slice, "queries": SavedQuery, "datasets": SqlaTable}
    now = {kind: [] for kind in kinds}
    for name, text in contents.items():
        kind = name.split("/")[0]
        if kind in now:
            now[kind].append(yaml.safe_load(text)["uuid"])
    db.session.execute(
        sqlalchemy.text("create table if not exists cenovka_assets (digest text not null, assets text not null)")
    )
    former: dict[str, Any] = json.loads(
        db.session.execute(sqlalchemy.text("select assets from cenovka_assets")).scalar() or "{}"
    )
    for kind, model in kinds.items():
        for uuid in set(former.get(kind, ())) - set(now[kind]):
            for asset in db.session.query(model).filter_by(uuid=uuid):
                db.session.delete(asset)
    db.session.execute(sqlalchemy.text("delete from cenovka_assets"))
    insert = sqlalchemy.text("insert into cenovka_assets (digest, assets) values ('', :assets)")
    db.session.execute(insert, {"assets": json.dumps(now)})


def keep_digest(digest: str) -> None:
    import sqlalchemy
    from superset import db

    db.session.execute(sqlalchemy.text("update cenovka_assets set digest = :digest"), {"digest": digest})
    db.session.commit()


def serve(app: object, bind: str) -> None:
    """Serves until it is told to end."""
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            options = {
                "bind": bind,
                # One process: its memory is the larger part of what a dashboard costs, and its threads mostly wait for
                # Postgres.
                "workers": 1,
                "worker_class": "gthread",
                "threads": 8,
                "timeout": 120,
                "graceful_timeout": 2,
                "loglevel": "warning",
                "when_ready": lambda _server: say("ready"),
            }
            # Superset allows versions, and its image may have one, that have no such socket yet.
            if "control_socket_disable" in self.cfg.settings:
                options["control_socket_disable"] = True
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            return app

    Server().run()


if __name__ == "__main__":
    main()

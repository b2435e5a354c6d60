"""The floor: how fast Postgres takes the rows that Cenovka ends with, if they only have to be copied."""

import time

from postgres import Postgres


def floor_seconds(postgres: Postgres, database: str) -> float:
    """Copies every table of the schema `warehouse` that has rows into an empty one with the same columns, indexes and
    checks; the time of the copies alone. Binary files on the server's side: no client, no network."""
    with postgres.connect(database) as connection:
        tables = connection.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'warehouse'::regnamespace order by relname"
        ).fetchall()
        connection.execute("create schema floor")
        files = {}
        for (table,) in tables:
            file = postgres.folder / f"{table}.copy"
            copied = connection.execute(f"copy warehouse.{table} to '{file}' (format binary)").rowcount
            if copied:
                files[table] = file
                connection.execute(f"create table floor.{table} (like warehouse.{table} including all)")
        connection.execute("checkpoint")
        began = time.perf_counter()
        with connection.transaction():
            for table, file in files.items():
                connection.execute(f"copy floor.{table} from '{file}' (format binary)")
        seconds = time.perf_counter() - began
        connection.execute("drop schema floor cascade")
    return seconds

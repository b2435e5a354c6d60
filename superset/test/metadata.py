#!/usr/bin/env python3
"""Prints what Superset keeps of assets, users and roles, for two starts to be compared by."""

import os

import psycopg2

# Each with what would differ if it were made anew or written to.
TABLES = {
    "cenovka_assets": "digest",
    "dashboards": "id, slug, changed_on",
    "slices": "id, slice_name, changed_on",
    "tables": "id, table_name, changed_on",
    "dbs": "id, database_name, changed_on",
    "saved_query": "id, label, changed_on",
    "ab_user": "id, username, password, changed_on",
    "ab_role": "id, name",
    "ab_permission_view_role": "id, role_id, permission_view_id",
    "alembic_version": "version_num",
}

with psycopg2.connect("", dbname=os.environ.get("CENOVKA_SUPERSET_DATABASE", "superset")) as connection, connection.cursor() as cursor:
    for table, columns in TABLES.items():
        cursor.execute(f"select {columns} from {table} order by 1, 2" if "," in columns else f"select {columns} from {table}")
        for row in cursor.fetchall():
            print(table, *row)

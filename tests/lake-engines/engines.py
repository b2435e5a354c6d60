"""Asks the lake what DuckDB, Polars, pandas and Spark can ask, and prints the answers as JSON, a line for each engine.

usage: engines.py FOLDER QUERIES

FOLDER is the bucket as a folder, QUERIES a JSON object of names and SQL. DuckDB and Spark read the folder; Polars and pandas
read the same bucket over S3, as AWS_ENDPOINT_URL and its like say.
"""

import json
import os
import sys
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.fs

# What the marts of the saved queries are made of.
OVERALL = "create view mart.price_per_m2_overall as select * from mart.price_level where place <> 'district' or all_sub_categories"


def main() -> None:
    folder, queries = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    manifest = json.loads((folder / "lake/manifest.json").read_text(encoding="utf-8"))
    keys = {name: [file["key"] for file in dataset["files"]] for name, dataset in manifest["datasets"].items()}
    tell("duckdb", with_duckdb(folder, keys, queries))
    tell("polars", with_polars(keys["current_listing"]))
    tell("pandas", with_pandas(keys["current_listing"]))
    tell("spark", with_spark(folder, keys["current_listing"]))


def tell(engine: str, answer: object) -> None:
    print(json.dumps({engine: answer}, default=str, ensure_ascii=False), flush=True)


def with_duckdb(folder: Path, keys: dict[str, list[str]], queries: dict[str, str]) -> dict[str, list]:
    """The saved queries, word by word."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; create schema mart")
    for dataset, files in keys.items():
        paths = [str(folder / key) for key in files]
        connection.execute(f"create view mart.{dataset} as select * from read_parquet({paths})")
    connection.execute(OVERALL)
    return {name: connection.execute(sql).fetchall() for name, sql in queries.items()}


def with_polars(keys: list[str]) -> list:
    """On offer by category and deal: listings, sum of prices, first sighting in microseconds."""
    options = {
        "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"],
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "aws_region": os.environ["AWS_REGION"],
        "aws_allow_http": "true",
        "aws_virtual_hosted_style_request": "false",
    }
    bucket = os.environ["LAKE_BUCKET"]
    listing = polars.scan_parquet([f"s3://{bucket}/{key}" for key in keys], storage_options=options)
    answer = listing.group_by("category", "deal").agg(
        polars.len(), polars.col("total_price").sum(), polars.col("first_seen").min().dt.timestamp("us").alias("first")
    )
    return [list(row) for row in answer.sort("category", "deal").collect().iter_rows()]


def with_pandas(keys: list[str]) -> list:
    endpoint = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    s3 = pyarrow.fs.S3FileSystem(
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region=os.environ["AWS_REGION"],
        endpoint_override=endpoint,
        scheme="http",
    )
    paths = [f"{os.environ['LAKE_BUCKET']}/{key}" for key in keys]
    listing = pandas.read_parquet(paths, filesystem=s3)
    answer = listing.groupby(["category", "deal"]).agg(
        listings=("hash_id", "size"), total=("total_price", "sum"), first=("first_seen", "min")
    )
    epoch = pandas.Timestamp("1970-01-01", tz="UTC")
    return [
        [*key, int(row.listings), int(row.total), (row["first"] - epoch) // pandas.Timedelta(microseconds=1)]
        for key, row in answer.sort_index().iterrows()
    ]


def with_spark(folder: Path, keys: list[str]) -> list:
    from pyspark.sql import SparkSession  # starts a JVM, so last

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    listing = spark.read.parquet(*(str(folder / key) for key in keys))
    listing.createOrReplaceTempView("current_listing")
    answer = spark.sql(
        "select category, deal, count(*), sum(total_price), min(unix_micros(first_seen)) from current_listing"
        " group by category, deal order by category, deal"
    )
    rows = [list(row) for row in answer.collect()]
    spark.stop()
    return rows


main()

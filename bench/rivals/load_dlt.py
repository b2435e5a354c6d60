"""Loads JSON lines with dlt: load_dlt.py FILE URL. Keeps what it knows of earlier loads in the current folder."""

import sys

import dlt
import orjson

CHUNK = 1000


@dlt.resource(name="listings", primary_key="hash_id", write_disposition="merge", max_table_nesting=0)
def listings(file: str):
    chunk = []
    with open(file, "rb") as lines:
        for line in lines:
            chunk.append(orjson.loads(line))
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    yield chunk


if __name__ == "__main__":
    _, file, url = sys.argv
    postgres = dlt.destinations.postgres(url)
    pipeline = dlt.pipeline("bench", pipelines_dir="pipelines", destination=postgres, dataset_name="portal")
    pipeline.run(listings(file), loader_file_format="csv").raise_on_failed_jobs()

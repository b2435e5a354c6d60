#!/usr/bin/env python3
"""Executes the notebook over the warehouse that libpq's variables name, and fails unless every plot shows data.

Whoever these variables name must own the warehouse: the login `analyst`, as which the notebook runs, is made first.
Each plot is written to the folder that is given, to be looked at.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import nbclient
import nbformat
import psycopg

NOTEBOOK = Path(__file__).resolve().parent.parent / "market.ipynb"
CHECK = Path(__file__).resolve().with_name("figures.py")
ANALYST = Path(__file__).resolve().parents[2] / "cli/src/dashboard/analyst.sql"
# As in compose.
READ_ONLY = "alter role analyst set default_transaction_read_only = on"


def main() -> None:
    pictures = Path(sys.argv[1])
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if any(cell.outputs or cell.execution_count for cell in code):
        sys.exit(f"{NOTEBOOK.name} has outputs: clear them before you commit it")

    with psycopg.connect() as owner:
        owner.execute(ANALYST.read_text())
        owner.execute(READ_ONLY)
    os.environ["PGUSER"] = "analyst"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    # Figures stay open until the check has seen them; Jupyter's own backend closes each with its cell.
    os.environ |= {"MPLBACKEND": "agg", "CENOVKA_PICTURES": str(pictures.resolve())}
    expected = sum("plt.subplots(" in cell.source for cell in code)
    check = f"EXPECTED_FIGURES = {expected}\n{CHECK.read_text()}"
    notebook.cells.append(nbformat.v4.new_code_cell(check))
    try:
        nbclient.NotebookClient(notebook, timeout=300).execute()
    except nbclient.exceptions.CellExecutionError as failure:
        sys.exit(re.sub(r"\x1b\[[0-9;]*m", "", str(failure)))
    print(f"{len(code)} cells ran as the analyst, and each of {expected} plots shows data: {pictures}")


if __name__ == "__main__":
    main()

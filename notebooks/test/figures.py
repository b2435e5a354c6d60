"""The last cell when execute.py runs the notebook: fails unless all figures are there and nothing in them is empty."""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection, QuadMesh


def values(artist):
    """What an artist shows: points, the corners of areas, or a map's values."""
    if isinstance(artist, PathCollection):
        return np.ma.filled(artist.get_offsets(), np.nan)
    if isinstance(artist, QuadMesh):
        return np.ma.filled(artist.get_array().astype(float), np.nan).reshape(-1, 1)
    return np.array([corner for path in artist.get_paths() for corner in path.vertices]).reshape(-1, 2)


def is_empty(points):
    return not np.isfinite(points).all(axis=1).any()


def faults(axes):
    if any(is_empty(line.get_xydata()) for line in axes.lines):
        yield "has a line without a point"
    if any(is_empty(values(collection)) for collection in axes.collections):
        yield "has dots, an area or a map without a value"
    # Bars and boxes; one of them may be nothing.
    if axes.patches and all(is_flat(patch) for patch in axes.patches):
        yield "has bars without a height"
    if not (axes.lines or axes.collections or axes.patches):
        yield "is empty"
    if not axes.get_title():
        yield "has no title"


def is_flat(patch):
    box = patch.get_path().get_extents(patch.get_patch_transform())
    return not box.width * box.height > 0


found = plt.get_fignums()
assert len(found) == EXPECTED_FIGURES > 0, f"{len(found)} figures, and {EXPECTED_FIGURES} cells that make one"
for position, figure in enumerate(map(plt.figure, found), 1):
    figure.savefig(Path(os.environ["CENOVKA_PICTURES"], f"{position:02}.png"), bbox_inches="tight")
    for axes in (axes for axes in figure.axes if axes.get_label() != "<colorbar>"):
        wrong = list(faults(axes))
        assert not wrong, f"plot {position}, {axes.get_title()!r}: {wrong}"

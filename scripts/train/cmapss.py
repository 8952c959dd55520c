"""Reads C-MAPSS FD001: engines that run until they fail (train), and engines cut off at some moment (test)."""

import gzip
from pathlib import Path

import numpy as np

WINDOW = 30
# Number in the files -> name. The other seven of the 21 sensors are constant in FD001.
SENSORS = {
    2: "T24",
    3: "T30",
    4: "T50",
    7: "P30",
    8: "Nf",
    9: "Nc",
    11: "Ps30",
    12: "phi",
    13: "NRf",
    14: "NRc",
    15: "BPR",
    17: "htBleed",
    20: "W31",
    21: "W32",
}
# A row is engine, cycle, three settings, then the sensors from 1.
FIRST_SENSOR_COLUMN = 5


def engines(folder: Path, part: str) -> dict[int, np.ndarray]:
    """Gives cycles x sensors of each engine, in raw units."""
    with gzip.open(folder / f"{part}_FD001.txt.gz", "rt") as file:
        rows = np.loadtxt(file)
    columns = [FIRST_SENSOR_COLUMN + number - 1 for number in SENSORS]
    return {int(unit): rows[rows[:, 0] == unit][:, columns] for unit in np.unique(rows[:, 0])}


def true_rul(folder: Path) -> np.ndarray:
    return np.loadtxt(folder / "RUL_FD001.txt")


def windows(engine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives all windows of an engine that ran until it failed, and the cycles that were left after each."""
    views = np.lib.stride_tricks.sliding_window_view(engine, (WINDOW, engine.shape[1]))[:, 0]
    return views, np.arange(len(views) - 1, -1, -1).astype(float)

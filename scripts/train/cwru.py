"""Reads the CWRU recordings and splits each by time, so that no two splits share a sample."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import firwin

from bearing_signals import WINDOW

# file -> label. Label order is that of bearing_signals.LABELS.
RECORDINGS = {
    "1797_Normal_DE.f32": 0,
    "1797_IR_7_DE12_DE.f32": 1,
    "1797_IR_14_DE12_DE.f32": 1,
    "1797_IR_21_DE12_DE.f32": 1,
    "1797_ORat6_7_DE12_DE.f32": 2,
    "1797_ORat6_14_DE12_DE.f32": 2,
    "1797_ORat6_21_DE12_DE.f32": 2,
    "1797_B_7_DE12_DE.f32": 3,
    "1797_B_14_DE12_DE.f32": 3,
    "1797_B_21_DE12_DE.f32": 3,
}

# The baseline was sampled at 48 kHz, whatever its neighbours say: only then do its lines (161.8, 360, 540.7, 658.4, 688.3,
# 973.4 Hz) fall on those of the 12 kHz recordings of the same machine.
NORMAL_FACTOR = 4
# Odd, so that the delay is a whole sample; 5.5 kHz is where the 12 kHz recordings were cut off too.
DECIMATION_TAPS = 129
DECIMATION_CUTOFF_HZ = 5500


@dataclass(frozen=True)
class Recording:
    name: str
    label: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def load(folder: Path) -> list[Recording]:
    return [split(name, label, read(folder / name)) for name, label in RECORDINGS.items()]


def read(path: Path) -> np.ndarray:
    samples = np.fromfile(path, "<f4")
    if "Normal" not in path.name:
        return samples
    taps = firwin(DECIMATION_TAPS, DECIMATION_CUTOFF_HZ, fs=48_000, window="hamming")
    return np.convolve(samples, taps, mode="valid")[::NORMAL_FACTOR].astype(np.float32)


def split(name: str, label: int, samples: np.ndarray) -> Recording:
    """First 60 % train, next 10 % validation, last 30 % test; each later part starts one window late: the gap."""
    n = len(samples)
    a, b = int(n * 0.6), int(n * 0.7)
    return Recording(name, label, samples[:a], samples[a + WINDOW : b], samples[b + WINDOW :])


def windows(samples: np.ndarray, hop: int) -> np.ndarray:
    starts = range(0, len(samples) - WINDOW + 1, hop)
    return np.stack([samples[s : s + WINDOW] for s in starts])

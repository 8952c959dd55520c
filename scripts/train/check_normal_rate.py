"""Shows at which rate CWRU's baseline was sampled. Usage: python check_normal_rate.py --data DATA_FOLDER

The baseline and the nine faulty recordings come from one machine, so its lines must fall on theirs. Each candidate rate
places the lines of the baseline elsewhere; printed is the correlation with the lines of the faulty recordings.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.ndimage import median_filter

from cwru import RECORDINGS

FAULT_RATE = 12_000
GRID_HZ = np.arange(100, 1200, 0.05)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, required=True)
    folder = arguments.parse_args().data / "cwru"
    normal, *faults = [lines(np.fromfile(folder / name, "<f4")) for name in RECORDINGS]
    machine = sum(at_rate(fault, FAULT_RATE) for fault in faults)
    rates = np.arange(6_000, 60_001, 20)
    match = [np.corrcoef(at_rate(normal, rate), machine)[0, 1] for rate in rates]
    best = int(np.argmax(match))
    print(f"12000 Hz: {match[int(np.flatnonzero(rates == FAULT_RATE)[0])]:.2f}")
    print(f"best of 6 to 60 kHz: {rates[best]} Hz, {match[best]:.2f}")


def lines(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives the log spectrum above its own running median: lines stand out, broad humps vanish."""
    centred = samples.astype(float) - samples.mean()
    spectrum = np.log(np.abs(np.fft.rfft(centred * np.hanning(len(centred)))))
    return np.fft.rfftfreq(len(samples)), np.maximum(spectrum - median_filter(spectrum, 301), 0)


def at_rate(spectrum: tuple[np.ndarray, np.ndarray], rate: float) -> np.ndarray:
    frequency, height = spectrum
    return np.interp(GRID_HZ, frequency * rate, height)


if __name__ == "__main__":
    main()

"""Generates vibration of 6205-2RS bearings, healthy and worn, with wide variation.

The physics is that of src/sim/bearing.ts; the numbers vary far more, so that a model cannot learn one setting by heart.
"""

from dataclasses import dataclass

import numpy as np

SAMPLE_RATE = 12_000
WINDOW = 2048
LABELS = ["normal", "inner", "outer", "ball"]

# 6205-2RS: impacts a shaft turn (outer race, inner race, ball spin, cage).
BPFO, BPFI, BSF, FTF = 3.585, 5.415, 2.357, 0.398


@dataclass(frozen=True)
class Signal:
    samples: np.ndarray
    label: int


def random_signal(rng: np.random.Generator, label: int, count: int = WINDOW) -> Signal:
    """Draws one window of the class: machine noise, and for a fault the ringing of its impacts."""
    shaft_hz = rng.uniform(1700, 1860) / 60
    background = machine(rng, shaft_hz, count)
    background /= background.std()
    if label == 0:
        # A healthy bearing may still tick faintly: too faint to call it a fault.
        if rng.random() < 0.5:
            kind = int(rng.integers(1, 4))
            background = background + rng.uniform(0, 0.35) * impacts(rng, kind, shaft_hz, count)
    else:
        # Peak of the ringing in units of the noise's standard deviation.
        strength = np.exp(rng.uniform(np.log(1.6), np.log(25)))
        background = background + strength * impacts(rng, label, shaft_hz, count)
    gain = np.exp(rng.uniform(np.log(0.02), np.log(2)))
    return Signal((gain * background + rng.normal(0, 0.01) * gain).astype(np.float32), label)


def machine(rng: np.random.Generator, shaft_hz: float, count: int) -> np.ndarray:
    """Noise of a random colour, shaft harmonics, and lines that have nothing to do with the bearing."""
    t = np.arange(count) / SAMPLE_RATE
    out = coloured_noise(rng, count)
    harmonics = rng.integers(0, 6)
    for k in range(1, harmonics + 1):
        out += rng.uniform(0, 1.2) / k * np.sin(2 * np.pi * k * shaft_hz * t + rng.uniform(0, 2 * np.pi))
    for _ in range(rng.integers(0, 5)):
        line = rng.uniform(40, 5000)
        depth = rng.uniform(0, 0.5) if rng.random() < 0.3 else 0.0
        wobble = 1 + depth * np.sin(2 * np.pi * shaft_hz * t + rng.uniform(0, 2 * np.pi))
        out += rng.uniform(0, 0.8) * wobble * np.sin(2 * np.pi * line * t + rng.uniform(0, 2 * np.pi))
    return out


def coloured_noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """White noise shaped by a slope and up to three broad resonances: a resonance alone is no fault."""
    freq = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    shape = np.ones_like(freq)
    if rng.random() < 0.7:
        shape /= (1 + freq / rng.uniform(200, 6000)) ** rng.uniform(0, 1.5)
        for _ in range(rng.integers(0, 4)):
            centre, width = rng.uniform(300, 5500), rng.uniform(60, 900)
            shape += rng.uniform(0, 3) * np.exp(-(((freq - centre) / width) ** 2))
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=count)) * shape, count)
    return noise / noise.std()


def impacts(rng: np.random.Generator, label: int, shaft_hz: float, count: int) -> np.ndarray:
    """Ringing of one resonance at the moments when the damaged surface is struck; peaks near 1."""
    orders = {1: BPFI, 2: BPFO, 3: BSF * (2 if rng.random() < 0.3 else 1)}
    rate = orders[label] * shaft_hz
    jitter = rng.uniform(0, 0.025)
    resonance = rng.uniform(1500, 5000)
    decay = rng.uniform(400, 2500)
    length = int(min(4 / decay, 0.01) * SAMPLE_RATE) + 8
    second = rng.uniform(800, 5500) if rng.random() < 0.4 else None

    out = np.zeros(count + length)
    phase = rng.uniform(0, 2 * np.pi)
    depth = {1: rng.uniform(0.3, 1), 2: rng.uniform(0, 0.2), 3: rng.uniform(0.2, 1)}[label]
    turn = {1: shaft_hz, 2: shaft_hz, 3: FTF * shaft_hz}[label]
    moment = rng.uniform(-1, 0) / rate - length / SAMPLE_RATE
    n = np.arange(length)
    while moment < count / SAMPLE_RATE:
        modulation = (1 + depth * np.cos(2 * np.pi * turn * moment + phase)) / (1 + depth)
        start = moment * SAMPLE_RATE
        first = int(np.ceil(start))
        tau = (first + n - start) / SAMPLE_RATE
        burst = np.exp(-decay * tau) * np.sin(2 * np.pi * resonance * tau)
        if second is not None:
            burst += 0.5 * np.exp(-decay * tau) * np.sin(2 * np.pi * second * tau)
        lo, hi = max(first, 0), min(first + length, count)
        if hi > lo:
            out[lo:hi] += modulation * rng.uniform(0.8, 1.2) * burst[lo - first : hi - first]
        moment += (1 + jitter * rng.normal()) / rate
    return out[:count]

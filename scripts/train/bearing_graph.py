"""Builds the ONNX graph of the bearing models: raw window in, probabilities out.

The feature part is run by onnxruntime while training, so there is no second feature code that could drift from it.
"""

from dataclasses import dataclass

import numpy as np
import onnx

from bearing_signals import WINDOW
from onnx_graph import GraphBuilder, add_mlp

EPSILON = 1e-6


@dataclass(frozen=True)
class FeatureSpec:
    # Spectrum: Hann frames of this length, averaged.
    spectrum_frame: int
    # Envelope: frames of this length; each gives the amplitude in the bands (bins of the frame's DFT).
    envelope_frame: int
    envelope_bands: tuple[int, ...]
    # Bins of the envelope's spectrum from 1; a bin is SAMPLE_RATE / WINDOW = 5.86 Hz wide.
    envelope_bins: int


SMALL = FeatureSpec(spectrum_frame=128, envelope_frame=8, envelope_bands=(1, 2, 3), envelope_bins=64)
LARGE = FeatureSpec(spectrum_frame=256, envelope_frame=16, envelope_bands=(1, 2, 3, 4, 5, 6, 7), envelope_bins=63)


def add_features(g: GraphBuilder, spec: FeatureSpec) -> tuple[str, int]:
    """Adds mean removal, gain removal, log spectrum, log envelope spectra and kurtosis; returns name and width."""
    mean = g.add("ReduceMean", "window", axes=[1])
    centred = g.add("Sub", "window", mean)
    power = g.add("ReduceMean", g.add("Mul", centred, centred), axes=[1])
    rms = g.add("Add", g.add("Sqrt", power), g.floats(EPSILON))
    x = g.add("Div", centred, rms)

    parts = [spectrum(g, x, spec), *envelope(g, x, spec), kurtosis(g, x)]
    width = spec.spectrum_frame // 2 + len(spec.envelope_bands) * (spec.envelope_bins + 1) + 1
    return g.add("Concat", *parts, axis=1), width


def spectrum(g: GraphBuilder, x: str, spec: FeatureSpec) -> str:
    n = spec.spectrum_frame
    bins = np.arange(1, n // 2 + 1)
    hann = np.hanning(n + 1)[:n, None] * np.sqrt(8 / 3 / n)
    angle = 2 * np.pi * np.arange(n)[:, None] * bins[None, :] / n
    frames = g.add("Reshape", x, g.ints([-1, WINDOW // n, n]))
    dft = g.add("MatMul", frames, g.floats(np.hstack([hann * np.cos(angle), hann * np.sin(angle)])))
    power = g.add("ReduceMean", g.add("Mul", dft, dft), axes=[1], keepdims=0)
    real, imaginary = g.halves(power, n // 2, axis=1)
    return log(g, g.add("Add", real, imaginary), 1e-5)


def envelope(g: GraphBuilder, x: str, spec: FeatureSpec) -> list[str]:
    """How strongly, and how fast, the amplitude of each band is modulated: the mark of repeated impacts."""
    n, bands = spec.envelope_frame, np.array(spec.envelope_bands)
    count = WINDOW // n
    taper = np.hanning(n + 2)[1:-1, None]
    angle = 2 * np.pi * np.arange(n)[:, None] * bands[None, :] / n
    frames = g.add("Reshape", x, g.ints([-1, count, n]))
    dft = g.add("MatMul", frames, g.floats(np.hstack([taper * np.cos(angle), taper * np.sin(angle)])))
    real, imaginary = g.halves(g.add("Mul", dft, dft), len(bands), axis=2)
    amplitude = g.add("Sqrt", g.add("Add", g.add("Add", real, imaginary), g.floats(1e-9)))

    bandwise = g.add("Transpose", amplitude, perm=[0, 2, 1])
    level = g.add("ReduceMean", bandwise, axes=[2])
    relative = g.add("Sub", g.add("Div", bandwise, g.add("Add", level, g.floats(1e-4))), g.floats(1.0))

    k = np.arange(1, spec.envelope_bins + 1)
    hann = np.hanning(count + 1)[:count, None] * 2 / count
    turn = 2 * np.pi * np.arange(count)[:, None] * k[None, :] / count
    lines = g.add("MatMul", relative, g.floats(np.hstack([hann * np.cos(turn), hann * np.sin(turn)])))
    real, imaginary = g.halves(g.add("Mul", lines, lines), len(k), axis=2)
    log_lines = log(g, g.add("Add", real, imaginary), 1e-4)
    flat = g.add("Reshape", log_lines, g.ints([-1, len(bands) * len(k)]))
    depth = g.add("ReduceMean", g.add("Mul", relative, relative), axes=[2], keepdims=0)
    return [flat, log(g, depth, 1e-4)]


def kurtosis(g: GraphBuilder, x: str) -> str:
    square = g.add("Mul", x, x)
    return log(g, g.add("ReduceMean", g.add("Mul", square, square), axes=[1]), 1e-3)


def log(g: GraphBuilder, x: str, floor: float) -> str:
    return g.add("Log", g.add("Add", x, g.floats(floor)))


def feature_model(spec: FeatureSpec) -> onnx.ModelProto:
    g = GraphBuilder()
    name, width = add_features(g, spec)
    g.add("Identity", name, output="features")
    return g.model("features", [WINDOW], "features", width)


def classifier(spec: FeatureSpec, networks: list[list[tuple[np.ndarray, np.ndarray]]]) -> onnx.ModelProto:
    """Features, then the mean of the networks' probabilities."""
    g = GraphBuilder()
    features, _ = add_features(g, spec)
    answers = [g.add("Softmax", add_mlp(g, features, layers), axis=1) for layers in networks]
    if len(answers) == 1:
        g.add("Identity", answers[0], output="probabilities")
    else:
        total = g.add("Sum", *answers)
        g.add("Mul", total, g.floats(1 / len(answers)), output="probabilities")
    return g.model("bearing-fault", [WINDOW], "probabilities", networks[0][-1][1].shape[0])

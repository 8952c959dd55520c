"""Trains and packs artifacts/turbofan-rul. Usage: python turbofan_rul.py --data DATA_FOLDER [--validate]

--validate prints the five-fold figures (whole engines held out) that the settings were chosen by, and packs nothing.
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime as ort
from sklearn.neural_network import MLPRegressor

import cmapss
from onnx_graph import GraphBuilder, add_mlp
from packaging_files import write_package

SEED = 20_240_711
# Nothing wears measurably before the last 125 cycles: the usual cap of the target.
CAP = 125
HIDDEN = (32, 32, 16)
ALPHA = 0.5
EPOCHS = 30
NETWORKS = {"small": 1, "large": 8}
FOLDS = 5
# Validation engines are cut off where between 1 and this many cycles are left, at so many places each.
LONGEST_RUL = 145
CUTS = 6


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--validate", action="store_true")
    options = arguments.parse_args()
    folder = options.data / "cmapss"
    training = cmapss.engines(folder, "train")
    if options.validate:
        validate(training)
        return

    models = {name: fit(list(training.values()), count) for name, count in NETWORKS.items()}
    x = np.stack([engine[-cmapss.WINDOW :] for engine in cmapss.engines(folder, "test").values()])
    y = cmapss.true_rul(folder)
    for name, model in models.items():
        report(f"{name} test, last window of each engine", run(model, x), y)
    write_package("turbofan-rul", models, golden_windows(training))


def validate(training: dict[int, np.ndarray]) -> None:
    rng = np.random.default_rng(SEED)
    folds = np.array_split(rng.permutation(list(training)), FOLDS)
    for name, count in NETWORKS.items():
        answers, truth = [], []
        for fold in folds:
            model = fit([engine for unit, engine in training.items() if unit not in fold], count)
            for unit in fold:
                x, y = cmapss.windows(training[unit])
                cuts = len(x) - rng.integers(1, min(LONGEST_RUL, len(x)), CUTS) - 1
                answers.append(run(model, x[cuts]))
                truth.append(y[cuts])
        report(f"{name} {FOLDS} folds", np.concatenate(answers), np.concatenate(truth))


def fit(engines: list[np.ndarray], networks: int):
    x, y = (np.concatenate(parts) for parts in zip(*(cmapss.windows(engine) for engine in engines)))
    mean, scale = x.mean(axis=(0, 1)), x.std(axis=(0, 1))
    features = np.einsum("nts,tk->nsk", (x - mean) / scale, lines()).reshape(len(x), -1)
    spread = features.std(axis=0)
    layers = []
    for i in range(networks):
        network = MLPRegressor(
            hidden_layer_sizes=HIDDEN, alpha=ALPHA, batch_size=256, max_iter=EPOCHS, random_state=SEED + i
        )
        # Convergence is not the goal: a fixed number of epochs is.
        network.fit(features / spread, np.minimum(y, CAP) / CAP)
        first, *rest = list(zip(network.coefs_, network.intercepts_))
        layers.append([(first[0] / spread[:, None], first[1]), *rest])
    return build(mean, scale, layers)


def lines() -> np.ndarray:
    """Weights that fit a straight line to a window: its mean, and how far it climbs over the window."""
    t = np.arange(cmapss.WINDOW) - (cmapss.WINDOW - 1) / 2
    return np.stack([np.full(cmapss.WINDOW, 1 / cmapss.WINDOW), t / (t @ t) * cmapss.WINDOW], axis=1)


def build(mean: np.ndarray, scale: np.ndarray, networks):
    sensors = len(cmapss.SENSORS)
    g = GraphBuilder()
    normal = g.add("Mul", g.add("Sub", "window", g.floats(mean)), g.floats(1 / scale))
    fitted = g.add("MatMul", g.add("Transpose", normal, perm=[0, 2, 1]), g.floats(lines()))
    features = g.add("Reshape", fitted, g.ints([-1, sensors * 2]))
    answers = [add_mlp(g, features, layers) for layers in networks]
    total = answers[0] if len(answers) == 1 else g.add("Sum", *answers)
    cycles = g.add("Mul", total, g.floats(CAP / len(answers)))
    g.add("Clip", cycles, g.floats(0), g.floats(CAP), output="rul")
    return g.model("turbofan-rul", [cmapss.WINDOW, sensors], "rul", 1)


def run(model, x: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"window": x.astype(np.float32)})[0][:, 0]


def report(name: str, answers: np.ndarray, truth: np.ndarray) -> None:
    def rmse(y: np.ndarray) -> float:
        return float(np.sqrt(np.mean((answers - y) ** 2)))

    errors = np.abs(answers - truth)
    print(f"{name}: RMSE {rmse(truth):.2f}, against the truth capped at {CAP} {rmse(np.minimum(truth, CAP)):.2f}")
    print(f"  off by more than 14 cycles: {(errors > 14).mean():.2f}, at worst {errors.max():.0f}")


def golden_windows(training: dict[int, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """Made-up engines: from typical healthy levels to typical last ones along a curve, with noise. No engine's rows."""
    rng = np.random.default_rng(SEED)
    healthy = np.median([engine[:20].mean(axis=0) for engine in training.values()], axis=0)
    failed = np.median([engine[-5:].mean(axis=0) for engine in training.values()], axis=0)
    noise = np.median([engine[:40].std(axis=0) for engine in training.values()], axis=0)
    cases = []
    for name, left in (("healthy", 200), ("worn", 60), ("near-failure", 10), ("failed", 0)):
        cycles = left + np.arange(cmapss.WINDOW - 1, -1, -1)
        wear = np.exp(-cycles / 40)[:, None]
        values = healthy + (failed - healthy) * wear + noise * rng.normal(size=(cmapss.WINDOW, len(cmapss.SENSORS)))
        cases.append((name, values))
    return cases


if __name__ == "__main__":
    main()

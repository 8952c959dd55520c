"""Trains and packs artifacts/bearing-fault. Usage: python bearing_fault.py --data DATA_FOLDER [--only small|large]"""

import argparse
import subprocess
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier

import bearing_graph as graph
import cwru
from bearing_signals import LABELS, WINDOW, random_signal
from packaging_files import ROOT, write_package

SEED = 20_240_711
# Windows drawn from the CWRU training part, the same number for each label.
CWRU_WINDOWS = 16_000
GENERATED_WINDOWS = 20_000
EPOCHS = 40
# First seed and number of bearings; no seed is in two parts.
SIMULATED_BEARINGS = {"train": (1_000_000, 4000), "validation": (2_000_000, 400), "test": (3_000_000, 1200)}
# A defect counts as one from here on; fainter ones are in the training only.
FAULT_SEVERITY = 0.15

VARIANTS = {
    "small": {"spec": graph.SMALL, "hidden": (48, 24), "networks": 1},
    "large": {"spec": graph.LARGE, "hidden": (192, 96), "networks": 3},
}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--only", choices=VARIANTS)
    arguments.add_argument("--unseen", action="store_true", help="only report how it does on defect sizes never seen")
    options = arguments.parse_args()
    if options.unseen:
        report_unseen_sizes(options.data)
        return

    rng = np.random.default_rng(SEED)
    recordings = cwru.load(options.data / "cwru")
    train = stack(cwru_training(rng, recordings), generated(rng, GENERATED_WINDOWS), augmented(rng, *simulated("train")))
    validation = {"cwru": cwru_windows(recordings, "validation"), "simulator": simulated("validation", FAULT_SEVERITY)}
    test = {"cwru": cwru_windows(recordings, "test"), "simulator": simulated("test", FAULT_SEVERITY)}

    models = {}
    for name, variant in VARIANTS.items():
        if options.only not in (None, name):
            continue
        started = time.time()
        models[name] = fit(variant, train)
        print(f"{name}: {len(models[name].SerializeToString()) / 1024:.0f} KB, trained in {time.time() - started:.0f} s")
        for part, sets in (("validation", validation), ("test", test)):
            for source, (x, y) in sets.items():
                report(f"  {part} {source}", models[name], x, y)
        noisy = np.random.default_rng(SEED + 1)
        for snr in (10, 5, 0):
            x, y = test["cwru"]
            report(f"  test cwru with {snr} dB of noise", models[name], add_noise(noisy, x, snr), y)
    if options.only is None:
        write_package("bearing-fault", models, golden_windows())


def report_unseen_sizes(data: Path) -> None:
    """Leaves one defect size out of the training, and asks for it: the honest picture of another damaged bearing."""
    recordings = cwru.load(data / "cwru")
    for size in ("7", "14", "21"):
        rng = np.random.default_rng(SEED)
        seen = [r for r in recordings if f"_{size}_" not in r.name]
        unseen = [r for r in recordings if f"_{size}_" in r.name]
        train = stack(
            cwru_training(rng, seen), generated(rng, GENERATED_WINDOWS), augmented(rng, *simulated("train"))
        )
        for name, variant in VARIANTS.items():
            model = fit(variant, train)
            for recording in unseen:
                p = run(model, cwru.windows(recording.test, WINDOW // 2))
                right = (p.argmax(axis=1) == recording.label).mean()
                fault = (p[:, 0] <= 0.2).mean()
                print(f"{size} mil unseen, {name}, {LABELS[recording.label]}: a fault {fault:.2f}, the right one {right:.2f}")


def stack(*sets: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([x for x, _ in sets]), np.concatenate([y for _, y in sets])


def cwru_training(rng: np.random.Generator, recordings: list[cwru.Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Draws windows at random places of the training parts: stretched in time, in gain, in polarity, with noise."""
    xs, ys = [], []
    for label in range(len(LABELS)):
        own = [r for r in recordings if r.label == label]
        for recording in own:
            for _ in range(CWRU_WINDOWS // len(LABELS) // len(own)):
                xs.append(stretched(rng, recording.train))
                ys.append(label)
    return augmented(rng, np.stack(xs), np.array(ys))


def stretched(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Cuts a window as if the shaft ran up to 2.5 % faster or slower."""
    factor = rng.uniform(0.975, 1.025)
    start = rng.integers(0, len(samples) - int(WINDOW * 1.03) - 1)
    moments = start + np.arange(WINDOW) * factor
    return np.interp(moments, np.arange(len(samples)), samples) if rng.random() < 0.5 else samples[start : start + WINDOW]


def augmented(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gains of 0.5 to 2 for all, so that level alone tells nothing, and noise of 0 to 30 dB for half."""
    x = x * np.exp(rng.uniform(np.log(0.5), np.log(2), (len(x), 1)))
    noisy = rng.random(len(x)) < 0.5
    x[noisy] = add_noise(rng, x[noisy], rng.uniform(0, 30, (noisy.sum(), 1)))
    return x.astype(np.float32), y


def add_noise(rng: np.random.Generator, x: np.ndarray, snr_db) -> np.ndarray:
    level = x.std(axis=1, keepdims=True) * 10 ** (-np.asarray(snr_db) / 20)
    return (x + level * rng.normal(size=x.shape)).astype(np.float32)


def cwru_windows(recordings: list[cwru.Recording], part: str) -> tuple[np.ndarray, np.ndarray]:
    hop = WINDOW // 2
    xs = [cwru.windows(getattr(r, part), hop) for r in recordings]
    return np.concatenate(xs), np.concatenate([np.full(len(x), r.label) for x, r in zip(xs, recordings)])


def generated(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.choice(len(LABELS), count, p=[0.4, 0.2, 0.2, 0.2])
    return np.stack([random_signal(rng, int(label)).samples for label in labels]), labels


def simulated(part: str, faintest: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    first, bearings = SIMULATED_BEARINGS[part]
    node = ROOT / "node_modules/.bin/node"
    command = [str(node), str(Path(__file__).parent / "dump-simulator.ts"), str(first), str(bearings)]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    records = np.frombuffer(raw, "<f4").reshape(-1, WINDOW + 2)
    labels, severity, x = records[:, 0].astype(int), records[:, 1], records[:, 2:]
    keep = (labels == 0) | (severity >= faintest)
    return x[keep].copy(), labels[keep]


def fit(variant: dict, train: tuple[np.ndarray, np.ndarray]):
    x, y = train
    features = run(graph.feature_model(variant["spec"]), x)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    z = (features - mean) / scale
    networks = []
    for i in range(variant["networks"]):
        network = MLPClassifier(
            variant["hidden"], alpha=2e-3, batch_size=256, learning_rate_init=1e-3, max_iter=EPOCHS, random_state=SEED + i
        )
        # Convergence is not the goal: a fixed number of epochs is.
        network.fit(z, y)
        layers = [(w.astype(np.float64), b) for w, b in zip(network.coefs_, network.intercepts_)]
        networks.append(fold_scaling(layers, mean, scale))
    return graph.classifier(variant["spec"], networks)


def fold_scaling(layers, mean: np.ndarray, scale: np.ndarray):
    (weights, bias), *rest = layers
    scaled = weights / scale[:, None]
    return [(scaled, bias - mean @ scaled), *rest]


def run(model, x: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"window": x[i : i + 256]})[0] for i in range(0, len(x), 256)])


def report(name: str, model, x: np.ndarray, y: np.ndarray) -> None:
    p = run(model, x)
    fault = 1 - p[:, 0]
    alarms = (fault[y == 0] >= 0.8).mean()
    missed = (fault[y != 0] < 0.8).mean()
    score = f1_score(y, p.argmax(axis=1), average="macro")
    print(f"{name}: macro-F1 {score:.4f}, {len(x)} windows, normal >= 0.8: {alarms:.4f}, fault < 0.8: {missed:.4f}")


def golden_windows() -> list[tuple[str, np.ndarray]]:
    """Signals of our own generator: nobody's recordings are in the package."""
    rng = np.random.default_rng(SEED + 2)
    cases = [(LABELS[i], random_signal(rng, i).samples) for i in range(4)]
    return cases


if __name__ == "__main__":
    main()

"""Writes a model package: ONNX files, manifest with checksums, golden cases answered by onnxruntime."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

ROOT = Path(__file__).resolve().parents[2]


def write_package(name: str, models: dict, golden: list[tuple[str, np.ndarray]]) -> None:
    folder = ROOT / "artifacts" / name
    folder.mkdir(parents=True, exist_ok=True)
    template = json.loads((Path(__file__).parent / f"{name}.manifest.json").read_text())
    files = {variant: model.SerializeToString(deterministic=True) for variant, model in models.items()}
    for variant, content in files.items():
        (folder / f"{variant}.onnx").write_bytes(content)
    template["variants"] = [
        {
            "id": variant,
            "file": f"{variant}.onnx",
            "size": variant,
            "precision": "fp32",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for variant, content in files.items()
    ]
    (folder / "manifest.json").write_text(json.dumps(template, indent=2) + "\n")
    cases = [{"name": case, "input": rounded(x), "scores": answers(files, x)} for case, x in golden]
    (folder / "golden.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(f"wrote {folder}")


def rounded(x: np.ndarray) -> list[float]:
    return [float(f"{v:.6g}") for v in x.reshape(-1)]


def answers(files: dict[str, bytes], x: np.ndarray) -> dict[str, list[float]]:
    """Asks the very bytes that are shipped, with the rounded input that is written."""
    result = {}
    for variant, content in files.items():
        session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
        batch = np.array(rounded(x), np.float32).reshape(1, *x.shape)
        result[variant] = rounded(session.run(None, {"window": batch})[0][0])
    return result

"""Writes ONNX graphs node by node."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9


class GraphBuilder:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.count = 0

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def floats(self, value) -> str:
        return self.constant(np.asarray(value, np.float32))

    def ints(self, value) -> str:
        return self.constant(np.asarray(value, np.int64))

    def add(self, op: str, *inputs: str, output: str | None = None, **attributes) -> str:
        self.count += 1
        out = output or f"{op.lower()}{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def halves(self, x: str, half: int, axis: int) -> tuple[str, str]:
        """Splits an axis in two: cosines and sines lie side by side."""
        self.count += 1
        a, b = f"split{self.count}a", f"split{self.count}b"
        self.nodes.append(helper.make_node("Split", [x, self.ints([half, half])], [a, b], axis=axis))
        return a, b

    def model(self, name: str, input_shape: list, output: str, width: int) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["batch", *input_shape])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="openclaw-edge", ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def add_mlp(g: GraphBuilder, x: str, layers: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Adds Gemm layers (weights as [in, out], bias) with Relu between them."""
    for i, (weights, bias) in enumerate(layers):
        x = g.add("Gemm", x, g.floats(weights), g.floats(bias))
        if i < len(layers) - 1:
            x = g.add("Relu", x)
    return x

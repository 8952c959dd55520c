import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
/** onnx.proto, TensorProto.DataType and AttributeProto.AttributeType. */
const INT64 = 7;
const INT = 2;

/**
 * Spoils a graph as a label table in the wrong order would: score `i` of its output is now score `order[i]`. The result is
 * a valid model of the same contract, as fast as before.
 */
export function permuteOutput(bytes: Uint8Array, output: string, order: readonly number[]): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const { graph } = model;
  if (!graph?.node || !graph.initializer) throw new Error('the file holds no graph');
  const rightOrder = `${output}_in_right_order`;
  const renamed = (name: string) => (name === output ? rightOrder : name);
  for (const node of graph.node) {
    node.input = node.input?.map(renamed) ?? [];
    node.output = node.output?.map(renamed) ?? [];
  }
  graph.initializer.push({
    name: 'order',
    dataType: INT64,
    dims: [order.length],
    rawData: new Uint8Array(BigInt64Array.from(order, BigInt).buffer),
  });
  graph.node.push({
    name: 'permute',
    opType: 'Gather',
    input: [rightOrder, 'order'],
    output: [output],
    attribute: [{ name: 'axis', type: INT, i: 1 }],
  });
  return onnx.ModelProto.encode(model).finish();
}

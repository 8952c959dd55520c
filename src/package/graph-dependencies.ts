import type { onnx } from 'onnx-proto';

/** onnx.proto, TensorProto.DataLocation. */
const EXTERNAL = 1;

/** What a graph leans on, looked for in its nodes, their subgraphs and the functions of the model. */
export function dependencies(model: onnx.IModelProto): { domains: string[]; externalData: boolean } {
  const found = { domains: new Set<string>(), externalData: false };
  const own = new Set((model.functions ?? []).map((each) => each.domain));
  const tensor = (value: onnx.ITensorProto | null | undefined) => {
    found.externalData ||= value?.dataLocation === EXTERNAL || (value?.externalData?.length ?? 0) > 0;
  };
  const nodes = (list: onnx.INodeProto[] | null | undefined) => {
    for (const { domain, attribute } of list ?? []) {
      if (!own.has(domain)) found.domains.add(domain || 'ai.onnx');
      for (const { t, tensors, g, graphs } of attribute ?? []) {
        for (const each of [t, ...(tensors ?? [])]) tensor(each);
        for (const each of [g, ...(graphs ?? [])]) graph(each);
      }
    }
  };
  const graph = (value: onnx.IGraphProto | null | undefined) => {
    for (const each of value?.initializer ?? []) tensor(each);
    for (const { values, indices } of value?.sparseInitializer ?? [])
      for (const each of [values, indices]) tensor(each);
    nodes(value?.node);
  };
  graph(model.graph);
  for (const each of model.functions ?? []) nodes(each.node);
  return { domains: [...found.domains].sort(), externalData: found.externalData };
}

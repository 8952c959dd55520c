import assert from 'node:assert/strict';
import { inspectGraph } from '../../../src/package/graph.ts';
import { tinyGraph } from '../../fixtures/packages/tiny-graph.ts';

describe('Inspecting a graph', () => {
  it('tells what must be fed, what comes out, and what made it', () => {
    assert.deepEqual(inspectGraph(tinyGraph()), {
      ok: true,
      value: {
        inputs: [{ name: 'window', dtype: 'float32', shape: ['batch', 4] }],
        outputs: [{ name: 'scores', dtype: 'float32', shape: ['batch', 4] }],
        opsets: { 'ai.onnx': 17, 'com.microsoft': 1 },
        domains: ['ai.onnx'],
        externalData: false,
        nodes: 1,
        producer: 'tests 1',
      },
    });
  });

  for (const [code, dtype] of [
    [21, 'uint4'],
    [22, 'int4'],
    [23, 'float4e2m1'],
  ] as const) {
    it(`refuses an output of type ${dtype}, which would abort the process`, () => {
      const result = inspectGraph(tinyGraph(code));
      assert.ok(!result.ok);
      assert.equal(result.error.code, 'E_MODEL_CONTRACT');
      assert.match(result.error.message, new RegExp(`"scores" is ${dtype}`));
    });
  }

  it('names an element type that it does not know by its number', () => {
    const result = inspectGraph(tinyGraph(77));
    assert.ok(result.ok);
    assert.equal(result.value.outputs[0]?.dtype, 'type 77');
  });

  for (const [what, bytes] of [
    ['text', Buffer.from('this is no model')],
    ['an empty file', new Uint8Array()],
    ['half a model', tinyGraph().subarray(0, 40)],
  ] as const) {
    it(`refuses ${what}`, () => {
      const result = inspectGraph(bytes);
      assert.ok(!result.ok);
      assert.equal(result.error.code, 'E_MODEL_LOAD');
    });
  }
});

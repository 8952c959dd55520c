import assert from 'node:assert/strict';
import { contractProblem } from '../../../../src/adapters/onnx/contract-check.ts';
import type { ModelInput, ModelOutput } from '../../../../src/domain/manifest.ts';

type Metadata = Parameters<typeof contractProblem>[0][number];

function tensor(name: string, shape: (number | string)[], type = 'float32'): Metadata {
  return { name, isTensor: true, type, shape } as Metadata;
}

describe('the contract of a graph with its manifest', () => {
  const input: ModelInput = { name: 'x', window: 8, hop: 4, channels: ['a', 'b'], channelAxis: true };
  const output: ModelOutput = { name: 'y', labels: ['ok', 'bad', 'worse'] };
  const x = tensor('x', ['n', 8, 2]);
  const y = tensor('y', ['n', 3]);

  it('holds when names, types and shapes agree', () => {
    assert.equal(contractProblem([x], [y], input, output), undefined);
    const flat = { ...input, channelAxis: false };
    assert.equal(contractProblem([tensor('x', ['n', 16])], [y], flat, output), undefined);
  });

  it('holds when a dimension is open: running it will tell', () => {
    assert.equal(contractProblem([tensor('x', ['n', 't', 2])], [tensor('y', ['n', 'k'])], input, output), undefined);
  });

  it('allows outputs that the manifest does not name', () => {
    assert.equal(contractProblem([x], [y, tensor('label', ['n'], 'int64')], input, output), undefined);
  });

  const map = { name: 'y', isTensor: false } as Metadata;
  const breaches: readonly [string, Metadata[], Metadata[], RegExp][] = [
    ['another input', [x, tensor('state', [1])], [y], /an input "state"/],
    ['no such input', [], [y], /no input "x"/],
    ['no such output', [x], [tensor('z', ['n', 3])], /no output "y"/],
    ['float64 in', [tensor('x', ['n', 8, 2], 'float64')], [y], /float64; float32 is needed/],
    ['int64 out', [x], [tensor('y', ['n', 3], 'int64')], /int64; float32 is needed/],
    ['a sequence of maps out', [x], [map], /not a tensor/],
    ['another window', [tensor('x', ['n', 9, 2])], [y], /\[n, 9, 2\]; the manifest says \[batch, 8, 2\]/],
    ['another number of channels', [tensor('x', ['n', 8, 3])], [y], /batch, 8, 2/],
    ['no channel axis', [tensor('x', ['n', 16])], [y], /batch, 8, 2/],
    ['another number of labels', [x], [tensor('y', ['n', 2])], /batch, 3/],
    ['a fixed batch', [tensor('x', [1, 8, 2])], [y], /\[1, 8, 2\]/],
    ['a 4-bit output', [x], [y, tensor('z', ['n'], 'uint4')], /4-bit/],
  ];
  for (const [what, inputs, outputs, says] of breaches) {
    it(`is broken by ${what}`, () => {
      assert.match(contractProblem(inputs, outputs, input, output) ?? '', says);
    });
  }
});

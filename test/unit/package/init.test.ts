import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import onnxProto from 'onnx-proto';
import { ok } from '../../../src/domain/errors.ts';
import { type InitOptions, initPackage, type RunModel } from '../../../src/package/init.ts';
import { openPackage, readVariant } from '../../../src/package/load.ts';
import { graph } from '../../fixtures/models.ts';
import { temporaryFolder } from '../../fixtures/packages/fs-store.ts';
import { tinyGraph } from '../../fixtures/packages/tiny-graph.ts';

const { onnx } = onnxProto;

describe('A package made of an ONNX file', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    temporary = await temporaryFolder();
  });
  afterEach(() => temporary.remove());

  const run: RunModel = async ({ output }, windows) =>
    ok({ scores: windows.map((window) => new Float32Array(output.labels.length).fill(window[1] ?? 0)), singleMs: 0.4 });

  const identity = (shape: (number | string)[], result: (number | string)[]) =>
    graph(
      [{ name: 'x', dims: shape }],
      [{ name: 'y', dims: result }],
      [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    );

  async function init(bytes: Uint8Array, options: InitOptions = {}, runner = run) {
    const file = temporary.path('My Model_2.onnx');
    await writeFile(file, bytes);
    return initPackage(file, temporary.path('made'), options, runner);
  }

  it('opens, with the contract of the graph and golden cases that were run', async () => {
    const made = await init(identity(['n', 8], ['n', 3]), { labels: ['a', 'b', 'c'], hop: 4, version: '2.1.0' });
    assert.ok(made.ok, JSON.stringify(made));
    const opened = await openPackage(temporary.path('made'));
    assert.ok(opened.ok, JSON.stringify(opened));
    const { manifest, golden } = opened.value;
    assert.equal(manifest.name, 'my-model-2');
    assert.equal(manifest.version, '2.1.0');
    assert.equal(manifest.task, 'classification');
    assert.deepEqual(manifest.input, { name: 'x', window: 8, hop: 4, channels: ['channel'], channelAxis: false });
    assert.deepEqual(manifest.output, { name: 'y', labels: ['a', 'b', 'c'] });
    assert.equal(manifest.gates.latencyBudgetMs, 12);
    assert.equal(manifest.requires.opset, 17);
    assert.deepEqual(
      golden.map((one) => one.name),
      ['rest', 'step', 'tone', 'noise'],
    );
    for (const { input, scores } of golden) assert.equal(scores['small']?.[0], Math.fround(input[1] ?? 0));
    assert.ok((await readVariant(opened.value, 'small')).ok);
    assert.deepEqual((await readdir(temporary.path('made'))).sort(), [
      'MODEL_CARD.md',
      'golden.json',
      'manifest.json',
      'small.onnx',
    ]);
  });

  it('takes from its flags what the graph leaves open', async () => {
    const open = identity(['n', 'w', 'c'], ['n', 'l']);
    const made = await init(open, { window: 16, channels: ['x', 'y'], labels: ['rul'] });
    assert.ok(made.ok, JSON.stringify(made));
    const { input, task } = made.value.manifest;
    assert.deepEqual([input.window, input.channels, input.channelAxis, task], [16, ['x', 'y'], true, 'regression']);
  });

  const tensor = {
    dataLocation: 1,
    name: 'w',
    dims: [1],
    dataType: 1,
    externalData: [{ key: 'location', value: 'w.bin' }],
  };
  const changed = (change: (model: InstanceType<typeof onnx.ModelProto>) => void) => {
    const model = onnx.ModelProto.decode(identity(['n', 8], ['n', 3]));
    change(model);
    return onnx.ModelProto.encode(model).finish();
  };
  const refused: [what: string, bytes: Uint8Array, options: InitOptions, RegExp][] = [
    ['a window that nothing bounds', identity(['n', 'w'], ['n', 3]), {}, /give --window/],
    ['channels that nothing bounds', identity(['n', 8, 'c'], ['n', 3]), {}, /give --channels/],
    ['scores that nothing bounds', identity(['n', 8], ['n', 'l']), {}, /give --labels/],
    ['labels that do not fit', identity(['n', 8], ['n', 3]), { labels: ['a'] }, /1 labels for 3 scores/],
    ['a window that does not fit', identity(['n', 8], ['n', 3]), { window: 9 }, /a window of 9 for an input of 8/],
    ['channels that do not fit', identity(['n', 8, 2], ['n', 3]), { channels: ['x'] }, /1 channels/],
    ['a fixed batch', identity([1, 8], [1, 3]), {}, /must be free/],
    ['a shape of four sizes', identity(['n', 8, 2, 2], ['n', 3]), {}, /\[batch, window\] or/],
    ['a 4-bit output', tinyGraph(22), {}, /int4/],
    ['an output of another type', tinyGraph(7), {}, /one output of float32/],
    ['an output that is too large', identity(['n', 8], ['n', 200_000]), {}, /200000 values a window/],
    ['no model', Buffer.from('text'), {}, /not an ONNX model/],
    [
      'external data',
      changed((model) => model.graph?.initializer?.push(onnx.TensorProto.create(tensor))),
      {},
      /another file/,
    ],
    [
      'external data inside a node',
      changed((model) => {
        const node = model.graph?.node?.[0];
        if (node) node.attribute = [{ name: 'value', type: 4, t: tensor }];
      }),
      {},
      /another file/,
    ],
    [
      'operators that need a library',
      changed((model) => {
        const node = model.graph?.node?.[0];
        if (node) node.domain = 'com.evil';
      }),
      {},
      /operators of com\.evil/,
    ],
    ['a name that no package may have', identity(['n', 8], ['n', 3]), { name: 'Ü' }, /name: /],
  ];
  for (const [what, bytes, options, expected] of refused) {
    it(`is refused with ${what}, and nothing is written`, async () => {
      const made = await init(bytes, options);
      assert.ok(!made.ok, 'it was made');
      assert.match(made.error.message, expected);
      assert.deepEqual(await readdir(temporary.path('.')), ['My Model_2.onnx']);
    });
  }

  it('is refused when the model answers with numbers that are not finite, or not at all', async () => {
    const model = identity(['n', 8], ['n', 3]);
    const nan = await init(model, {}, async (_, windows) =>
      ok({ scores: windows.map(() => new Float32Array([1, Number.NaN, 0])), singleMs: 1 }),
    );
    assert.match(nan.ok ? '' : nan.error.message, /rest with numbers that are not finite/);
    const failure = { ok: false, error: { code: 'E_MODEL_LOAD', message: 'no' } } as const;
    assert.deepEqual(await init(model, {}, async () => failure), failure);
  });

  it('is never written over something that is there', async () => {
    const model = identity(['n', 8], ['n', 3]);
    assert.ok((await init(model)).ok);
    const again = await init(model);
    assert.equal(!again.ok && again.error.code, 'E_PACKAGE_EXISTS');
  });
});

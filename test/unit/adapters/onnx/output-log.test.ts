import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { logOutput } from '../../../../src/adapters/onnx/output-log.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLog } from '../../../fakes/log.ts';

describe('the log of what a runner prints', () => {
  let stream: PassThrough;
  let log: FakeLog;
  let clock: FakeClock;
  let floods: number;

  beforeEach(() => {
    stream = new PassThrough();
    log = new FakeLog();
    clock = new FakeClock();
    floods = 0;
    logOutput(stream, log, clock, () => floods++);
  });

  async function print(text: string): Promise<void> {
    stream.write(text);
    await clock.advance(0);
  }

  it('holds its lines', async () => {
    await print('first\n\nsecond\n');
    assert.deepEqual(
      log.lines.map((line) => line.fields),
      [{ line: 'first' }, { line: 'second' }],
    );
  });

  it('holds twenty lines a period, and then says how many were left out', async () => {
    for (let i = 0; i < 50; i++) await print(`line ${i}\n`);
    assert.equal(log.lines.length, 20);
    await clock.advance(10_000);
    await print('later\n');
    assert.deepEqual(
      log.lines.slice(20).map(({ fields }) => fields),
      [{ lines: 30 }, { line: 'later' }],
    );
  });

  it('cuts long lines', async () => {
    await print('x'.repeat(60_000));
    assert.deepEqual(log.lines[0]?.fields, { line: 'x'.repeat(500) });
  });

  it('tells a flood once, and reads no more', async () => {
    for (let i = 0; i < 40; i++) await print('x'.repeat(60_000));
    assert.equal(floods, 1);
    assert.ok(stream.destroyed);
  });

  it('does not take much output over a long time for a flood', async () => {
    for (let i = 0; i < 40; i++) {
      await print('x'.repeat(60_000));
      await clock.advance(10_000);
    }
    assert.equal(floods, 0);
  });
});

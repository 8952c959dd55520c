import assert from 'node:assert/strict';
import { pinoLog } from '../../../src/adapters/pino-log.ts';
import { failure } from '../../../src/domain/errors.ts';

describe('the pino log', () => {
  it('writes one JSON line an event, with ISO time, level and fields', () => {
    const { log, lines } = capture('info');
    log.child({ agent: 'press' }).info({ rows: 3 }, 'outbox opened');
    assert.equal(lines.length, 1);
    const line = parse(lines[0]);
    assert.deepEqual(
      { ...line, time: 'x' },
      { level: 'info', time: 'x', agent: 'press', rows: 3, event: 'outbox opened' },
    );
    assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(lines[0]?.endsWith('\n'));
  });

  it('never shows a secret', () => {
    const { log, lines } = capture('info');
    log.warn({ password: 'hunter2', bus: { token: 'hunter2', url: 'mqtt://x' } }, 'connecting');
    assert.doesNotMatch(String(lines[0]), /hunter2/);
    assert.match(String(lines[0]), /mqtt:\/\/x/);
  });

  it('changes the level of all children with one call', () => {
    const { log, lines } = capture('info');
    const child = log.child({ agent: 'press' });
    child.debug({}, 'silent');
    log.setLevel('debug');
    child.debug({}, 'heard');
    log.setLevel('silent');
    child.error({}, 'silent again');
    assert.deepEqual(
      lines.map((line) => parse(line)['event']),
      ['heard'],
    );
  });

  it('shows the cause of a failure', () => {
    const { log, lines } = capture('info');
    log.error({ error: failure('E_RUN_FAILED', 'row 3', new Error('bad shape')) }, 'batch failed');
    assert.deepEqual(parse(lines[0])['error'], {
      code: 'E_RUN_FAILED',
      message: 'The model failed on this input: row 3',
      cause: { message: 'bad shape' },
    });
  });

  it('survives fields that are circular or throw', () => {
    const { log, lines } = capture('info');
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    log.info(circular, 'circular');
    const throwing = {
      get boom() {
        throw new Error('no');
      },
    };
    log.info({ throwing }, 'throwing');
    log.info(throwing, 'throwing at the top');
    assert.deepEqual(
      lines.map((line) => parse(line)['event']),
      ['circular', 'throwing', 'throwing at the top'],
    );
  });
});

function capture(level: 'info') {
  const lines: string[] = [];
  return { lines, log: pinoLog({ level, sink: { write: (line) => void lines.push(line) } }) };
}

function parse(line: string | undefined): Record<string, unknown> {
  return JSON.parse(String(line));
}

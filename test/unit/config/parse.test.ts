import assert from 'node:assert/strict';
import { parseDuration } from '../../../src/config/parse-duration.ts';
import { parseSize } from '../../../src/config/parse-size.ts';

describe('sizes', () => {
  const right: [string | number, number][] = [
    [0, 0],
    [1048576, 1_048_576],
    ['512', 512],
    ['512B', 512],
    ['1kB', 1000],
    ['1KB', 1000],
    ['64MB', 64_000_000],
    ['64 MB', 64_000_000],
    ['4GB', 4_000_000_000],
    ['4GiB', 4_294_967_296],
    ['1.5GiB', 1_610_612_736],
    ['1.1GB', 1_100_000_000],
    ['2TB', 2e12],
  ];
  for (const [written, bytes] of right) {
    it(`reads ${JSON.stringify(written)} as ${bytes} bytes`, () => assert.equal(parseSize(written), bytes));
  }

  const wrong = [
    '',
    '4Gb',
    '4gb',
    '4G',
    'GB',
    '-1GB',
    '1e9',
    '0x10',
    '1,5GB',
    '0.5B',
    '4GB ',
    '9999999TB',
    -1,
    0.5,
    Number.NaN,
  ];
  for (const written of wrong) {
    it(`refuses ${JSON.stringify(written)}`, () => assert.equal(parseSize(written), undefined));
  }
});

describe('durations', () => {
  const right: [string | number, number][] = [
    [0, 0],
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['5s', 5000],
    ['1.5s', 1500],
    ['2 m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ];
  for (const [written, ms] of right) {
    it(`reads ${JSON.stringify(written)} as ${ms} ms`, () => assert.equal(parseDuration(written), ms));
  }

  for (const written of ['', '5', '5 sec', '5S', '5min', '-5s', '0.5ms', '1m30s', 's', 5, -1]) {
    it(`refuses ${JSON.stringify(written)}`, () => assert.equal(parseDuration(written), undefined));
  }
});

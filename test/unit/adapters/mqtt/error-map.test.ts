import assert from 'node:assert/strict';
import { describeEnd, type Ending } from '../../../../src/adapters/mqtt/error-map.ts';
import type { ErrorCode } from '../../../../src/domain/errors.ts';

describe('why a connection ended', () => {
  const BY_CODE: readonly [string | number, ErrorCode][] = [
    ['ECONNREFUSED', 'E_BUS_UNREACHABLE'],
    ['ENOTFOUND', 'E_BUS_UNREACHABLE'],
    ['ETIMEDOUT', 'E_BUS_UNREACHABLE'],
    ['ECONNRESET', 'E_BUS_UNREACHABLE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'E_TLS_UNTRUSTED'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'E_TLS_UNTRUSTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'E_TLS_UNTRUSTED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'E_TLS_UNTRUSTED'],
    ['CERT_HAS_EXPIRED', 'E_TLS_EXPIRED'],
    ['CERT_NOT_YET_VALID', 'E_TLS_EXPIRED'],
    ['EPROTO', 'E_TLS_PROTOCOL'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'E_TLS_PROTOCOL'],
    [5, 'E_BUS_REFUSED'],
    [142, 'E_BUS_REFUSED'],
  ];
  for (const [code, expected] of BY_CODE) {
    it(`is ${expected} for ${code}`, () => {
      const error = Object.assign(new Error('what happened'), { code });
      const failed = describeEnd(ending({ error }));
      assert.equal(failed.code, expected);
      assert.match(failed.message, /what happened/);
      assert.equal(failed.cause, error);
    });
  }

  const BY_ALERT: readonly [number, ErrorCode][] = [
    [40, 'E_TLS_CLIENT_CERT'],
    [42, 'E_TLS_CLIENT_CERT'],
    [45, 'E_TLS_EXPIRED'],
    [48, 'E_TLS_CLIENT_CERT'],
    [70, 'E_TLS_PROTOCOL'],
    [116, 'E_TLS_CLIENT_CERT'],
  ];
  for (const [alert, expected] of BY_ALERT) {
    it(`is ${expected} for TLS alert ${alert}, whatever OpenSSL calls it`, () => {
      const message = `40AD:error:0A000415:SSL routines:ssl3_read_bytes:some words:x.c:918:SSL alert number ${alert}\n`;
      const error = Object.assign(new Error(message), { code: 'ERR_SSL_SOME_NAME', reason: 'some words' });
      const failed = describeEnd(ending({ error, stage: 'connack', tls: true }));
      assert.equal(failed.code, expected);
      assert.match(failed.message, /the broker says "some words"$/);
    });
  }

  it('is the missing certificate when a TLS broker hangs up before it has said anything', () => {
    for (const error of [undefined, Object.assign(new Error('reset'), { code: 'ECONNRESET' })]) {
      const end = { error, stage: 'connack', tls: true } as const;
      assert.equal(describeEnd(ending(end)).code, 'E_TLS_CLIENT_CERT');
      assert.equal(describeEnd(ending({ ...end, clientCertificate: true })).code, 'E_BUS_REFUSED');
      assert.equal(describeEnd(ending({ ...end, tls: false })).code, 'E_BUS_REFUSED');
    }
  });

  it('is a lost broker when the connection was closed without a word', () => {
    assert.equal(describeEnd(ending({ error: undefined })).code, 'E_BUS_UNREACHABLE');
  });

  it('names every address that was tried', () => {
    const error = new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')]);
    assert.match(describeEnd(ending({ error })).message, /connect ::1.*connect 127\.0\.0\.1/);
  });

  function ending(some: Partial<Ending>): Ending {
    return { stage: 'online', error: undefined, tls: false, clientCertificate: false, ...some };
  }
});

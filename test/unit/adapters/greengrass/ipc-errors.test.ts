import assert from 'node:assert/strict';
import { requestFailure } from '../../../../src/adapters/greengrass/ipc-errors.ts';
import { serviceError } from '../../../fakes/ipc-client.ts';

const unmodelled = (shape: string) =>
  Object.assign(new Error(`Unexpected response shape received: 'aws.greengrass#${shape}'`), { type: 3 });

describe('errors of the IPC', () => {
  const rows: [string, string, unknown, string][] = [
    ['a missing permission', 'PublishToTopic', serviceError('UnauthorizedError', 'no'), 'E_IPC_UNAUTHORIZED'],
    ['a wrong argument', 'SubscribeToTopic', serviceError('InvalidArgumentsError', 'no'), 'E_IPC_REFUSED'],
    [
      'an error that its operation does not list',
      'PublishToTopic',
      unmodelled('InvalidArgumentsError'),
      'E_IPC_REFUSED',
    ],
    ['a missing thing', 'GetThingShadow', serviceError('ResourceNotFoundError', 'no'), 'E_IPC_NOT_FOUND'],
    ['a conflict', 'UpdateThingShadow', serviceError('ConflictError', 'version'), 'E_IPC_CONFLICT'],
    ['a nucleus that could not', 'PublishToIoTCore', serviceError('ServiceError', 'spool is full'), 'E_IPC_FAILED'],
    ['a lost connection', 'PublishToTopic', Object.assign(new Error('lost'), { type: 5 }), 'E_IPC_OFFLINE'],
    [
      'what classic does not serve',
      'GetThingShadow',
      serviceError('ServiceError', 'Operation aws.greengrass#GetThingShadow is not supported by Greengrass'),
      'E_IPC_UNSUPPORTED',
    ],
    ['what lite does not serve', 'GetThingShadow', serviceError('ServiceError'), 'E_IPC_UNSUPPORTED'],
    ['silence about what lite serves', 'UpdateState', serviceError('ServiceError'), 'E_IPC_FAILED'],
    ['anything else', 'PublishToTopic', 'boom', 'E_IPC_FAILED'],
  ];
  for (const [what, operation, thrown, code] of rows) {
    it(`knows ${what}`, () => assert.equal(requestFailure({ operation, resource: 'x' }, thrown).code, code));
  }

  it('tells what was asked for, and the nucleus’s own words', () => {
    const { message } = requestFailure(
      { operation: 'GetThingShadow', resource: 'a' },
      serviceError('ConflictError', 'v2'),
    );
    assert.match(message, /GetThingShadow of a: v2/);
  });
});

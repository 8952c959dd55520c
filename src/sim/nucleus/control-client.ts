import { connect } from 'node:net';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { ControlReply, ControlRequest, Queued } from './control-server.ts';
import type { DeploymentResult } from './document.ts';

/** A result names some components; what says more is no nucleus. */
const MAX_REPLY_BYTES = 1_048_576;

/** Has the nucleus that listens there apply a deployment. Resolves with how it ended, or with E_NUCLEUS_UNREACHABLE. */
export function requestDeployment(
  path: string,
  request: ControlRequest,
  signal: AbortSignal,
): Promise<Result<DeploymentResult | Queued>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    const abort = () => socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    socket.once('error', (cause) => resolve(fail('E_NUCLEUS_UNREACHABLE', `${path}: ${cause.message}`, cause)));
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_REPLY_BYTES) socket.destroy();
    });
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      const reply = parse(text);
      if (reply?.ok === true) resolve(ok(reply.result));
      else resolve(fail('E_NUCLEUS_UNREACHABLE', reply?.reason ?? 'it went away before the deployment had ended'));
    });
  });
}

function parse(text: string): ControlReply | undefined {
  try {
    return JSON.parse(text) as ControlReply;
  } catch {
    return undefined;
  }
}

import type { Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

/** The one component that may ask whose a token is. */
const STREAM_MANAGER = 'aws.greengrass.StreamManager';

export const validateAuthorizationToken: Operation = {
  name: 'ValidateAuthorizationToken',
  handle({ component, request, nucleus }) {
    const { services } = nucleus;
    const isClassic = services.mode === 'classic';
    if (component !== STREAM_MANAGER) {
      const text = isClassic
        ? `${component} is not authorized to perform aws.greengrass#ValidateAuthorizationToken`
        : 'Component does not have access to token verification IPC command.';
      return new Refusal('UnauthorizedError', text);
    }
    const token = request['token'];
    if (typeof token !== 'string' && !isClassic) return new Refusal('ServiceError', 'Received invalid parameters.');
    if (typeof token === 'string' && services.authenticate(token) !== undefined) return { isValid: true };
    const text = isClassic
      ? 'Authentication token not found'
      : 'Invalid token used by stream manager when trying to authorize.';
    return new Refusal('InvalidTokenError', text);
  },
};

import type { Operation } from '../operation.ts';
import { Refusal } from '../refusal.ts';

/** Only components of AWS may send metrics; the simulator has none, and keeps what they would send nowhere. */
export const putComponentMetric: Operation = {
  name: 'PutComponentMetric',
  handle({ component }) {
    if (component.startsWith('aws.')) return {};
    const what = 'aws.greengrass.Telemetry:aws.greengrass#PutComponentMetric ';
    return new Refusal('UnauthorizedError', `Principal ${component} is not authorized to perform ${what}`);
  },
};

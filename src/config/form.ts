import { z } from 'zod';
import { ROUTES } from '../domain/route.ts';
import { agentForm } from './agent-form.ts';
import { busForm } from './bus-form.ts';
import { checkUnique, crossCheck } from './cross-check.ts';
import { count, duration, field, name, path, port, size } from './fields.ts';
import {
  MAX_AGENTS,
  MAX_GROUPS,
  MAX_OUTBOX_BYTES,
  MAX_OUTBOX_ROWS,
  MAX_THING_LENGTH,
  MAX_TIMER_MS,
  MAX_TRIES,
  MIN_HEARTBEAT_MS,
  MIN_OUTBOX_BYTES,
} from './limits.ts';
import { checkPublished } from './loop-check.ts';

const outbox = z.strictObject({
  maxBytes: field(
    size({ min: MIN_OUTBOX_BYTES, max: MAX_OUTBOX_BYTES }).prefault('64MB'),
    'Disk for messages that wait; beyond it the oldest of the lowest class goes (result, incident, alarm, reply).',
  ),
  maxRows: field(count(MAX_OUTBOX_ROWS).prefault(100_000), 'Messages that wait at most.', { unit: 'messages' }),
  maxTries: field(count(MAX_TRIES).prefault(8), 'A message that the broker refused so often is set aside.'),
});

const shadow = z.strictObject({
  enabled: field(z.boolean().prefault(true), 'Tells the fleet about this device in its named shadow `edge-agent`.'),
  heartbeat: field(
    duration({ min: MIN_HEARTBEAT_MS, max: MAX_TIMER_MS }).prefault('60s'),
    'How often it tells, when nothing changes.',
  ),
});

const log = z.strictObject({
  level: field(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).prefault('info'),
    'What is logged: to stderr, in a Greengrass component to stdout.',
    { reloadable: true },
  ),
});

const metrics = z.strictObject({
  port: field(port().optional(), 'Prometheus text on 127.0.0.1; 0 takes any free port. Left out: off.'),
});

const commands = z.strictObject({
  enabled: field(z.boolean().prefault(true), 'Listens on cmd/edge-agent/{thing}/ for commands of the operator.'),
  bus: field(
    z.enum(ROUTES).optional(),
    'The bus that commands come by, and are answered on. Left out: `iotcore` in a Greengrass component, else `mqtt`.',
  ),
});

const rollouts = z.strictObject({
  trust: field(path(), 'The trust root (`openclaw-edge trust init`): whose signatures on packages are believed.'),
  groups: field(
    z.array(name()).max(MAX_GROUPS).prefault([]),
    'Device groups that this thing belongs to: a release may be for some of them only.',
  ),
  inbox: field(
    path().optional(),
    'Folder that is looked through for packages, in a folder for each agent. Left out: none.',
  ),
});

const shape = z.strictObject({
  thing: field(
    z
      .string()
      .regex(new RegExp(`^[a-zA-Z0-9:_-]{1,${MAX_THING_LENGTH}}$`), {
        error: `must be 1 to ${MAX_THING_LENGTH} letters, digits, :, _ or -`,
      })
      .prefault('edge-device'),
    'AWS IoT thing name of this device.',
  ),
  state: field(
    path().prefault('state'),
    'Folder of what survives a restart; relative ones start at the folder of this file.',
  ),
  bus: field(busForm.prefault({}), 'The broker that readings come from and answers go to.'),
  outbox: field(outbox.prefault({}), 'The durable queue of what must reach the outside.'),
  shadow: field(shadow.prefault({}), 'The device shadow.'),
  log: field(log.prefault({}), 'The log.'),
  metrics: field(metrics.prefault({}), 'Metrics for a Prometheus on this machine.'),
  commands: field(commands.prefault({}), 'Commands over MQTT.'),
  rollouts: field(rollouts.optional(), 'How new models come. Left out: models come with the agent only.'),
  agents: field(
    z.array(agentForm).min(1).max(MAX_AGENTS),
    'The agents of this device; each is one pipeline of its own.',
  ),
});

/** The whole file as it is written, with its defaults, and with durations and sizes as numbers. */
export const configForm = crossCheck(
  crossCheck(shape, [], (form, report, sound) => {
    const { agents } = form as { agents?: unknown };
    checkUnique(agents, 'name', ['agents'], report, sound);
    checkUnique(agents, 'container', ['agents'], report, sound, 'Each agent has a model process of its own.');
  }),
  ['thing'],
  checkPublished,
);

export type ConfigForm = z.output<typeof shape>;

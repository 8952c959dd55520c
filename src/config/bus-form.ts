import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { count, duration, field, path, port } from './fields.ts';
import { MAX_IN_FLIGHT, MAX_KEEPALIVE_MS, MIN_KEEPALIVE_MS } from './limits.ts';

/** AWS IoT's limit for client ids; user names get the same room. */
const MAX_ID_LENGTH = 128;
// biome-ignore lint/suspicious/noControlCharactersInRegex: brokers close the connection on them (MQTT 5, 1.5.4)
const PRINTABLE = /^[^\u0000-\u001f\u007f]+$/;
const id = () =>
  z.string().max(MAX_ID_LENGTH).regex(PRINTABLE, { error: 'must not be empty or hold control characters' });

const tls = z.strictObject({
  ca: field(path(), "PEM file of the CA that signed the broker's certificate. `system`: the roots of the system."),
  cert: field(path().optional(), 'PEM file of the client certificate; needs `key`.'),
  key: field(path().optional(), 'PEM file of the key of the client certificate; needs `cert`.'),
  minVersion: field(
    // Unquoted, YAML reads a number.
    z.literal(['1.2', '1.3', 1.2, 1.3], { error: 'must be one of 1.2, 1.3' }).prefault('1.3'),
    'Lowest TLS version.',
  ),
});

const tlsForm = crossCheck(tls, ['cert', 'key'], ({ cert, key }, report) => {
  if (cert !== undefined && key === undefined) report(['key'], 'is missing: a client certificate needs its key');
  if (key !== undefined && cert === undefined) report(['cert'], 'is missing: a client key needs its certificate');
});

/** IANA's port for MQTT. */
export const DEFAULT_PORT = 1883;
const embedded = z.strictObject({
  port: field(port().prefault(DEFAULT_PORT), 'Port on 127.0.0.1; 0 takes any free one.'),
});

const shape = z.strictObject({
  url: field(z.string().optional(), 'Broker to connect to: mqtt://host:port, or mqtts://host:port with `tls`.'),
  embedded: field(
    embedded.optional(),
    'A broker inside the agent, for this machine only. The default when `url` is left out; a Greengrass component has no broker then.',
  ),
  version: field(
    z.literal(['3.1.1', '5', 5], { error: 'must be one of 3.1.1, 5' }).optional(),
    'Version of MQTT. Left out: 5 with `url`; the embedded broker speaks 3.1.1 only.',
  ),
  clientId: field(id().optional(), 'MQTT client id, unique at the broker. Left out: the thing name.'),
  username: field(id().optional(), 'User name for the broker.'),
  passwordFile: field(path().optional(), 'File that holds the password; secrets are never in this file.'),
  tls: field(tlsForm.optional(), 'How mqtts:// is secured.'),
  keepalive: field(
    duration({ min: MIN_KEEPALIVE_MS, max: MAX_KEEPALIVE_MS }).prefault('30s'),
    'A dead connection is noticed within one and a half of these. Whole seconds.',
  ),
  maxInFlight: field(count(MAX_IN_FLIGHT).prefault(64), 'Unacknowledged publishes at most; the broker may lower it.', {
    unit: 'messages',
  }),
});

export const busForm = [checkBroker, checkVersion, checkRemoteOnly, checkUrl, checkKeepalive, checkPassword].reduce(
  (form, add) => add(form),
  shape,
);

function checkBroker(form: typeof shape) {
  return crossCheck(form, ['url', 'embedded'], ({ url, embedded }, report) => {
    if (url !== undefined && embedded !== undefined) report([], 'needs url or embedded, not both');
  });
}

const WITH_URL = { unsupported: true, hint: 'Give bus.url for a broker that has it.' };

function checkVersion(form: typeof shape) {
  return crossCheck(form, ['url', 'version'], ({ url, version }, report) => {
    if (url !== undefined || version === undefined || version === '3.1.1') return;
    report(['version'], 'must be 3.1.1: the embedded broker speaks nothing else', WITH_URL);
  });
}

function checkRemoteOnly(form: typeof shape) {
  return crossCheck(form, ['url'], (bus, report) => {
    if (bus.url !== undefined) return;
    for (const key of ['username', 'passwordFile', 'tls']) {
      if (!(key in bus)) continue;
      report([key], 'has no meaning with the embedded broker, which this machine alone can reach', WITH_URL);
    }
  });
}

function checkUrl(form: typeof shape) {
  return crossCheck(form, ['url', 'tls'], ({ url, tls }, report) => {
    if (url === undefined) return;
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined || parsed.hostname === '')
      return report(['url'], 'must be a URL such as mqtt://broker.local:1883');
    if (parsed.protocol !== 'mqtt:' && parsed.protocol !== 'mqtts:') {
      return report(['url'], `has the scheme ${parsed.protocol}//; only mqtt:// and mqtts:// are spoken`, {
        unsupported: true,
      });
    }
    if (parsed.username !== '' || parsed.password !== '') {
      report(['url'], 'holds a user or password', { hint: 'Use bus.username and bus.passwordFile.' });
    }
    if (!['', '/'].includes(parsed.pathname) || parsed.search !== '' || parsed.hash !== '') {
      report(['url'], 'has something behind the port, which MQTT does not know');
    }
    if (parsed.protocol === 'mqtts:' && tls === undefined) {
      report(['tls'], 'is missing: mqtts:// needs tls.ca', {
        hint: '`tls: {ca: system}` trusts the roots of the system.',
      });
    }
    if (parsed.protocol === 'mqtt:' && tls !== undefined)
      report(['tls'], 'has no meaning with mqtt://', { hint: 'Use mqtts://.' });
  });
}

function checkKeepalive(form: typeof shape) {
  return crossCheck(form, ['keepalive'], ({ keepalive }, report) => {
    if (keepalive % 1000 !== 0) report(['keepalive'], 'must be whole seconds: MQTT counts nothing smaller');
  });
}

function checkPassword(form: typeof shape) {
  return crossCheck(form, ['username', 'passwordFile'], ({ username, passwordFile }, report) => {
    if (passwordFile !== undefined && username === undefined) {
      report(['username'], 'is missing: MQTT 3.1.1 sends no password without a user name');
    }
  });
}

export type BusForm = z.output<typeof busForm>;

/**
 * The baseline: what an engineer writes first. mqtt.js with its defaults, one `await session.run` and one publish a
 * message; the same model, thread count, quality of service and content of the answers as the agent's. A new model comes as
 * a file, by a message, into a session of the same process.
 */
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { MODEL, WINDOW } from './model.ts';
import { ANSWER_TOPIC, INPUT_FILTER, KEY_LEVEL, NAIVE_SWAP_TOPIC } from './payloads.ts';

const { values: flags } = parseArgs({ options: { port: { type: 'string' }, model: { type: 'string' } } });

let seq = 0;
let { version } = MODEL;
const load = (file: string) => InferenceSession.create(file, { intraOpNumThreads: 1 });
let session = await load(flags.model ?? '');
const client = mqtt.connect(`mqtt://127.0.0.1:${flags.port}`);
client.on('connect', () => client.subscribe([INPUT_FILTER, NAIVE_SWAP_TOPIC]));

client.on('message', async (topic, payload) => {
  const arrived = performance.now();
  const reading = JSON.parse(payload.toString());
  if (topic === NAIVE_SWAP_TOPIC) {
    session = await load(reading.file);
    version = reading.version;
    return;
  }
  const input = new Tensor('float32', Float32Array.from(reading.values), [1, WINDOW]);
  const output = await session.run({ [MODEL.input]: input });
  const score = Number(output[MODEL.output]?.data[0]);
  const key = topic.split('/')[KEY_LEVEL];
  const result = {
    specversion: '1.0',
    source: '/things/bench/agents/naive',
    type: 'com.openclaw.edge.inference.v1',
    id: `naive/${key}/${reading.ts}`,
    time: new Date(reading.ts).toISOString(),
    datacontenttype: 'application/json',
    data: {
      agent: 'naive',
      model: { name: MODEL.name, version, variant: MODEL.variant },
      key,
      seq: seq++,
      outcome: { label: 'error', score },
      latencyMs: performance.now() - arrived,
    },
  };
  client.publish(ANSWER_TOPIC, JSON.stringify(result));
});

process.once('SIGTERM', () => client.end(true, {}, () => process.exit()));

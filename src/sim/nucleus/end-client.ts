import type { MqttClient } from 'mqtt';

/** A broker that does not answer a goodbye within this is not waited for. */
const STOP_DEADLINE_MS = 1_000;

/** Ends a client's connection in good order, or by force when that takes too long. Never rejects. */
export async function endClient(client: MqttClient): Promise<void> {
  const forced = setTimeout(() => client.end(true), STOP_DEADLINE_MS);
  await client.endAsync(!client.connected).catch(() => {});
  clearTimeout(forced);
}

import type { MqttClient } from 'mqtt';
import { coversFilter } from '../../domain/topic-filter.ts';

/** AWS IoT takes at most eight filters a SUBSCRIBE; other brokers answer a few packets as fast as one. */
const FILTERS_A_PACKET = 8;
/** Codes from here on are refusals (MQTT 3.1.1 and 5, 3.9.3). */
const FIRST_REFUSAL = 0x80;

export type Filters = ReadonlyMap<string, 0 | 1>;

/**
 * The filters to ask for: those that no other covers, with the highest QoS of what they cover. A broker may send a message
 * once for each subscription that matches (MQTT 5, 3.3.4), and each copy would be one more reading. Filters of which
 * neither covers the other (a/+ and +/b) are left as they are.
 */
export function widest(filters: Filters): Filters {
  const all = [...filters];
  const wide = all.filter(([filter]) => !all.some(([other]) => other !== filter && coversFilter(other, filter)));
  return new Map(
    wide.map(([filter, qos]) => [
      filter,
      all.some(([other, wanted]) => wanted > qos && coversFilter(filter, other)) ? 1 : qos,
    ]),
  );
}

/** Subscribes to all filters at once, and tells those that the broker refused. Rejects when the connection ends first. */
export async function subscribeAll(client: MqttClient, filters: Filters): Promise<readonly string[]> {
  const packets: Promise<readonly string[]>[] = [];
  for (const qos of [0, 1] as const) {
    const same = [...filters].filter(([, wanted]) => wanted === qos).map(([filter]) => filter);
    for (let at = 0; at < same.length; at += FILTERS_A_PACKET) {
      packets.push(subscribeSome(client, same.slice(at, at + FILTERS_A_PACKET), qos));
    }
  }
  return (await Promise.all(packets)).flat();
}

function subscribeSome(client: MqttClient, filters: string[], qos: 0 | 1): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    client.subscribe(filters, { qos }, (error, _wanted, suback) => {
      if (suback === undefined) return reject(error ?? new Error('the broker did not answer SUBSCRIBE'));
      const codes = suback.granted.map(Number);
      resolve(filters.filter((_, index) => (codes[index] ?? FIRST_REFUSAL) >= FIRST_REFUSAL));
    });
  });
}

import type { IotCore } from './iot-core.ts';
import { ClassicIotCore } from './iot-core-classic.ts';
import { LiteIotCore } from './iot-core-lite.ts';
import type { NucleusMode } from './services.ts';

/** Makes a nucleus's connection to what stands for AWS IoT Core: an MQTT broker; without one, it is never online. */
export function iotCoreOf(mode: NucleusMode, brokerUrl: string | undefined, thing: string): IotCore {
  return mode === 'classic' ? new ClassicIotCore(brokerUrl, thing) : new LiteIotCore(brokerUrl, thing);
}

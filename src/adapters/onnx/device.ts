import { DEVICES, type Device } from '../../domain/agent-spec.ts';
import { fail, type Result } from '../../domain/errors.ts';

/**
 * The ONNX Runtime provider that serves a device in this build, if any. Those without need another runtime process than
 * onnxruntime-node: known by name, so that the answer can say so. `auto` is none, it is a choice.
 */
const PROVIDERS: Readonly<Record<Exclude<Device, 'auto'>, string | undefined>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  tensorrt: 'tensorrt',
  webgpu: 'webgpu',
  npu: undefined,
  openvino: undefined,
  qnn: undefined,
  hailo: undefined,
  coral: undefined,
};

/** What a model can be asked to compute on, by name: each may be tried. */
export const PLACES = DEVICES.filter((device) => device !== 'auto');

/** The provider of a device name. */
export function providerOf(device: string): Result<string> {
  const place = PLACES.find((known) => known === device);
  const provider = place === undefined ? undefined : PROVIDERS[place];
  if (provider !== undefined) return { ok: true, value: provider };
  const usable = PLACES.filter((known) => PROVIDERS[known] !== undefined);
  const reason = place === undefined ? `there is no device "${device}"` : `this build has no runtime for "${device}"`;
  return fail('E_DEVICE_UNAVAILABLE', `${reason}; known are auto, ${usable.join(', ')}`);
}

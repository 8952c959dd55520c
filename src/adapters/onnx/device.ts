import { fail, type Result } from '../../domain/errors.ts';

/** What may stand behind --device, and the ONNX Runtime provider that serves it in this build, if any. */
export const DEVICES: Readonly<Record<string, { readonly provider: string | undefined }>> = {
  cpu: { provider: 'cpu' },
  cuda: { provider: 'cuda' },
  tensorrt: { provider: 'tensorrt' },
  webgpu: { provider: 'webgpu' },
  // These need another runtime process than onnxruntime-node: known by name, so that the answer can say so.
  npu: { provider: undefined },
  openvino: { provider: undefined },
  qnn: { provider: undefined },
  hailo: { provider: undefined },
  coral: { provider: undefined },
};

/** The provider of a device name; `auto` is none, it is a choice. */
export function providerOf(device: string): Result<string> {
  const known = Object.hasOwn(DEVICES, device) ? DEVICES[device] : undefined;
  if (known?.provider !== undefined) return { ok: true, value: known.provider };
  const usable = Object.keys(DEVICES).filter((name) => DEVICES[name]?.provider !== undefined);
  const reason = known === undefined ? `there is no device "${device}"` : `this build has no runtime for "${device}"`;
  return fail('E_DEVICE_UNAVAILABLE', `${reason}; known are auto, ${usable.join(', ')}`);
}

import assert from 'node:assert/strict';
import { providerOf } from '../../../../src/adapters/onnx/device.ts';

describe('a device name', () => {
  it('stands for an execution provider', () => {
    assert.deepEqual(providerOf('cuda'), { ok: true, value: 'cuda' });
  });

  for (const [device, says] of [
    ['npu', /no runtime for "npu"/],
    ['quantum', /no device "quantum"; known are auto, cpu, cuda, tensorrt, webgpu$/],
    ['constructor', /no device "constructor"/],
    ['', /no device ""/],
  ] as const) {
    it(`"${device}" is refused with the names that work`, () => {
      const provider = providerOf(device);
      assert.equal(provider.ok ? 'found' : provider.error.code, 'E_DEVICE_UNAVAILABLE');
      assert.match(provider.ok ? '' : provider.error.message, says);
    });
  }
});

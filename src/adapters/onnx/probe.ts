import { existsSync } from 'node:fs';
import { ERRORS, type Failure, fail, ok, type Result } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { LoadedModel, ModelToLoad } from '../../ports/model-runner.ts';
import { PLACES, providerOf } from './device.ts';
import { ProcessRunner } from './process-runner.ts';
import type { Launch } from './runner-process.ts';

export type ProbeOptions = { readonly launch: Launch; readonly clock: Clock; readonly log: Log };
export type Probed = { readonly device: string; readonly usable: boolean; readonly reason: string | undefined };

/** The first use of a GPU loads hundreds of megabytes of libraries. */
const PROBE_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 1000;
/** The graph y = x + x, float32 [n, 1]: as good as the smallest, and no optimizer removes it. */
const TINY_GRAPH =
  'CAg6PwoOCgF4CgF4EgF5IgNBZGQSAWdaFAoBeBIPCg0IARIJCgMSAW4KAggBYhQKAXkSDwoNCAESCQoDEgFuCgIIAUIECgAQEQ==';
const TINY_MODEL: Omit<ModelToLoad, 'label'> = {
  bytes: Buffer.from(TINY_GRAPH, 'base64'),
  input: { name: 'x', window: 1, hop: 1, channels: ['x'], channelAxis: false },
  output: { name: 'y', labels: ['y'] },
};
/** Without one of these there is no NVIDIA GPU (the last is a Jetson's), and a probe would only cost time. */
const GPU_FILES = ['/dev/nvidiactl', '/dev/nvhost-ctrl-gpu'];

/** Tells of every known device whether it works here. It tries each, as what the runtime lists is what it was compiled with. */
export async function probeDevices(options: ProbeOptions): Promise<Probed[]> {
  const probed: Probed[] = [];
  for (const device of PLACES) {
    const provider = providerOf(device);
    const tried = provider.ok ? await probeProvider(provider.value, options) : provider;
    probed.push({ device, usable: tried.ok, reason: tried.ok ? undefined : reasonOf(tried.error, device) });
  }
  return probed;
}

/**
 * Finds the provider for what --device says. `cpu` is there always and not probed. `auto` takes CUDA where it works;
 * never TensorRT, which builds its engines for minutes, and never WebGPU, which is young: they are for who asks.
 */
export async function chooseProvider(device: string, options: ProbeOptions): Promise<Result<string>> {
  if (device === 'cpu') return ok('cpu');
  if (device === 'auto') {
    const hasGpu = GPU_FILES.some((file) => existsSync(file));
    return ok(hasGpu && (await probeProvider('cuda', options)).ok ? 'cuda' : 'cpu');
  }
  const provider = providerOf(device);
  if (!provider.ok) return provider;
  const tried = await probeProvider(provider.value, options);
  return tried.ok ? provider : fail('E_DEVICE_UNAVAILABLE', `${device}: ${reasonOf(tried.error, device)}`, tried.error);
}

/** What the runtime said. That it was a model which did not load, and which, only leads astray: no model is meant. */
function reasonOf({ code, message }: Failure, device: string): string {
  const { message: general } = ERRORS[code];
  const detail = message.startsWith(`${general}: `) ? message.slice(general.length + 2) : message;
  return (detail.startsWith(`${device}: `) ? detail.slice(device.length + 2) : detail).split('\n', 1)[0] ?? detail;
}

/** Loads and runs the tiny graph in a process of its own: a bad driver may hang or abort. */
async function probeProvider(provider: string, options: ProbeOptions): Promise<Result<LoadedModel>> {
  const runner = new ProcessRunner({
    ...options,
    provider: async () => ok(provider),
    threads: 1,
    deadlineMs: PROBE_DEADLINE_MS,
    loadDeadlineMs: PROBE_DEADLINE_MS,
    memoryBytes: undefined,
    random: Math.random,
  });
  const loaded = await runner.start({ ...TINY_MODEL, label: provider });
  await runner.stop(STOP_DEADLINE_MS);
  return loaded;
}

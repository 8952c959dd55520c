import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { LoadedModel, ModelToLoad } from '../../ports/model-runner.ts';
import { contractProblem } from './contract-check.ts';
import { measure } from './measure.ts';

export type SessionOptions = {
  /** An execution provider by its ONNX Runtime name. It alone is asked for, so it works or the load fails. */
  readonly provider: string;
  readonly threads: number;
};

export type Session = {
  readonly loaded: LoadedModel;
  /** Runs count windows; the scores are fresh memory. Fails with E_RUN_FAILED; never rejects. */
  run(batch: Float32Array, count: number): Promise<Result<Float32Array>>;
  close(): Promise<void>;
};

/** Loads a model from its bytes, holds it against its contract, warms it up and measures it. */
export async function openSession(model: ModelToLoad, options: SessionOptions): Promise<Result<Session>> {
  const before = performance.now();
  const { InferenceSession, Tensor } = await loadRuntime();
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(model.bytes, sessionOptions(options));
  } catch (thrown) {
    return fail('E_MODEL_LOAD', `${model.label}: ${messageOf(thrown)}`, thrown);
  }
  const problem = contractProblem(session.inputMetadata, session.outputMetadata, model.input, model.output);
  if (problem !== undefined) {
    await session.release();
    return fail('E_MODEL_CONTRACT', `${model.label}: ${problem}`);
  }
  const run = runOf(session, Tensor, model);
  const tried = await tryOut(run, model);
  if (!tried.ok) {
    await session.release();
    return tried;
  }
  const loadMs = performance.now() - before;
  return ok({
    loaded: { provider: options.provider, loadMs, ...tried.value },
    run,
    close: () => session.release(),
  });
}

/** Since 1.29 ONNX Runtime reports home unless this is in the environment before the library loads. */
async function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  return import('onnxruntime-node');
}

function sessionOptions(options: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [options.provider],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    // Its errors come as exceptions; printed as well, each bad input would be a line of the log.
    logSeverityLevel: 4,
    // Threads that spin while they wait take whole cores of an idle device (184 % measured); values are strings.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
}

function rowLength(model: ModelToLoad): number {
  return model.input.window * model.input.channels.length;
}

function runOf(session: InferenceSession, tensor: typeof Tensor, model: ModelToLoad): Session['run'] {
  const { input, output } = model;
  const row = rowLength(model);
  const labels = output.labels.length;
  const rowShape = input.channelAxis ? [input.window, input.channels.length] : [row];
  // Only the output that is promised: others cost time, and some types cannot be returned.
  const fetches = [output.name];
  return async (batch, count) => {
    if (batch.length !== count * row) {
      return fail('E_RUN_FAILED', `a batch of ${batch.length} values is not ${count} windows of ${row}`);
    }
    try {
      const feeds = { [input.name]: new tensor('float32', batch, [count, ...rowShape]) };
      const scores = (await session.run(feeds, fetches))[output.name]?.data;
      if (scores instanceof Float32Array && scores.length === count * labels) return ok(scores);
      return fail('E_RUN_FAILED', `${scores?.length ?? 0} scores for ${count} windows of ${labels} labels`);
    } catch (thrown) {
      return fail('E_RUN_FAILED', messageOf(thrown), thrown);
    }
  };
}

/** Zeros must pass: a model that fails on them, or answers in another shape, breaks its contract. */
async function tryOut(run: Session['run'], model: ModelToLoad): Promise<Result<Awaited<ReturnType<typeof measure>>>> {
  const row = rowLength(model);
  try {
    const measured = await measure(async (count) => {
      const result = await run(new Float32Array(count * row), count);
      if (!result.ok) throw new Error(result.error.message);
    });
    return ok(measured);
  } catch (thrown) {
    return fail('E_MODEL_CONTRACT', `${model.label}: ${messageOf(thrown)}`, thrown);
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

import { splitRoute } from '../domain/route.ts';
import type { AgentForm, AgentShape } from './agent-form.ts';
import { crossCheck } from './cross-check.ts';
import { NAME_PATTERN } from './fields.ts';
import { mayShareBus } from './topics.ts';

/** `container` names a process. What looks like an image would be a promise that nothing here keeps. */
export function checkImage(form: AgentShape): AgentShape {
  return crossCheck(form, ['container'], ({ container }, report) => {
    if (container === undefined || NAME_PATTERN.test(container)) return;
    if (!/[/:]/.test(container)) report(['container'], 'must be 1 to 64 letters, digits, _ or -');
    else {
      report(['container'], 'looks like an image; images are not run: the model runs in a process of its own', {
        unsupported: true,
        hint: 'Give the process a name of letters, digits, _ and -, and the model by model.path or model.package.',
      });
    }
  });
}

export function isolationOf({ isolated, isolation }: Pick<AgentForm, 'isolated' | 'isolation'>) {
  return isolation ?? (isolated === true ? 'sandbox' : 'process');
}

export function checkIsolation(form: AgentShape): AgentShape {
  return crossCheck(form, ['isolated', 'isolation'], ({ isolated, isolation }, report) => {
    if (isolated === undefined || isolation === undefined || isolated === (isolation === 'sandbox')) return;
    report(['isolation'], `is ${isolation}, which contradicts isolated: ${isolated}`, {
      hint: '`isolated: true` means `isolation: sandbox`; one of them is enough.',
    });
  });
}

const PERMISSIONS = ['network', 'storage'] as const;

export function checkPermissions(form: AgentShape): AgentShape {
  return crossCheck(form, ['permissions', 'isolated', 'isolation'], ({ permissions, ...agent }, report) => {
    if (permissions === undefined || isolationOf(agent) === 'sandbox') return;
    const denied = PERMISSIONS.filter((permission) => !permissions.includes(permission));
    if (denied.length === 0) return;
    report(['permissions'], `leaves out ${denied.join(' and ')}, and only a sandbox can deny that`, {
      unsupported: true,
      hint: 'Set isolated: true, or leave permissions out.',
    });
  });
}

/** Each message would be read by both, and be bad input to one of them. */
export function checkInputs(form: AgentShape): AgentShape {
  return crossCheck(form, [], (agent, report, sound) => {
    const { inputs } = agent as { inputs?: unknown };
    if (!Array.isArray(inputs)) return;
    const topics = (inputs as { topic: string }[]).map((input, at) =>
      sound('inputs', at, 'topic') ? splitRoute(input.topic) : undefined,
    );
    for (const [at, one] of topics.entries()) {
      const isSame = (other: typeof one) => other?.topic === one?.topic && mayShareBus(other?.route, one?.route);
      const first = topics.findIndex((other, before) => before < at && other !== undefined && isSame(other));
      if (one === undefined || first === -1) continue;
      const hint = topics[first]?.route === one.route ? {} : { hint: NAME_BOTH };
      report(['inputs', at, 'topic'], `is already taken by inputs[${first}]`, hint);
    }
  });
}

/** For two topics of which one names its bus and the other does not. */
export const NAME_BOTH = 'One of the two names no bus, so they may share one: name a bus for both.';

/** What ends a process needs one to end. */
export function checkInline(form: AgentShape): AgentShape {
  const more = { unsupported: true, hint: 'Choose isolation: process.' };
  const why = 'cannot be honoured with the isolation none: the model is a part of the agent itself';
  const withMemory = crossCheck(
    form,
    ['resources.memory', 'isolated', 'isolation'],
    ({ resources, ...agent }, report) => {
      if (isolationOf(agent) === 'none' && resources.memory !== undefined) report(['resources', 'memory'], why, more);
    },
  );
  return crossCheck(withMemory, ['runner.deadline', 'isolated', 'isolation'], ({ runner, ...agent }, report) => {
    if (isolationOf(agent) === 'none' && runner.deadline !== undefined) report(['runner', 'deadline'], why, more);
  });
}

export function deviceOf({ resources, model }: Pick<AgentForm, 'resources' | 'model'>) {
  if (resources.gpu === undefined) return model.device ?? 'cpu';
  if (Number(resources.gpu) === 0) return model.device === 'auto' ? 'cpu' : (model.device ?? 'cpu');
  return model.device === undefined || model.device === 'auto' ? 'cuda' : model.device;
}

const GPU_DEVICES: readonly string[] = ['cuda', 'tensorrt', 'webgpu'];

export function checkDevice(form: AgentShape): AgentShape {
  return crossCheck(form, ['resources.gpu', 'model.device'], ({ resources, model }, report) => {
    const { gpu } = resources;
    if (gpu === undefined || GPU_DEVICES.includes(deviceOf({ resources, model })) === (Number(gpu) === 1)) return;
    report(['model', 'device'], `is ${model.device}, which contradicts resources.gpu: ${gpu}`);
  });
}

export function checkModel(form: AgentShape): AgentShape {
  return crossCheck(form, ['model.path', 'model.package'], ({ model }, report) => {
    if (model.path !== undefined && model.package !== undefined) report(['model'], 'needs path or package, not both');
  });
}

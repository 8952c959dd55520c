import { resolve } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { requestDeployment } from '../sim/nucleus/control-client.ts';
import type { Queued } from '../sim/nucleus/control-server.ts';
import type { ComponentRequest, DeploymentDocument, DeploymentResult } from '../sim/nucleus/document.ts';
import { isComponentName, Layout } from '../sim/nucleus/layout.ts';
import { isVersion } from '../sim/nucleus/versions.ts';
import type { CliCommand, CommandInput, ExitCode, Flag } from './command.ts';
import { anyText, oneOf } from './flag-values.ts';
import { type Io, printError, printJson, printProgress, printTable } from './io.ts';
import { ROOT_FLAG } from './simulate-nucleus-flags.ts';

type Pair<T> = { readonly name: string; readonly value: T };
type Merge = NonNullable<NonNullable<ComponentRequest['configurationUpdate']>['merge']>;

export type SimulateDeployFlags = {
  root: string | undefined;
  recipes: string;
  artifacts: string;
  component: readonly Pair<string>[] | undefined;
  remove: readonly string[] | undefined;
  merge: readonly Pair<Merge>[] | undefined;
  cloud: boolean;
  failurePolicy: 'ROLLBACK' | 'DO_NOTHING' | undefined;
  wait: boolean;
};

const flags: readonly Flag<SimulateDeployFlags>[] = [
  ROOT_FLAG,
  {
    key: 'recipes',
    name: '--recipes <dir>',
    description: 'folder of recipes, named NAME-VERSION.yaml',
    default: 'greengrass-build/recipes',
    parse: anyText,
  },
  {
    key: 'artifacts',
    name: '--artifacts <dir>',
    description: 'folder of artifacts, as NAME/VERSION/FILE',
    default: 'greengrass-build/artifacts',
    parse: anyText,
  },
  {
    key: 'component',
    name: '--component <name=version...>',
    description: 'what the device shall have; may be given again',
    parse: componentVersion,
  },
  {
    key: 'remove',
    name: '--remove <name...>',
    description: 'what an earlier deployment brought and is no longer wanted',
    parse: componentName,
  },
  {
    key: 'merge',
    name: '--merge <name=json...>',
    description: 'configuration to merge into that of a component',
    parse: componentMerge,
  },
  {
    key: 'cloud',
    name: '--cloud',
    description: 'as a deployment of the cloud: what it does not name is removed, and it outlives a power cut',
    default: false,
  },
  {
    key: 'failurePolicy',
    name: '--failure-policy <policy>',
    description: 'ROLLBACK or DO_NOTHING, for classic; without it as there: DO_NOTHING, with --cloud ROLLBACK',
    parse: oneOf(['ROLLBACK', 'DO_NOTHING'] as const),
  },
  { key: 'wait', name: '--wait', description: 'wait for its end', default: false },
];

export const simulateDeploy: CliCommand<SimulateDeployFlags> = {
  name: 'simulate deploy',
  summary: 'Deploy components to a nucleus that `simulate nucleus` runs',
  args: [],
  flags,
  async run({ flags: given }: CommandInput<SimulateDeployFlags>, io: Io): Promise<ExitCode> {
    if (given.root === undefined) return printError(io, fail('E_USAGE', '--root is needed').error);
    const document = toDocument(given);
    if (!document.ok) return printError(io, document.error);
    const { controlSocket } = new Layout(given.root);
    const ended = await requestDeployment(controlSocket, { document: document.value, wait: given.wait }, io.signal);
    if (!ended.ok && io.signal.aborted) {
      printProgress(io, 'nobody waits for it any more; what was begun goes on in the nucleus');
      return 1;
    }
    if (!ended.ok) return printError(io, ended.error);
    printResult(io, ended.value);
    return ended.value.status === 'SUCCEEDED' || ended.value.status === 'QUEUED' ? 0 : 1;
  },
};

function toDocument(given: Readonly<SimulateDeployFlags>): Result<DeploymentDocument> {
  const { component = [], remove = [], merge = [], failurePolicy } = given;
  if (component.length + remove.length === 0) return fail('E_USAGE', 'neither --component nor --remove is given');
  const components: Record<string, ComponentRequest> = {};
  for (const { name, value } of component) {
    if (components[name] !== undefined) return fail('E_USAGE', `--component names ${name} twice`);
    components[name] = { version: value };
  }
  for (const { name, value } of merge) {
    const request = components[name];
    if (request === undefined) return fail('E_USAGE', `--merge names ${name}, which --component does not`);
    if (request.configurationUpdate !== undefined) return fail('E_USAGE', `--merge names ${name} twice`);
    components[name] = { ...request, configurationUpdate: { merge: value } };
  }
  return ok({
    source: given.cloud ? 'cloud' : 'local',
    components,
    remove,
    // The nucleus may run in another folder.
    recipes: resolve(given.recipes),
    artifacts: resolve(given.artifacts),
    ...(failurePolicy === undefined ? {} : { failureHandlingPolicy: failurePolicy }),
  });
}

function printResult(io: Io, result: DeploymentResult | Queued): void {
  if (io.output !== 'table') {
    printJson(io, result);
    return;
  }
  const reason = 'reason' in result && result.reason !== undefined ? `: ${result.reason}` : '';
  printProgress(io, `${result.deploymentId} ${result.status}${reason}`);
  if ('components' in result) printTable(io, result.components);
}

function componentVersion(text: string): Result<readonly Pair<string>[]> {
  const { name, value } = split(text);
  if (isComponentName(name) && isVersion(value)) return ok([{ name, value }]);
  return fail('E_USAGE', `${text} is not like com.example.Name=1.0.0`);
}

function componentName(text: string): Result<readonly string[]> {
  return isComponentName(text) ? ok([text]) : fail('E_USAGE', `${text} is no name of a component`);
}

function componentMerge(text: string): Result<readonly Pair<Merge>[]> {
  const { name, value } = split(text);
  try {
    const merge: unknown = JSON.parse(value);
    if (isComponentName(name) && typeof merge === 'object' && merge !== null && !Array.isArray(merge)) {
      return ok([{ name, value: merge as Merge }]);
    }
  } catch {
    // Told below.
  }
  return fail('E_USAGE', `${text} is not like com.example.Name={"key": 1}`);
}

function split(text: string): Pair<string> {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, value: '' } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

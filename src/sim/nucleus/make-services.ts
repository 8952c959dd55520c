import type { Configuration } from './configuration.ts';
import type { Deployments } from './deployments.ts';
import { isObject } from './json.ts';
import { localDocument } from './local-request.ts';
import type { AccessControl, ComponentDetails, NucleusMode, NucleusServices, ReportedState } from './services.ts';
import type { Tokens } from './tokens.ts';
import type { UpdateNotices } from './update-notices.ts';

export type ServicesParts = {
  readonly mode: NucleusMode;
  readonly thing: string;
  readonly tokens: Tokens;
  readonly configuration: Configuration;
  readonly notices: UpdateNotices;
  readonly deployments: Deployments;
  readonly components: () => readonly ComponentDetails[];
  readonly has: (component: string) => boolean;
  readonly report: (component: string, state: ReportedState) => void;
  readonly restart: (component: string) => boolean;
};

/** What the IPC server may ask of the nucleus. */
export function makeServices(parts: ServicesParts): NucleusServices {
  const { mode, thing, tokens, configuration, notices, deployments } = parts;
  return {
    mode,
    thing,
    authenticate: (svcuid) => tokens.ownerOf(svcuid),
    accessControl: (component) =>
      readAccessControl(configuration.get(component, ['accessControl']), (resource) =>
        // Lite resolves variables here, whatever the configuration says; classic does not without being told to.
        mode === 'lite' ? resource.replaceAll('{iot:thingName}', thing) : resource,
      ),
    components: parts.components,
    configuration,
    reportState: parts.report,
    restart: (component) => parts.has(component) && parts.restart(component),
    createLocalDeployment: async (request) => {
      const { deploymentId, ended } = deployments.add(localDocument(request));
      ended.catch(() => {});
      return deploymentId;
    },
    deploymentStatus: (id) => deployments.statusOf(id),
    onPreUpdate: (ask) => notices.onPreUpdate(ask),
    onPostUpdate: (tell) => notices.onPostUpdate(tell),
  };
}

/** Policies that are none are passed over: they allow nothing. */
function readAccessControl(value: unknown, resolve: (resource: string) => string): AccessControl {
  const services = Object.entries(isObject(value) ? value : {}).map(([service, policies]) => {
    const read = Object.entries(isObject(policies) ? policies : {}).flatMap(([id, policy]) => {
      if (!isObject(policy)) return [];
      return [[id, { operations: texts(policy['operations']), resources: texts(policy['resources']).map(resolve) }]];
    });
    return [service, Object.fromEntries(read)];
  });
  return Object.fromEntries(services);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

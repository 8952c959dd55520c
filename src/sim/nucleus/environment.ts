import type { NucleusMode } from './services.ts';

/** The versions whose rules these are. */
export const NUCLEUS_VERSIONS: Readonly<Record<NucleusMode, string>> = { classic: '2.15.0', lite: '2.3.0' };

export function nucleusName(mode: NucleusMode): string {
  return mode === 'lite' ? 'aws.greengrass.NucleusLite' : 'aws.greengrass.Nucleus';
}

/** Any: nothing here goes to AWS. */
const REGION = 'eu-west-1';
/** What systemd gives to services, on either nucleus. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export type EnvironmentParts = {
  readonly mode: NucleusMode;
  readonly thing: string;
  readonly socket: string;
  readonly token: string;
  readonly home: string;
};

/** What a component's process finds in its environment (ShellRunner and KernelLifecycle; recipe-runner). */
export function componentEnvironment(parts: EnvironmentParts): Record<string, string> {
  const { mode, thing, socket, token, home } = parts;
  return {
    PATH,
    LANG: 'C.UTF-8',
    HOME: home,
    SVCUID: token,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socket,
    AWS_IOT_THING_NAME: thing,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    GGC_VERSION: NUCLEUS_VERSIONS[mode],
    GG_ROOT_CA_PATH: '',
  };
}

/**
 * The one table of everything that can go wrong and be told to a person or a program.
 * Codes are stable: scripts and dashboards match on them. `hint` says what to do next.
 * docs/reference/errors.md is generated from this table.
 */
export const ERRORS = {
  // Configuration and usage
  E_CONFIG_SYNTAX: {
    retryable: false,
    message: 'The configuration is not valid YAML',
    hint: 'Fix the line that is named; `openclaw-edge agent check FILE` checks it again.',
  },
  E_CONFIG_INVALID: {
    retryable: false,
    message: 'The configuration has problems',
    hint: 'Fix every path that is listed; `openclaw-edge agent check FILE` lists them again.',
  },
  E_CONFIG_UNSUPPORTED: {
    retryable: false,
    message: 'The configuration asks for something that this version cannot honour',
    hint: 'Remove the setting: nothing here is silently ignored.',
  },
  E_USAGE: {
    retryable: false,
    message: 'The command line is not understood',
    hint: '`openclaw-edge --help` lists the commands; --help behind a command lists its flags.',
  },
  E_FILE_MISSING: {
    retryable: false,
    message: 'A file that is needed is not there',
    hint: 'Check the path: one in a configuration starts at the folder of its file, one in a flag where you are.',
  },
  E_INTERNAL: {
    retryable: false,
    message: 'Something happened that should be impossible',
    hint: 'Please report it with the log around it.',
  },

  // Buses
  E_BUS_UNREACHABLE: {
    retryable: true,
    message: 'The broker cannot be reached',
    hint: 'Check the address (bus.url, or --broker) and that the broker runs; an agent keeps trying with backoff.',
  },
  E_BUS_REFUSED: {
    retryable: true,
    message: 'The broker refused the connection',
    hint: 'Check user name, client id and the broker log; the agent keeps trying with backoff.',
  },
  E_TLS_UNTRUSTED: {
    retryable: true,
    message: "The broker's certificate is not signed by the configured CA",
    hint: 'Check bus.tls.ca; it must hold the CA that signed the broker certificate.',
  },
  E_TLS_EXPIRED: {
    retryable: true,
    message: 'A certificate has expired or is not valid yet',
    hint: 'Renew it, and check the clock of this device.',
  },
  E_TLS_CLIENT_CERT: {
    retryable: true,
    message: 'The broker asks for a client certificate and did not accept ours',
    hint: 'Check bus.tls.cert and bus.tls.key, and that the broker trusts their CA.',
  },
  E_TLS_PROTOCOL: {
    retryable: true,
    message: 'No common TLS version or cipher with the broker',
    hint: 'The agent speaks TLS 1.3 (and 1.2 only if bus.tls.minVersion says so).',
  },
  E_BUS_OFFLINE: {
    retryable: true,
    message: 'There is no connection to the broker right now',
    hint: 'What passes the outbox is kept and sent later; direct results are counted as dropped.',
  },
  E_BUS_REJECTED: {
    retryable: false,
    message: 'The broker rejected a message',
    hint: 'Check the access rules of the broker for the topic that is named.',
  },
  E_BUS_BUSY: {
    retryable: true,
    message: 'More messages wait for their acknowledgement than the broker allows',
    hint: 'Publish when `window` is above 0 again; the outbox does.',
  },
  E_BUS_TOO_LARGE: {
    retryable: false,
    message: 'A message is larger than its bus carries',
    hint: 'AWS IoT Core takes 128 KB, nucleus lite about 7 KB: send less in one message, or choose another bus for it.',
  },
  E_TOPIC_INVALID: {
    retryable: false,
    message: 'A topic is not valid here',
    hint: 'Topics to publish to hold no + or #; names hold no /, + or #.',
  },
  E_PORT_IN_USE: {
    retryable: false,
    message: 'The port of the embedded broker is taken',
    hint: 'Choose another port in bus.embedded.port, or by --port; 0 is any.',
  },
  E_BROKER_START: {
    retryable: false,
    message: 'The embedded broker does not start',
    hint: 'Choose a port above 1023 in bus.embedded.port, unless this user may open lower ones.',
  },

  // Greengrass
  E_IPC_UNREACHABLE: {
    retryable: true,
    message: 'The Greengrass nucleus cannot be reached',
    hint: 'Check that the nucleus runs; an agent keeps trying with backoff.',
  },
  E_IPC_DENIED: {
    retryable: true,
    message: 'The Greengrass nucleus did not accept our token',
    hint: 'Only the nucleus that started this process knows it (SVCUID): an agent ends after 15 s of this, for the nucleus to start it anew.',
  },
  E_IPC_OFFLINE: {
    retryable: true,
    message: 'There is no connection to the Greengrass nucleus right now',
    hint: 'It is opened again by itself, with backoff.',
  },
  E_IPC_TIMEOUT: {
    retryable: true,
    message: 'The Greengrass nucleus did not answer in time',
    hint: 'Look at the load of the device and at the log of the nucleus.',
  },
  E_IPC_FAILED: {
    retryable: true,
    message: 'The Greengrass nucleus could not do what it was asked for',
    hint: 'Look at the log of the nucleus; the agent tries again where that makes sense.',
  },
  E_IPC_TOO_LARGE: {
    retryable: false,
    message: 'The Greengrass nucleus cannot send us the configuration of this component',
    hint: 'Nucleus lite sends at most 10,000 bytes, and 255 keys, values and items: shorten the configuration, accessControl in it too.',
  },
  E_IPC_REFUSED: {
    retryable: false,
    message: 'The Greengrass nucleus refused a request',
    hint: 'The reason that it gave is in the message.',
  },
  E_IPC_NOT_FOUND: {
    retryable: false,
    message: 'The Greengrass nucleus knows no such thing',
    hint: 'What was asked for is in the message.',
  },
  E_IPC_CONFLICT: {
    retryable: true,
    message: 'Somebody else changed it in the same moment',
    hint: 'Read it again, then change it.',
  },
  E_IPC_UNAUTHORIZED: {
    retryable: false,
    message: 'Greengrass does not allow this component to do that',
    hint: 'Add the operation and the resource that are named to accessControl in the configuration of the component.',
  },
  E_IPC_UNSUPPORTED: {
    retryable: false,
    message: 'This Greengrass nucleus does not serve the operation',
    hint: 'Nucleus lite serves fewer operations than the classic one; docs/guide/greengrass.md tells which.',
  },

  // Models and runners
  E_MODEL_MISSING: {
    retryable: false,
    message: 'There is no such model package',
    hint: 'Give a folder that holds manifest.json, or the name of a shipped package.',
  },
  E_MODEL_UNWANTED: {
    retryable: false,
    message: 'No agent of this device is configured for this model',
    hint: 'Name the agent with --agent, or the model in `model` of an agent in the configuration.',
  },
  E_MANIFEST_INVALID: {
    retryable: false,
    message: 'The manifest of the model package has problems',
    hint: 'Fix every path that is listed.',
  },
  E_MODEL_DIGEST: {
    retryable: false,
    message: 'A model file is not the one that its manifest names',
    hint: 'The file is damaged or was changed: install the package again.',
  },
  E_MODEL_LOAD: {
    retryable: false,
    message: 'The model does not load',
    hint: 'Try `openclaw-edge model test PACKAGE`; the cause is in the message.',
  },
  E_MODEL_CONTRACT: {
    retryable: false,
    message: 'The model does not answer as its manifest promises',
    hint: 'Inputs, outputs and shapes must agree with manifest.json.',
  },
  E_DEVICE_UNAVAILABLE: {
    retryable: false,
    message: 'The execution provider that was asked for is not usable here',
    hint: 'Use --device auto, or install what the provider needs; `openclaw-edge doctor` lists what works.',
  },
  E_RUNNER_TIMEOUT: {
    retryable: true,
    message: 'The model runner did not answer in time',
    hint: 'It was killed and starts again; raise runner.deadline if the model is slow.',
  },
  E_RUNNER_CRASHED: {
    retryable: true,
    message: 'The model runner ended',
    hint: 'It starts again with backoff; the signal or exit code is in the message.',
  },
  E_RUNNER_PROTOCOL: {
    retryable: true,
    message: 'The model runner said something that is not in the protocol',
    hint: 'It was killed and starts again.',
  },
  E_RUNNER_MEMORY: {
    retryable: true,
    message: 'The model runner used more memory than it may',
    hint: 'It was killed and starts again; raise resources.memory or use a smaller variant.',
  },
  E_RUNNER_UNAVAILABLE: {
    retryable: true,
    message: 'The model runner is restarting',
    hint: 'Wait for the backoff; `diagnose` shows the restarts and their reasons.',
  },
  E_RUN_FAILED: {
    retryable: false,
    message: 'The model failed on this input',
    hint: 'The input fits the contract, and the model still refused it: see the message.',
  },
  E_SANDBOX_UNAVAILABLE: {
    retryable: false,
    message: 'This host cannot give the isolation that the policy asks for',
    hint: 'Install bubblewrap and allow user namespaces, or choose isolation: process.',
  },

  // Packages: what they hold, who signed them, for whom
  E_PACKAGE_CONTENT: {
    retryable: false,
    message: 'The package does not hold exactly what was signed',
    hint: 'A file was changed, added or removed: get the package again from its publisher.',
  },
  E_PACKAGE_UNSAFE: {
    retryable: false,
    message: 'The package holds something that no package may hold',
    hint: 'Plain files of one folder only: no links, devices, subfolders, odd names, or names that differ only in case.',
  },
  E_PACKAGE_TOO_LARGE: {
    retryable: false,
    message: 'The package is larger than any package may be',
    hint: 'Remove files, or make them smaller.',
  },
  E_SIGNATURE_MISSING: {
    retryable: false,
    message: 'The package is not signed',
    hint: 'A package needs model.sig and release.sig; `openclaw-edge model sign` writes both.',
  },
  E_SIGNATURE_MALFORMED: {
    retryable: false,
    message: 'A signature file is not as its format asks, or asks for what is not allowed',
    hint: 'Sign the package again with `openclaw-edge model sign`.',
  },
  E_SIGNATURE_INVALID: {
    retryable: false,
    message: 'A signature does not fit what it signs',
    hint: 'The package was changed after it was signed: get it again from its publisher.',
  },
  E_SIGNER_UNTRUSTED: {
    retryable: false,
    message: 'Signed by somebody whom this device does not trust',
    hint: 'Check the keys and authorities of the trust root, or have the package signed by one of them.',
  },
  E_SIGNERS_TOO_FEW: {
    retryable: false,
    message: 'Fewer trusted keys have signed than the trust root asks for',
    hint: 'Let another key holder add a signature: `openclaw-edge model sign DIR --key FILE --cosign`.',
  },
  E_CERTIFICATE_INVALID: {
    retryable: false,
    message: 'A certificate may not do what it is used for',
    hint: 'Signing needs a certificate for digital signatures, and certificate authorities above it.',
  },
  E_CERTIFICATE_EXPIRED: {
    retryable: false,
    message: 'A certificate of the signer has expired or is not valid yet',
    hint: 'Sign with a valid certificate, and check the clock of this device.',
  },
  E_KEY_INVALID: {
    retryable: false,
    message: 'A key cannot be used for signing here',
    hint: 'Keys are PEM without a password, on the curves P-256, P-384 or P-521.',
  },
  E_RELEASE_MISMATCH: {
    retryable: false,
    message: 'release.sig belongs to another package',
    hint: 'Sign the release again after every change of the package.',
  },
  E_RELEASE_OLD: {
    retryable: false,
    message: 'The release is not newer than what this device has had',
    hint: 'Give it a higher release number, or sign a deliberate downgrade for this thing (--downgrade-thing).',
  },
  E_RELEASE_GAP: {
    retryable: false,
    message: 'The release cannot follow what this device has',
    hint: 'Install the release that is named, or a later one, first.',
  },
  E_RELEASE_EARLY: {
    retryable: false,
    message: 'The release is not to be installed yet',
    hint: 'Wait for the date that is named, and check the clock of this device.',
  },
  E_RELEASE_EXPIRED: {
    retryable: false,
    message: 'The release is not to be installed any more',
    hint: 'Look for a newer release, or sign this one again with a later --expires.',
  },
  E_RELEASE_FOREIGN: {
    retryable: false,
    message: 'The release is for other devices',
    hint: 'Check the groups of this device and of the release.',
  },
  E_TRUST_INVALID: {
    retryable: false,
    message: 'The trust root has problems',
    hint: 'Fix every path that is listed; `openclaw-edge trust init` writes a right one.',
  },
  E_TRUST_OLD: {
    retryable: false,
    message: 'The release was signed under a newer trust root',
    hint: 'Bring the newer trust root to this device first: `openclaw-edge trust rotate`.',
  },
  E_TRUST_ROTATION: {
    retryable: false,
    message: 'The new trust root may not follow the old one',
    hint: 'It needs the next version, and signatures enough for the old root and for itself.',
  },

  // Simulator
  E_RECORDING_INVALID: {
    retryable: false,
    message: 'A recording cannot be replayed',
    hint: 'A recording is a *.f32 file: little-endian float32 samples at 12 kHz, finite numbers only, no header.',
  },

  // Outbox and state
  E_OUTBOX_FULL: {
    retryable: true,
    message: 'The outbox is full and holds nothing of lower class to drop',
    hint: 'Raise outbox.maxBytes, or find out why the broker is not reachable.',
  },
  E_OUTBOX_CLOSED: { retryable: false, message: 'The outbox is closed', hint: 'The agent is stopping.' },
  E_OUTBOX_CORRUPT: {
    retryable: false,
    message: 'The outbox file was damaged and has been moved aside',
    hint: 'The damaged file is kept beside the new one; look at the disk.',
  },
  E_OUTBOX_IO: {
    retryable: true,
    message: 'The outbox file cannot be read or written',
    hint: 'Check the disk and the rights of the state folder; the agent keeps trying.',
  },
  E_STATE_FOLDER: {
    retryable: false,
    message: 'A folder for state cannot be made',
    hint: 'Check `state` in the configuration: its path, and the rights of the folder that holds it.',
  },
  E_STATE_LOCKED: {
    retryable: false,
    message: 'Another agent uses this state folder',
    hint: 'Stop the other one, or give each its own state folder.',
  },

  // Rollouts
  E_ROLLOUT_GATE: {
    retryable: false,
    message: 'The model did not pass a gate',
    hint: 'The gate, what was measured and what was allowed are in the message. Too slow is tried again; else it is quarantined.',
  },
  E_ROLLOUT_UNDECIDED: {
    retryable: true,
    message: 'Too few live windows came to judge the model',
    hint: 'Roll it out again when the sensors send; gates.canary in the manifest says how many windows it takes.',
  },
  E_ROLLOUT_QUARANTINED: {
    retryable: false,
    message: 'This version was found bad on this device before',
    hint: 'Roll out a newer version, or force this one if you know why it failed.',
  },
  E_ROLLOUT_CRASH_LOOP: {
    retryable: false,
    message: 'The agent went down again and again during the rollout',
    hint: 'Look at the log of the starts before, and at the power supply of the device.',
  },
  E_ROLLOUT_CANCELLED: {
    retryable: false,
    message: 'The rollout was cancelled',
    hint: 'Start it again if you want to.',
  },
  E_ROLLOUT_SUPERSEDED: {
    retryable: false,
    message: 'A newer request took the place of the rollout',
    hint: 'Nothing to do: see the newer one.',
  },
  E_ROLLOUT_UNDONE: {
    retryable: false,
    message: 'The model was rolled back by hand',
    hint: 'The version is quarantined; force it if you want it again.',
  },
  E_ROLLOUT_BUSY: {
    retryable: true,
    message: 'A rollout is on its way in this slot',
    hint: 'Wait for its end, or cancel it.',
  },
  E_ROLLOUT_INTERRUPTED: {
    retryable: true,
    message: 'The agent stopped before the rollout ended',
    hint: 'It goes on with the next start; the outcome is in the shadow, and the command `model.list` tells it.',
  },
  E_ROLLOUT_NOTHING: {
    retryable: false,
    message: 'There is nothing to cancel or to go back to',
    hint: 'The command `model.list` tells the versions of the slot.',
  },
  E_ROLLOUT_DISABLED: {
    retryable: false,
    message: 'This agent takes no rollouts',
    hint: 'Set rollouts.trust in the configuration: the file that says whose packages this device believes.',
  },

  // Packages and their store
  E_PACKAGE_ARCHIVE: {
    retryable: false,
    message: 'The archive is not a model package that may be unpacked',
    hint: 'A package is a flat zip of regular files, as `openclaw-edge model pack` writes it.',
  },
  E_PACKAGE_EXISTS: {
    retryable: false,
    message: 'There is something already where the package would be written',
    hint: 'Choose another place with --out, or remove what is there.',
  },
  E_AUDIT_BROKEN: {
    retryable: false,
    message: 'The audit log is not as it was written',
    hint: 'Somebody has changed it or taken an entry out, or the disk is failing: compare it with a copy.',
  },
  E_STATE_DAMAGED: {
    retryable: false,
    message: 'What the agent kept about a model is damaged',
    hint: 'Look at the disk; the damaged file is kept. The model starts again from the configuration.',
  },
  E_STATE_IO: {
    retryable: true,
    message: 'The state folder cannot be read or written',
    hint: 'Check the disk and the rights of the state folder.',
  },
  E_DISK_FULL: {
    retryable: true,
    message: 'There is not enough room on the disk',
    hint: 'Make room in the state folder, or choose a smaller package.',
  },

  // Components
  E_COMPONENT_BUILD: {
    retryable: false,
    message: 'The component cannot be built',
    hint: 'Build in a clean checkout after `npm ci`.',
  },
  E_COMPONENT_MISMATCH: {
    retryable: false,
    message: 'Recipe and artifacts do not belong together',
    hint: 'Versions stand in the recipe, in its artifact URIs, and in package.json and gdk-config.json or manifest.json.',
  },
  E_COMPONENT_TOO_LARGE: {
    retryable: false,
    message: 'A file of a component is larger than it may be',
    hint: 'Greengrass takes recipes up to 16 KB; an agent archive has 70 MB at most. Look at what has grown.',
  },
  E_COMPONENT_LICENSE: {
    retryable: false,
    message: 'A package comes without its licence, and cannot be shipped so',
    hint: 'Put its text, of exactly this version, into src/component/build/licenses.',
  },
  E_NODE_UNAVAILABLE: {
    retryable: true,
    message: 'Node for the other architecture is not here and cannot be fetched',
    hint: 'Build once with a network (npm keeps what it fetched), or for this machine alone: --arch x64 or arm64.',
  },

  // The simulated nucleus
  E_NUCLEUS_UNREACHABLE: {
    retryable: true,
    message: 'The simulated nucleus cannot be reached',
    hint: 'Start it with `openclaw-edge simulate nucleus --root DIR`, and give the same --root.',
  },
  E_NUCLEUS_SOCKET: {
    retryable: false,
    message: 'The IPC socket of the simulated nucleus cannot be opened',
    hint: 'Choose a shorter --root, or one that can be written: a path of a Unix socket has at most 107 bytes.',
  },

  // Commands
  E_COMMAND_MALFORMED: {
    retryable: false,
    message: 'The command envelope is not valid',
    hint: 'It needs id, verb, issuedAt and expiresAt; see docs/reference/commands.md.',
  },
  E_COMMAND_EXPIRED: {
    retryable: false,
    message: 'The command came after its expiry',
    hint: 'Send it again with a later expiresAt.',
  },
  E_COMMAND_FUTURE: {
    retryable: false,
    message: 'The command was issued in the future',
    hint: 'Compare the clocks of sender and device.',
  },
  E_COMMAND_UNKNOWN: {
    retryable: false,
    message: 'There is no such command',
    hint: 'See docs/reference/commands.md for the verbs.',
  },
  E_COMMAND_FOREIGN: {
    retryable: false,
    message: 'The command is for another thing or agent',
    hint: 'Check the topic and the agent name.',
  },
  E_COMMAND_ARGS: {
    retryable: false,
    message: 'The arguments of the command are not valid',
    hint: 'See docs/reference/commands.md for the arguments.',
  },
  E_COMMAND_FAILED: {
    retryable: false,
    message: 'The command was started and failed',
    hint: 'The cause is in the message.',
  },
  E_COMMAND_BUSY: {
    retryable: true,
    message: 'The agent has as many commands as it can hold',
    hint: 'Wait for the replies, then send it again under a new id.',
  },

  // Metrics
  E_METRICS_PORT: {
    retryable: false,
    message: 'The metrics cannot be served',
    hint: 'The port is taken, or below 1024: choose another in metrics.port, or 0 for any.',
  },

  // Shadow
  E_AGENT_UNREACHABLE: {
    retryable: true,
    message: 'No agent answers on this machine',
    hint: 'Start it with `openclaw-edge agent run`, as the same user, and name its state folder with --state or --config.',
  },
  E_CONTROL_SOCKET: {
    retryable: false,
    message: 'The control socket cannot be opened',
    hint: 'Look at control/agent.sock in the state folder: it must be ours alone, and its whole path shorter than 108 bytes.',
  },
  E_SHADOW_UNACKNOWLEDGED: {
    retryable: true,
    message: 'Nobody answered the shadow update',
    hint: 'A plain broker has no shadow service: set shadow.enabled to false, or ignore it.',
  },
  E_SHADOW_REJECTED: {
    retryable: false,
    message: 'The shadow service rejected the update',
    hint: "Its code and message are given; check the thing's policy.",
  },
  E_SHADOW_TOO_LARGE: {
    retryable: false,
    message: 'The shadow document is larger than 8 KB',
    hint: 'Report less; the reporter trims optional sections by itself.',
  },
} as const satisfies Record<string, { message: string; retryable: boolean; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure: a code of the table, what happened this time, and the cause where there is one. */
export type Failure = {
  readonly code: ErrorCode;
  /** What happened this time; the table's message where nothing more is known. */
  readonly message: string;
  readonly cause?: unknown;
};

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function fail(code: ErrorCode, detail?: string, cause?: unknown): { ok: false; error: Failure } {
  return { ok: false, error: failure(code, detail, cause) };
}

export function failure(code: ErrorCode, detail?: string, cause?: unknown): Failure {
  const message = detail === undefined ? ERRORS[code].message : `${ERRORS[code].message}: ${detail}`;
  return cause === undefined ? { code, message } : { code, message, cause };
}

/** Carries a Failure where only an exception can travel (start-up, promise rejections, command line). */
export class EdgeError extends Error {
  readonly code: ErrorCode;

  constructor(failed: Failure) {
    super(failed.message, failed.cause === undefined ? undefined : { cause: failed.cause });
    this.name = 'EdgeError';
    this.code = failed.code;
  }

  get hint(): string {
    return ERRORS[this.code].hint;
  }
}

/** Gives the value, or throws its failure: for who cannot go on without it. */
export function given<T>(result: Result<T>): T {
  if (!result.ok) throw new EdgeError(result.error);
  return result.value;
}

/** Turns whatever was thrown into a Failure, keeping the code of an EdgeError. */
export function toFailure(thrown: unknown, code: ErrorCode = 'E_INTERNAL'): Failure {
  if (thrown instanceof EdgeError) return { code: thrown.code, message: thrown.message, cause: thrown };
  return failure(code, thrown instanceof Error ? thrown.message : String(thrown), thrown);
}

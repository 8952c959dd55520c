import { AGENT, MODEL } from './recipes.ts';

/** A mistake that is put into a good recipe: the text there, and what stands there instead. */
export type Planted = {
  readonly rule: string;
  readonly what: string;
  readonly recipe?: string;
  readonly from: string;
  readonly to: string;
  /** Text of the line that must be named; the first line of `to` unless given. */
  readonly line?: string;
};

const INSTALL = `          set -eu\n`;
const SENSORS = `resources: ['sensors/*/vibration']`;
const ALARMS = `resources: ['dt/edge-agent/+/alarm']`;
const PUBLISH = `operations: ['aws.greengrass#PublishToIoTCore']`;
const ARTIFACT = `      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/agent.tar.gz`;

export const PLANTED: readonly Planted[] = [
  // Reading
  { rule: 'yaml-syntax', what: 'a tab', from: `    Platform:\n      os`, to: `    Platform:\n\tos`, line: '\tos' },
  { rule: 'yaml-syntax', what: 'a key twice', from: 'ComponentPublisher: Example', to: 'ComponentName: again' },
  {
    rule: 'yaml-alias',
    what: 'an alias',
    from: `install: 'true'`,
    to: `install: &a 'true'\n      startup: *a`,
    line: '*a',
  },
  { rule: 'unknown-key', what: 'a slip', from: '    Artifacts: []', to: '    Artefacts: []' },
  { rule: 'unknown-key', what: 'a platform', from: '      runtime:', to: '      runtimes:' },
  { rule: 'run-with', what: 'a user', from: 'ComponentPublisher: Example', to: 'RunWith: { posixUser: root }' },
  { rule: 'key-case', what: 'URI', from: '- Uri:', to: '- URI:' },
  { rule: 'key-case', what: 'Install', from: '      install:\n', to: '      Install:\n' },
  { rule: 'key-case', what: 'platform', from: '    Platform:\n', to: '    platform:\n' },
  { rule: 'key-case', what: 'script', from: '        Script: exec', to: '        script: exec' },
  { rule: 'key-case', what: 'AccessControl', from: '    accessControl:', to: '    AccessControl:' },
  {
    rule: 'recipe-too-large',
    what: '17 KB',
    from: 'Watches',
    to: `Watches # ${'x'.repeat(17_000)}`,
    line: 'RecipeFormat',
  },
  {
    rule: 'recipe-too-large-for-lite',
    what: '9 KB',
    from: 'Watches',
    to: `Watches # ${'x'.repeat(8_000)}`,
    line: 'RecipeFormat',
  },
  {
    rule: 'recipe-too-many-parts',
    what: 'values of a configuration',
    from: 'level: 3',
    to: `levels: [${'3, '.repeat(180)}3]`,
    line: 'RecipeFormat',
  },
  {
    rule: 'configuration-too-large',
    what: 'a list of 1,025 bytes',
    from: 'level: 3',
    to: `levels: ['${'x'.repeat(1_021)}']`,
  },
  {
    rule: 'configuration-too-large',
    what: 'a hundred keys',
    from: 'level: 3',
    to: `levels: {${Array.from({ length: 100 }, (_, at) => `k${at}: 0`).join(', ')}}`,
    line: 'DefaultConfiguration',
  },

  // Shape
  {
    rule: 'wrong-shape',
    what: 'a manifest without a dash',
    recipe: MODEL,
    from: '  - Platform:',
    to: '    Platform:',
    line: 'Manifests:',
  },
  { rule: 'wrong-shape', what: 'a list of names', from: '    Artifacts: []', to: '    Artifacts: agent.tar.gz' },
  {
    rule: 'yaml-syntax',
    what: 'two documents',
    from: 'ComponentPublisher: Example',
    to: '---\nagain: true',
    line: '---',
  },

  // Identity
  { rule: 'format-version', what: 'none', from: `RecipeFormatVersion: '2020-01-25'\n`, to: '', line: 'ComponentName' },
  { rule: 'format-version', what: 'another', from: `'2020-01-25'`, to: `'2021-01-25'` },
  { rule: 'component-name', what: 'a blank', from: 'ComponentName: com.example.Agent', to: 'ComponentName: My Agent' },
  { rule: 'component-version', what: 'two numbers', from: `ComponentVersion: '1.2.3'`, to: `ComponentVersion: '1.2'` },
  { rule: 'component-version', what: 'a number', from: `ComponentVersion: '1.2.3'`, to: 'ComponentVersion: 1.2' },
  {
    rule: 'component-version',
    what: 'a leading zero',
    from: `ComponentVersion: '1.2.3'`,
    to: `ComponentVersion: '1.02.3'`,
  },
  { rule: 'component-type', what: 'an own one', from: 'greengrass.generic', to: 'greengrass.model' },
  { rule: 'component-type-on-lite', what: 'a Lambda', from: 'greengrass.generic', to: 'greengrass.lambda' },
  { rule: 'description-too-long', what: '600 bytes', from: 'Watches', to: 'x'.repeat(600) },

  // Platform
  {
    rule: 'manifest-missing',
    what: 'Windows only',
    recipe: MODEL,
    from: 'os: linux',
    to: 'os: windows',
    line: 'Manifests',
  },
  { rule: 'platform-os', what: 'no os', from: '      os: linux\n', to: '', line: 'Platform:' },
  {
    rule: 'runtime-missing',
    what: 'no runtime at all',
    recipe: MODEL,
    from: `, runtime: '*'`,
    to: '',
    line: 'Platform:',
  },
  { rule: 'architecture-name', what: 'arm64', from: 'architecture: aarch64', to: 'architecture: arm64', line: 'arm64' },
  {
    rule: 'architecture-missing',
    what: 'no Arm',
    from: 'architecture: aarch64',
    to: 'architecture: riscv64',
    line: 'Manifests',
  },

  // Artifacts
  { rule: 'artifact-uri', what: 'the web', from: ARTIFACT, to: '      - Uri: https://example.com/agent.tar.gz' },
  { rule: 'artifact-uri', what: 'no Uri', from: `${ARTIFACT}\n        Unarchive`, to: '      - Unarchive' },
  { rule: 'artifact-name', what: 'a folder for all', from: ARTIFACT, to: '      - Uri: s3://BUCKET_NAME/agent.tar.gz' },
  { rule: 'artifacts-missing', what: 'no list', from: '    Artifacts: []\n', to: '', line: 'Name: Arm' },
  { rule: 'unarchive-value', what: 'TAR', from: 'Unarchive: NONE', to: 'Unarchive: TAR' },
  { rule: 'unarchive-relied-upon', what: 'ZIP', from: 'Unarchive: NONE', to: 'Unarchive: ZIP' },
  {
    rule: 'unarchive-relied-upon',
    what: 'its folder',
    from: '"{artifacts:path}/agent',
    to: '"{artifacts:decompressedPath}/agent',
    line: 'tar -xzf',
  },
  { rule: 'artifact-permission', what: 'in small letters', from: 'Read: OWNER', to: 'Read: owner', line: 'owner' },
  { rule: 'artifact-for-all', what: 'ALL', from: 'Execute: NONE', to: 'Execute: ALL', line: 'ALL' },

  // Dependencies
  {
    rule: 'dependency-type',
    what: 'in small letters',
    recipe: MODEL,
    from: 'DependencyType: SOFT',
    to: 'DependencyType: soft',
  },
  {
    rule: 'hard-dependency',
    what: 'of a model',
    recipe: MODEL,
    from: 'DependencyType: SOFT',
    to: 'DependencyType: HARD',
  },
  {
    rule: 'hard-dependency',
    what: 'by default',
    recipe: MODEL,
    from: '    DependencyType: SOFT\n',
    to: '',
    line: 'com.example.Agent:',
  },
  {
    rule: 'hard-dependency',
    what: 'on a model',
    from: 'ComponentPublisher: Example',
    to: "ComponentDependencies: { com.example.model.Bearing: { VersionRequirement: '>=1.0.0', DependencyType: HARD } }",
  },
  { rule: 'version-range', what: 'words', recipe: MODEL, from: `'>=1.0.0 <2.0.0'`, to: `'the newest'` },
  {
    rule: 'version-range',
    what: 'none',
    recipe: MODEL,
    from: `    VersionRequirement: '>=1.0.0 <2.0.0'\n`,
    to: '',
    line: 'com.example.Agent:',
  },
  { rule: 'version-range-on-lite', what: 'a caret', recipe: MODEL, from: `'>=1.0.0 <2.0.0'`, to: `'^1.0.0'` },
  {
    rule: 'version-range-on-lite',
    what: 'two ranges',
    recipe: MODEL,
    from: `'>=1.0.0 <2.0.0'`,
    to: `'1.0.0 || 2.0.0'`,
  },
  {
    rule: 'version-range-on-lite',
    what: 'two spaces',
    recipe: MODEL,
    from: `'>=1.0.0 <2.0.0'`,
    to: `'>=1.0.0  <2.0.0'`,
  },

  // Stages
  ...['shutdown', 'recover', 'bootstrap', 'uninstall'].map((stage) => ({
    rule: 'unsupported-stage',
    what: stage,
    from: '      run: exec sleep 9',
    to: `      ${stage}: exit 0\n      run: exec sleep 9`,
  })),
  { rule: 'skipif', what: 'Skipif', from: '        Timeout: 200', to: '        Skipif: onpath tar' },
  { rule: 'install-only', what: 'no run', from: '      run: exec sleep 9\n', to: '', line: '    Lifecycle:' },
  {
    rule: 'run-and-startup',
    what: 'both',
    recipe: MODEL,
    from: '      startup:\n',
    to: '      run: sleep 9\n      startup:\n',
  },
  {
    rule: 'lifecycle-missing',
    what: 'none',
    recipe: MODEL,
    from: '    Lifecycle:',
    to: '    Selections:',
    line: 'Manifests',
  },
  {
    rule: 'common-lifecycle',
    what: 'no selection',
    from: 'Manifests:\n',
    to: 'Lifecycle:\n  run: sleep 9\nManifests:\n',
    line: '  run: sleep 9',
  },
  { rule: 'requires-privilege', what: 'root', from: '        Timeout: 200', to: '        RequiresPrivilege: true' },

  // Timeouts
  { rule: 'timeout-value', what: 'minutes', from: 'Timeout: 200', to: 'Timeout: 5m' },
  {
    rule: 'run-timeout',
    what: 'on run',
    from: '      run:\n',
    to: '      run:\n        Timeout: 60\n',
    line: 'Timeout: 60',
  },
  { rule: 'model-timeout', what: 'none', recipe: MODEL, from: '        Timeout: 2400\n', to: '', line: 'startup:' },
  { rule: 'model-timeout', what: 'too short', recipe: MODEL, from: 'Timeout: 2400', to: 'Timeout: 60' },

  // Scripts
  { rule: 'script-missing', what: 'a Timeout alone', from: `install: 'true'`, to: 'install: { Timeout: 5 }' },
  { rule: 'not-posix', what: '[[', from: INSTALL, to: '          if [[ -e x ]]; then exit 1; fi\n' },
  {
    rule: 'not-posix',
    what: 'source',
    from: INSTALL,
    to: '          set -eu\n          source ./env\n',
    line: 'source',
  },
  {
    rule: 'telemetry',
    what: 'not off',
    from: '          export ORT_DISABLE_TELEMETRY=1\n',
    to: '',
    line: 'openclaw-edge doctor',
  },
  {
    rule: 'startup-notify',
    what: 'an end without it',
    recipe: MODEL,
    from: 'systemd-notify --ready',
    to: 'true',
    line: 'Script: |',
  },

  // Variables
  { rule: 'brace-in-script', what: 'a parameter', from: INSTALL, to: `          echo \${HOME}\n` },
  { rule: 'brace-in-script', what: 'a group', from: INSTALL, to: '          { true; }\n' },
  { rule: 'brace-in-script', what: 'awk', from: INSTALL, to: `          df | awk '{print $1}'\n` },
  { rule: 'brace-in-script', what: 'no end', from: 'exec sleep 9', to: "echo '{'" },
  { rule: 'variable-unknown', what: 'a slip', from: '"{work:path}"', to: '"{work:folder}"', line: 'tar -xzf' },
  {
    rule: 'variable-of-another-component',
    what: 'its artifacts',
    from: '"{work:path}"',
    to: '"{com.example.Other:artifacts:path}"',
    line: 'tar -xzf',
  },
  {
    rule: 'variable-of-configuration',
    what: 'a value',
    from: INSTALL,
    to: '          echo "{configuration:/level}"\n',
  },
  { rule: 'brace-in-script', what: 'in the environment', from: 'LANG: C', to: `LANG: '{}'` },

  // Environment
  { rule: 'environment-name', what: 'a dash', from: 'LANG: C', to: 'MY-LANG: C' },
  { rule: 'environment-value', what: 'a number', from: 'LANG: C', to: 'LANG: 1' },

  // accessControl
  { rule: 'access-service', what: 'none such', from: 'aws.greengrass.ipc.mqttproxy:', to: 'aws.greengrass.ipc.mqtt:' },
  { rule: 'access-operation', what: 'none such', from: PUBLISH, to: `operations: ['aws.greengrass#Publish']` },
  {
    rule: 'access-operation',
    what: 'of another service',
    from: PUBLISH,
    to: `operations: ['aws.greengrass#PublishToTopic']`,
  },
  { rule: 'access-operation', what: 'without the prefix', from: PUBLISH, to: `operations: [PublishToIoTCore]` },
  { rule: 'access-too-wide', what: 'every operation', from: PUBLISH, to: `operations: ['*']` },
  { rule: 'access-too-wide', what: 'every resource', from: ALARMS, to: `resources: ['*']` },
  { rule: 'access-too-wide', what: 'a tree', from: ALARMS, to: `resources: ['dt/#']` },
  { rule: 'access-too-wide', what: 'an open end', from: SENSORS, to: `resources: ['sensors/*']` },
  { rule: 'access-too-wide', what: 'an open start', from: ALARMS, to: `resources: ['+/edge-agent/alarm']` },
  {
    rule: 'access-policy-id',
    what: 'the same',
    from: 'com.example.Agent:mqttproxy:1',
    to: 'com.example.Agent:pubsub:1',
  },
  { rule: 'access-form', what: 'a text for a list', from: ALARMS, to: 'resources: dt/edge-agent/x/alarm' },
  { rule: 'access-form', what: 'no operations', from: `          ${PUBLISH}\n`, to: '', line: 'mqttproxy:1' },
  { rule: 'access-form', what: 'a question mark', from: ALARMS, to: `resources: ['dt/edge-agent/?/alarm']` },
  {
    rule: 'access-variable',
    what: 'the thing',
    from: ALARMS,
    to: `resources: ['dt/edge-agent/{iot:thingName}/alarm']`,
  },
  { rule: 'access-filter', what: '+ in local pub/sub', from: SENSORS, to: `resources: ['sensors/+/vibration']` },
  {
    rule: 'access-too-large',
    what: '5,000 bytes',
    from: ALARMS,
    to: `resources: [${Array.from({ length: 120 }, (_, at) => `'dt/edge-agent/press-${at}/alarm'`).join(', ')}]`,
    line: 'aws.greengrass.ipc.mqttproxy',
  },
];

/** What looks like a mistake and is none. */
export const FINE: readonly Planted[] = [
  {
    rule: 'configuration-too-large',
    what: 'a list of 1,024 bytes',
    from: 'level: 3',
    to: `levels: ['${'x'.repeat(1_020)}']`,
  },
  {
    rule: 'configuration-too-large',
    what: 'more than that, in values of a mapping',
    from: 'level: 3',
    to: `levels: { a: ['${'x'.repeat(900)}'], b: ['${'x'.repeat(900)}'] }`,
  },
  { rule: 'runtime-missing', what: 'where another manifest is for lite', from: `, runtime: '*'`, to: '' },
  {
    rule: 'runtime-missing',
    what: 'on Windows',
    from: `os: linux, architecture: aarch64, runtime: '*'`,
    to: 'os: windows',
  },
  {
    rule: 'unsupported-stage',
    what: 'for classic only',
    from: `runtime: '*' }\n    Artifacts: []\n    Lifecycle:\n`,
    to: `runtime: classic }\n    Artifacts: []\n    Lifecycle:\n      shutdown: exit 0\n`,
  },
  {
    rule: 'unknown-key',
    what: 'an attribute of one device',
    from: '      runtime:',
    to: `      building: '7'\n      runtime:`,
  },
  {
    rule: 'unknown-key',
    what: 'configuration of the component',
    from: '    level: 3',
    to: '    Manifest: 3\n    install: 4',
  },
  {
    rule: 'common-lifecycle',
    what: 'under a selection',
    from: 'Manifests:\n',
    to: 'Lifecycle:\n  all:\n    run: sleep 9\nManifests:\n',
  },
  {
    rule: 'hard-dependency',
    what: 'on a service of AWS',
    recipe: MODEL,
    from: 'com.example.Agent:\n',
    to: 'aws.greengrass.Nucleus:\n',
  },
  { rule: 'version-range-on-lite', what: 'one exact version', recipe: MODEL, from: `'>=1.0.0 <2.0.0'`, to: `'1.4.0'` },
  { rule: 'component-version', what: 'a pre-release', from: `'1.2.3'`, to: `'1.2.3-rc.1+build.5'` },
  { rule: 'telemetry', what: 'off for all stages', from: 'LANG: C', to: `ORT_DISABLE_TELEMETRY: '1'` },
  {
    rule: 'model-timeout',
    what: 'of another component',
    from: '      run: exec sleep 9',
    to: '      startup: systemd-notify --ready; exit 0',
  },
  {
    rule: 'startup-notify',
    what: 'in one line',
    from: '      run: exec sleep 9',
    to: '      startup: systemd-notify --ready; exit 0',
  },
  {
    rule: 'access-filter',
    what: 'in a subscription',
    from: `['aws.greengrass#SubscribeToTopic', 'aws.greengrass#PublishToTopic']\n          ${SENSORS}`,
    to: `['aws.greengrass#SubscribeToTopic']\n          resources: ['sensors/+/vibration']`,
  },
  { rule: 'access-form', what: 'an escape', from: SENSORS, to: `resources: ['sensors/\${*}/vibration']` },
  {
    rule: 'access-too-wide',
    what: 'where no resource can be named',
    from: `aws.greengrass.ipc.mqttproxy:\n        com.example.Agent:mqttproxy:1:\n          ${PUBLISH}\n          ${ALARMS}`,
    to: `aws.greengrass.Cli:\n        com.example.Agent:cli:1:\n          operations: ['aws.greengrass#ListComponents']\n          resources: ['*']`,
  },
  { rule: 'not-posix', what: 'a word that holds another', from: INSTALL, to: '          echo "the source of it"\n' },
  {
    rule: 'timeout-value',
    what: 'from the configuration',
    from: 'Timeout: 200',
    to: `Timeout: '{configuration:/timeout}'`,
  },
];

export function plant({ recipe = AGENT, from, to }: Planted): string {
  const text = recipe.replace(from, () => to);
  if (text === recipe) throw new Error(`not in the recipe: ${from}`);
  return text;
}

/** What may stand in a place of a recipe. */
export type Keys = {
  /** Keys with a meaning, in the case that nucleus lite insists on. */
  readonly fixed?: Readonly<Record<string, Keys>>;
  /** Items of a list, and values under keys that anyone may choose. */
  readonly each?: Keys;
  /** Other keys than `fixed` are fine, unless they are one of them misspelt (`near`) or in another case (`any`). */
  readonly open?: 'near' | 'any';
};

const LEAF: Keys = {};

const STAGE: Keys = {
  fixed: {
    Script: LEAF,
    Setenv: LEAF,
    Timeout: LEAF,
    RequiresPrivilege: LEAF,
    Skipif: LEAF,
    BootstrapOnRollback: LEAF,
  },
};

/** What a component does, in the order of its life. */
export const STAGES = ['bootstrap', 'install', 'startup', 'run', 'shutdown', 'recover', 'uninstall'] as const;

const LIFECYCLE: Keys = {
  fixed: { ...Object.fromEntries(STAGES.map((stage) => [stage, STAGE])), Setenv: LEAF },
};

const MANIFEST: Keys = {
  fixed: {
    Name: LEAF,
    // Classic lets a device add platform attributes of its own (platformOverride).
    Platform: { fixed: { os: LEAF, architecture: LEAF, 'architecture.detail': LEAF, runtime: LEAF }, open: 'near' },
    Lifecycle: LIFECYCLE,
    Selections: LEAF,
    Artifacts: {
      each: {
        fixed: {
          Uri: LEAF,
          Unarchive: LEAF,
          Permission: { fixed: { Read: LEAF, Execute: LEAF } },
          Digest: LEAF,
          Algorithm: LEAF,
        },
      },
    },
  },
};

const POLICY: Keys = { fixed: { policyDescription: LEAF, operations: LEAF, resources: LEAF } };

/** The keys of a recipe (component recipe reference of AWS; `component-common` of classic, `ggl-recipe` of lite). */
export const RECIPE: Keys = {
  fixed: {
    RecipeFormatVersion: LEAF,
    ComponentName: LEAF,
    ComponentVersion: LEAF,
    ComponentType: LEAF,
    ComponentDescription: LEAF,
    ComponentPublisher: LEAF,
    ComponentSource: LEAF,
    ComponentConfiguration: {
      fixed: {
        DefaultConfiguration: { fixed: { accessControl: { each: { each: POLICY } } }, open: 'any' },
      },
    },
    ComponentDependencies: { each: { fixed: { VersionRequirement: LEAF, DependencyType: LEAF } } },
    Manifests: { each: MANIFEST },
    // Either stages, or selections with stages in them.
    Lifecycle: { ...LIFECYCLE, each: LIFECYCLE, open: 'any' },
  },
};

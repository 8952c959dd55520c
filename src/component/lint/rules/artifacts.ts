import type { KeyPath, Recipe, Spot } from '../../recipe.ts';
import { list, type Mapping, manifests, mapping, nameOf, stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** In a recipe that gdk publishes, in one that the cloud gives back, and for images. */
const URI = /^(s3:\/\/[^/]+\/.+|greengrass:.+|docker:.+)$/;
const UNARCHIVE = ['NONE', 'ZIP'];
const PERMISSIONS = ['NONE', 'OWNER', 'ALL'];

export const ARTIFACTS: readonly Rule[] = [
  {
    id: 'artifact-uri',
    nuclei: 'both',
    severity: 'error',
    // lite, ggdeploymentd, get_recipe_artifacts: "Unknown artifact URI scheme".
    explanation:
      'Both nuclei fetch artifacts from S3, from the component itself, or as a Docker image; from nowhere else.',
    mend: 'Write s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/FILE: gdk puts in the names.',
    check: (recipe) =>
      artifacts(recipe).flatMap(({ keys, value: { Uri: uri } }) => {
        if (typeof uri === 'string' && URI.test(uri)) return [];
        return [{ keys: [...keys, 'Uri'], problem: uri === undefined ? 'no Uri' : `${uri} is not in S3` }];
      }),
  },
  {
    id: 'artifact-name',
    nuclei: 'both',
    severity: 'error',
    explanation:
      'All components of a bucket lie side by side: an artifact that does not stand under the name of its component may overwrite that of another.',
    mend: 'Write s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/FILE.',
    check: (recipe) =>
      artifacts(recipe).flatMap(({ keys, value: { Uri: uri } }) => {
        if (typeof uri !== 'string' || !uri.startsWith('s3://') || !URI.test(uri)) return [];
        const own = uri.includes('/COMPONENT_NAME/') || uri.includes(`/${nameOf(recipe)}/`);
        return own ? [] : [{ keys: [...keys, 'Uri'], problem: `${uri} is not under the name of the component` }];
      }),
  },
  {
    id: 'artifacts-missing',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, ggl_get_recipe_artifacts_for_platform.
    explanation: 'Nucleus lite fails a deployment from the cloud when the manifest has no list of artifacts.',
    mend: 'Write `Artifacts: []` where there are none.',
    check: (recipe) =>
      manifests(recipe).flatMap(({ keys, value, lite }) => {
        return !lite || Array.isArray(value['Artifacts']) ? [] : [{ keys, problem: 'no list of Artifacts' }];
      }),
  },
  {
    id: 'unarchive-value',
    nuclei: 'both',
    severity: 'error',
    // lite, get_artifact_unarchive_type: UNSUPPORTED.
    explanation: 'The nuclei unpack ZIP archives or nothing.',
    mend: 'Write `Unarchive: NONE`, and unpack in install: tar and gzip are everywhere.',
    check: (recipe) =>
      artifacts(recipe).flatMap(({ keys, value: { Unarchive: kind = 'NONE' } }) => {
        if (UNARCHIVE.includes(String(kind))) return [];
        return [{ keys: [...keys, 'Unarchive'], problem: `${kind} is neither NONE nor ZIP` }];
      }),
  },
  {
    id: 'unarchive-relied-upon',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggdeploymentd, handle_deployment: get_recipe_artifacts is passed over in a local deployment.
    explanation:
      'Nucleus lite unpacks only what it fetched from the cloud. In a local deployment the folder of unpacked files is empty.',
    mend: 'Write `Unarchive: NONE`, take the file from {artifacts:path}, and unpack it in install.',
    check: (recipe) => [
      ...artifacts(recipe).flatMap(({ keys, value }) => {
        return value['Unarchive'] === 'ZIP'
          ? [{ keys: [...keys, 'Unarchive'], problem: 'ZIP is unpacked by the cloud path only' }]
          : [];
      }),
      ...stages(recipe).flatMap(({ script }) => {
        const index = script?.text.indexOf('{artifacts:decompressedPath}') ?? -1;
        if (script === undefined || index < 0) return [];
        return [{ keys: script.keys, index, problem: 'takes files that the nucleus was to unpack' }];
      }),
    ],
  },
  {
    id: 'artifact-permission',
    nuclei: 'both',
    severity: 'error',
    // lite, artifact_permission.c compares bytes; classic has an enum.
    explanation:
      'A permission is NONE, OWNER or ALL. Another word is refused by classic, and read as something else by lite.',
    mend: 'Write `Permission: {Read: OWNER, Execute: NONE}`.',
    check: (recipe) =>
      permissions(recipe, (value) =>
        PERMISSIONS.includes(value) ? undefined : `${value} is none of NONE, OWNER, ALL`,
      ),
  },
  {
    id: 'artifact-for-all',
    nuclei: 'both',
    severity: 'warning',
    explanation:
      'Every user of the device could read or run the file. Components of this product run as one user, and OWNER is enough.',
    mend: 'Write OWNER.',
    check: (recipe) =>
      permissions(recipe, (value) => (value === 'ALL' ? 'open to every user of the device' : undefined)),
  },
];

function artifacts(recipe: Recipe): { keys: KeyPath; value: Mapping }[] {
  return manifests(recipe).flatMap(({ keys, value }) =>
    list(value['Artifacts']).map((artifact, at) => ({
      keys: [...keys, 'Artifacts', at],
      value: mapping(artifact) ?? {},
    })),
  );
}

function permissions(recipe: Recipe, problemOf: (value: string) => string | undefined): Spot[] {
  return artifacts(recipe).flatMap(({ keys, value }) =>
    Object.entries(mapping(value['Permission']) ?? {}).flatMap(([who, granted]) => {
      const problem = problemOf(String(granted));
      return problem === undefined ? [] : [{ keys: [...keys, 'Permission', who], problem: `${who}: ${problem}` }];
    }),
  );
}

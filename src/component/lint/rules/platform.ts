import type { Recipe, Spot } from '../../recipe.ts';
import { at, list, manifests } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** The machines that a component of ours is for. */
const WANTED = ['amd64', 'aarch64'];
/** classic, PlatformResolver; lite, ggl-recipe/src/recipe.c, get_current_architecture. */
const ARCHITECTURES = [...WANTED, 'x86', 'arm', 'riscv64', '*'];
const OTHER_NAMES = new Map([
  ['x86_64', 'amd64'],
  ['x64', 'amd64'],
  ['arm64', 'aarch64'],
  ['armv8', 'aarch64'],
]);

export const PLATFORM: readonly Rule[] = [
  {
    id: 'manifest-missing',
    nuclei: 'both',
    severity: 'error',
    // classic, RecipeLoader.loadFromFile: RECIPE_MISSING_MANIFEST; lite, select_linux_lifecycle.
    explanation: 'Without a manifest for Linux there is nothing to run.',
    mend: 'Add one: `Platform: {os: linux, architecture: amd64, runtime: "*"}`.',
    check: (recipe) =>
      manifests(recipe).length > 0 ? [] : [{ keys: ['Manifests'], problem: 'no manifest for Linux' }],
  },
  {
    id: 'platform-os',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, manifest_selection: without `os` it looks no further, without Platform it is an error.
    explanation: 'Nucleus lite passes over a manifest whose platform names no operating system.',
    mend: 'Write `os: linux`.',
    check: (recipe) => {
      const without = manifests(recipe).filter(({ platform }) => platform['os'] === undefined);
      return without.map(({ keys }) => ({ keys: [...keys, 'Platform'], problem: 'the platform has no os' }));
    },
  },
  {
    id: 'runtime-missing',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, manifest_selection: a manifest without it is for classic only.
    explanation: 'Nucleus lite passes over a manifest whose platform does not name the runtime.',
    mend: 'Write `runtime: "*"`: both nuclei take it. `aws_nucleus_lite` is for lite alone.',
    check: (recipe) => {
      const forgotten = manifests(recipe).filter(({ platform, lite }) => lite && platform['runtime'] === undefined);
      return forgotten.map(({ keys }) => ({ keys: [...keys, 'Platform'], problem: 'the platform has no runtime' }));
    },
  },
  {
    id: 'architecture-name',
    nuclei: 'both',
    severity: 'error',
    explanation: `Greengrass has its own names of architectures: ${ARCHITECTURES.join(', ')}. No device ever has another one.`,
    mend: 'Use the name that Greengrass uses.',
    check: (recipe) =>
      manifests(recipe).flatMap(({ keys, platform: { architecture } }) => {
        // Classic takes a regular expression in slashes, too.
        const fine = architecture === undefined || /^\/.*\/$/.test(String(architecture));
        if (fine || ARCHITECTURES.includes(String(architecture))) return [];
        const meant = OTHER_NAMES.get(String(architecture));
        const hint = meant === undefined ? '' : `; it is called ${meant}`;
        return [{ keys: [...keys, 'Platform', 'architecture'], problem: `no device is ${architecture}${hint}` }];
      }),
  },
  {
    id: 'architecture-missing',
    nuclei: 'both',
    severity: 'warning',
    explanation:
      'A fleet of gateways has 64-bit machines of both kinds. A deployment to a device without a manifest for it fails as a whole.',
    mend: 'Add a manifest with an artifact for the architecture, or deploy to a group that has none of these devices.',
    check: missingArchitectures,
  },
];

function missingArchitectures(recipe: Recipe): Spot[] {
  const covered = manifests(recipe).map(({ platform }) => String(platform['architecture'] ?? '*'));
  if (covered.length === 0 || covered.some((name) => name === '*' || name.startsWith('/'))) return [];
  // A name that is not one is told by its own rule.
  if (
    list(at(recipe.value, 'Manifests')).some((manifest) =>
      OTHER_NAMES.has(String(at(manifest, 'Platform', 'architecture'))),
    )
  ) {
    return [];
  }
  const missing = WANTED.filter((name) => !covered.includes(name));
  return missing.map((name) => ({ keys: ['Manifests'], problem: `no manifest for ${name}` }));
}

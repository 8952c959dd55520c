import type { ComponentRequest, ConfigurationUpdate, DeploymentDocument } from './document.ts';
import { isObject, type JsonObject } from './json.ts';
import type { JsonValue } from './services.ts';

/** Reads CreateLocalDeployment as the IPC brings it. */
export function localDocument(request: Readonly<Record<string, JsonValue>>): DeploymentDocument {
  const updates = request['componentToConfiguration'];
  const components: Record<string, ComponentRequest> = {};
  for (const [name, version] of Object.entries(mapOf(request['rootComponentVersionsToAdd']))) {
    const update = readUpdate(isObject(updates) ? updates[name] : undefined);
    components[name] = { version: String(version), ...(update === undefined ? {} : { configurationUpdate: update }) };
  }
  const policy = request['failureHandlingPolicy'];
  const { recipeDirectoryPath: recipes, artifactsDirectoryPath: artifacts } = request;
  return {
    source: 'local',
    components,
    remove: textsOf(request['rootComponentsToRemove']),
    ...(typeof recipes === 'string' && recipes !== '' ? { recipes } : {}),
    ...(typeof artifacts === 'string' && artifacts !== '' ? { artifacts } : {}),
    ...(policy === 'ROLLBACK' || policy === 'DO_NOTHING' ? { failureHandlingPolicy: policy } : {}),
  };
}

/** MERGE and RESET are the keys of the IPC, merge and reset those of nucleus lite. */
function readUpdate(value: JsonValue | undefined): ConfigurationUpdate | undefined {
  if (!isObject(value)) return undefined;
  const merge = value['MERGE'] ?? value['merge'];
  const reset = value['RESET'] ?? value['reset'];
  return {
    ...(isObject(merge) ? { merge } : {}),
    ...(Array.isArray(reset) ? { reset: textsOf(reset) } : {}),
  };
}

function mapOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

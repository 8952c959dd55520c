import {
  liteObjectBytes,
  liteValueBytes,
  liteValues,
  MAX_LITE_VALUE_BYTES,
  MAX_LITE_WRITE_BYTES,
} from '../../../domain/nucleus-lite.ts';
import { Refused } from '../refused.ts';
import type { ConfigurationStore, JsonValue } from '../services.ts';

/** Stores as ggconfigd does: value by value, each for good, up to the first that it has no room for. */
export function storeAsLite(store: ConfigurationStore, component: string, merged: JsonValue, atMs: number): void {
  const bytes = liteObjectBytes(merged);
  if (bytes > MAX_LITE_WRITE_BYTES) {
    throw new Refused(`the configuration of ${component} takes ${bytes} bytes, ${MAX_LITE_WRITE_BYTES} at most`);
  }
  for (const [path, value] of liteValues(merged)) {
    const length = liteValueBytes(value);
    if (length > MAX_LITE_VALUE_BYTES) {
      const what = `${path.join('.')} in the configuration of ${component}`;
      throw new Refused(`${what} has ${length} bytes as JSON, ${MAX_LITE_VALUE_BYTES} at most`);
    }
    store.merge(component, path, value as JsonValue, atMs);
  }
}

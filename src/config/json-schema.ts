import { z } from 'zod';
import { configForm } from './form.ts';

/** The part of JSON Schema that zod makes of our forms, with our own notes `unit` and `reloadable`. */
export type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  readonly reloadable?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
};

/** Makes the JSON Schema of the configuration file, for editors. It knows shapes; contradictions only the agent finds. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configForm, {
    io: 'input',
    target: 'draft-2020-12',
    // zod leaves out the noted default of a value that is transformed, as it cannot know on which side it stands.
    override: ({ zodSchema, jsonSchema }) => {
      const noted = z.globalRegistry.get(zodSchema)?.['default'];
      if (typeof noted === 'string') jsonSchema.default = noted;
    },
  });
  return { title: 'OpenClaw Edge configuration', ...schema } as JsonSchema;
}

export type FieldRow = {
  /** Where it is: `agents[].inputs[].topic`. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
};

/** Lists every field of the configuration, each before those inside it. */
export function fieldRows(schema: JsonSchema = configJsonSchema(), prefix = ''): FieldRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const required = (schema.required ?? []).includes(key);
    return [{ path, schema: inner, required }, ...inside(inner, path)];
  });
}

function inside(schema: JsonSchema, path: string): FieldRow[] {
  const choices = schema.anyOf ?? [schema];
  return choices.flatMap((choice) =>
    choice.items === undefined ? fieldRows(choice, path) : fieldRows(choice.items, `${path}[]`),
  );
}

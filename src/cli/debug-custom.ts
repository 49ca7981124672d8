// `debug --custom`: a part of a container that is merged into the one that the profile made. Upstream: the custom
// profile of kubectl/pkg/cmd/debug/debug.go (Complete, Validate, applyCustomProfile).
import type { Container } from 'kubernetes-types/core/v1.js';
import { strategicMergePatch } from '../api/patch/strategic.ts';
import { builtinSchemas } from '../api/schema/builtin.ts';
import { resolve } from '../api/schema/resolve.ts';
import type { Schema } from '../api/schema/schema.ts';

const CONTAINER = builtinSchemas.definition('io.k8s.api.core.v1.Container')!;

export type CustomContainer = Partial<Container>;

/** YAML's numbers and booleans are texts where the container wants texts, as upstream's YAML reader has it. */
export const customContainer = (value: unknown): CustomContainer => texts(value, CONTAINER) as CustomContainer;

function texts(value: unknown, referrer: Schema): unknown {
  const schema = resolve(referrer, builtinSchemas);
  if (Array.isArray(value)) return schema.items ? value.map((item) => texts(item, schema.items!)) : value;
  if (typeof value === 'object' && value !== null) {
    const inner = (key: string): Schema | undefined =>
      schema.properties?.[key] ??
      (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
    return Object.fromEntries(
      Object.entries(value).map(([key, field]) => {
        const known = inner(key);
        return [key, known ? texts(field, known) : field];
      }),
    );
  }
  const isScalar = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  return schema.type === 'string' && !schema.intOrString && isScalar ? String(value) : value;
}

/** What a custom profile may not say. */
export const isTooMuch = ({ name, command, image, lifecycle, volumeDevices }: CustomContainer): boolean =>
  Boolean(name || command?.length || image || lifecycle || volumeDevices?.length);

/** Changes the container in place. */
export function applyCustom(container: Container, custom: CustomContainer): void {
  const merged = strategicMergePatch(container, { ...custom, name: container.name }, CONTAINER, builtinSchemas);
  Object.assign(container, merged);
}

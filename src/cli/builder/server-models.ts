// The models of a server that does not validate fields itself (Kubernetes before 1.25), from its OpenAPI v2 document.
// Upstream: cli-runtime resource.NewFallbackQueryParamVerifier, kubectl/pkg/util/openapi.
import type { Schema } from '../../api/schema/schema.ts';
import type { GroupVersionKind } from '../../api/types.ts';
import type { Cluster } from '../cluster.ts';
import type { Models } from './client-validation.ts';

interface Definition {
  $ref?: string;
  type?: Schema['type'];
  format?: string;
  properties?: Record<string, Definition>;
  required?: string[];
  items?: Definition;
  additionalProperties?: Definition | boolean;
  'x-kubernetes-group-version-kind'?: GroupVersionKind[];
}

interface OpenApiV2 {
  paths?: Record<string, { patch?: { parameters?: { name?: string; $ref?: string }[] } }>;
  definitions?: Record<string, Definition>;
}

/** Undefined for a server that validates fields. Throws what keeps the document away. */
export async function serverModels(cluster: Cluster): Promise<Models | undefined> {
  // Servers of that time call it text/plain.
  const document = JSON.parse(await cluster.text('GET', '/openapi/v2')) as OpenApiV2;
  return validatesFields(document) ? undefined : new DocumentModels(document.definitions ?? {});
}

/** What is true of namespaces is true of every kind. */
function validatesFields({ paths }: OpenApiV2): boolean {
  const parameters = paths?.['/api/v1/namespaces/{name}']?.patch?.parameters ?? [];
  return parameters.some(({ name, $ref }) => name === 'fieldValidation' || $ref?.includes('fieldValidation'));
}

class DocumentModels implements Models {
  private readonly definitions: Record<string, Definition>;
  private readonly names = new Map<string, string>();

  constructor(definitions: Record<string, Definition>) {
    this.definitions = definitions;
    for (const [name, definition] of Object.entries(definitions)) {
      for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
        this.names.set(`${group}/${version}/${kind}`, name);
      }
    }
  }

  nameOf(group: string, version: string, kind: string): string | undefined {
    return this.names.get(`${group}/${version}/${kind}`);
  }

  forKind(group: string, version: string, kind: string): Schema | undefined {
    const name = this.nameOf(group, version, kind);
    return name === undefined ? undefined : this.definition(name);
  }

  definition(name: string): Schema | undefined {
    const found = this.definitions[name];
    return found && schemaOf(found);
  }
}

const PREFIX = '#/definitions/';

/** Without what says nothing of types and fields. */
function schemaOf({ $ref, type, properties, required, items, additionalProperties: values }: Definition): Schema {
  if ($ref !== undefined) return { ref: $ref.startsWith(PREFIX) ? $ref.slice(PREFIX.length) : $ref };
  return {
    ...(type ? { type } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, schemaOf(field)])) }
      : {}),
    ...(required ? { required } : {}),
    ...(items ? { items: schemaOf(items) } : {}),
    ...(values === undefined ? {} : { additionalProperties: typeof values === 'object' ? schemaOf(values) : values }),
  };
}

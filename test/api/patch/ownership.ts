// Stories of who writes what: steps over one object of a made-up kind, told in data, and who owns what in the end.
import { expect } from 'vitest';
import { applyAcrossVersions } from '../../../src/api/patch/apply.ts';
import { memberPaths } from '../../../src/api/patch/field-set.ts';
import { updateManagedFields, type VersionView } from '../../../src/api/patch/managed-fields.ts';
import { builtinSchemas } from '../../../src/api/schema/builtin.ts';
import type { Schema, SchemaSource } from '../../../src/api/schema/schema.ts';
import { StatusError } from '../../../src/api/status.ts';
import type { KubeObject, Unstructured } from '../../../src/api/types.ts';

export type Content = Record<string, unknown>;
/** `apply` may say which paths must conflict; then nothing is written. */
export type Step =
  | [what: 'apply' | 'force' | 'update', manager: string, content: Content, version?: string]
  | [what: 'conflict', manager: string, content: Content, paths: string[], version?: string]
  | [what: 'schema', schema: Schema]
  | [what: 'drop version', version: string];

export interface World {
  schema: Schema;
  source?: SchemaSource;
  /** The schemas of other versions than v1; absent: all are alike. */
  versions?: Record<string, Schema>;
  convert?(content: Content, from: string, to: string): Content;
}
export interface Story {
  name: string;
  steps: Step[];
  content: Content;
  /** Paths by manager; `manager@version` when it is not v1. */
  owners: Record<string, string[]>;
}

const metadata: Schema = builtinSchemas.definition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')!;

class Telling {
  private live: Unstructured | undefined;
  private schema: Schema;
  private readonly gone = new Set<string>();
  private readonly known = new Map<Schema, Schema>();
  private readonly source: SchemaSource;

  constructor(private readonly world: World) {
    this.schema = world.schema;
    this.source = world.source ?? builtinSchemas;
  }

  private schemaAt = (version: string): Schema | undefined => {
    if (this.gone.has(version)) return undefined;
    const schema = version === 'v1' ? this.schema : (this.world.versions?.[version] ?? this.schema);
    let whole = this.known.get(schema);
    if (!whole) {
      const text: Schema = { type: 'string' };
      whole = schema.properties
        ? { ...schema, properties: { apiVersion: text, kind: text, metadata, ...schema.properties } }
        : schema;
      this.known.set(schema, whole);
    }
    return whole;
  };

  private wrap = (content: Content, apiVersion: string): Unstructured =>
    structuredClone({ apiVersion, kind: 'Thing', metadata: { name: 'it' }, ...content });

  private convert = (object: Unstructured, to: string): Unstructured => {
    const { apiVersion, kind, metadata, ...content } = object;
    const converted = this.world.convert?.(content, apiVersion, to) ?? content;
    return { apiVersion: to, kind, metadata, ...converted };
  };

  async step(step: Step, at: number): Promise<void> {
    if (step[0] === 'schema') this.schema = step[1];
    else if (step[0] === 'drop version') this.gone.add(step[1]);
    else {
      const [what, manager, content] = step;
      const version = (what === 'conflict' ? step[4] : step[3]) ?? 'v1';
      const now = `2026-01-01T00:00:${String(at).padStart(2, '0')}Z`;
      if (this.live) this.live = this.convert(this.live, version);
      const common = { manager, now, apiVersion: version, source: this.source, custom: true };
      const options = { ...common, schema: this.schemaAt(version)! };
      if (what === 'update') this.update(content, version, options);
      else {
        const applied = this.wrap(content, version);
        const force = what === 'force';
        const run = applyAcrossVersions(
          { ...options, live: this.live, applied, force, schemaAt: this.schemaAt },
          async ({ object, apiVersion }) => this.convert(object, apiVersion),
        );
        if (what === 'conflict') expect(await conflictsOf(run)).toEqual(step[3]);
        else this.live = (await run).object;
      }
    }
  }

  private update(content: Content, version: string, options: Parameters<typeof updateManagedFields>[0] | object): void {
    const updated = this.wrap(content, version);
    const views = new Map<string, VersionView>();
    const versions = (this.live?.metadata.managedFields ?? []).map(({ apiVersion }) => apiVersion!);
    for (const v of [...versions, version]) {
      const schema = this.schemaAt(v);
      if (!schema) continue;
      const live: KubeObject | undefined = this.live && this.convert(this.live, v);
      views.set(v, { live, updated: this.convert(updated, v), schema });
    }
    const tracking = { ...options, live: this.live, updated, views } as Parameters<typeof updateManagedFields>[0];
    const managedFields = updateManagedFields(tracking);
    this.live = { ...updated, metadata: { ...updated.metadata, ...(managedFields ? { managedFields } : {}) } };
  }

  end(): { content: Content; owners: Record<string, string[]> } {
    const { apiVersion: _a, kind: _k, metadata, ...content } = this.live!;
    const owners: Record<string, string[]> = {};
    for (const { manager, apiVersion, fieldsV1 } of metadata.managedFields ?? []) {
      owners[apiVersion === 'v1' ? manager! : `${manager}@${apiVersion}`] = memberPaths(fieldsV1 as never);
    }
    return { content, owners };
  }
}

async function conflictsOf(run: Promise<unknown>): Promise<string[]> {
  const error: unknown = await run.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof StatusError)) throw error ?? new Error('there was no conflict');
  return (error.status.details?.causes ?? []).map(({ field }) => field!);
}

export async function tell(world: World, { steps, content, owners }: Story): Promise<void> {
  const telling = new Telling(world);
  for (const [i, step] of steps.entries()) await telling.step(step, i);
  expect(telling.end()).toEqual({ content, owners });
}

// `apply --prune --applyset`: the objects of a set carry its label, and the set's parent (a Secret, a ConfigMap or an
// allowed custom resource) says in which kinds and namespaces to look for those that left it.
// Upstream: kubectl/pkg/cmd/apply/applyset.go and applyset_pruner.go.
import { createHash } from 'node:crypto';
import { isConflict, isNotFound } from '../../api/status.ts';
import { resourcePath, type Unstructured } from '../../api/types.ts';
import type { Info } from '../builder/builder.ts';
import type { Mapper, Mapping } from '../builder/mapper.ts';
import type { Cluster } from '../cluster.ts';
import { CliError, throwCollected } from '../errors.ts';
import type { DryRun, FieldValidation } from '../flags.ts';
import { klog } from '../klog.ts';
import { patchObject, readObject } from '../operation.ts';
import { clientVersion } from '../version-info.ts';
import { deleteLeaver, type Leaver, type Pruning } from './prune.ts';

export const TOOLING = 'applyset.kubernetes.io/tooling';
export const NAMESPACES = 'applyset.kubernetes.io/additional-namespaces';
export const KINDS = 'applyset.kubernetes.io/contains-group-kinds';
/** Of earlier days; a server-side apply of the parent removes it. */
const RESOURCES = 'applyset.kubernetes.io/contains-group-resources';
export const PARENT_ID = 'applyset.kubernetes.io/id';
export const PART_OF = 'applyset.kubernetes.io/part-of';
const PARENT_TYPE = 'applyset.kubernetes.io/is-parent-type';

/** The sets are kubectl's, and kubectl can go on with them. */
const TOOL = 'kubectl';
const FIELD_MANAGER = `${TOOL}-applyset`;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const BUILTIN_PARENTS = new Set(['secrets', 'configmaps']);

export interface WriteMode {
  dryRun: DryRun;
  fieldValidation: FieldValidation;
}

const quote = (text: string): string => JSON.stringify(text);
const groupKind = ({ kind, group }: Mapping): string => (group ? `${kind}.${group}` : kind);
const isBuiltin = ({ group, plural }: Mapping): boolean => group === '' && BUILTIN_PARENTS.has(plural);
/** Go's GroupVersionResource as text. */
const resourceText = (group: string, version: string, plural: string): string =>
  `${group}/${version}, Resource=${plural}`;

/** `base64url(sha256(<name>.<namespace>.<kind>.<group>))` between what makes it a label's value. */
export function applySetId(parent: { name: string; namespace?: string; kind: string; group: string }): string {
  const { name, namespace = '', kind, group } = parent;
  const hash = createHash('sha256').update(`${name}.${namespace}.${kind}.${group}`).digest('base64url');
  return `applyset-${hash}-v1`;
}

export class ApplySet {
  private readonly cluster: Cluster;
  private readonly parent: Info;
  private readonly id: string;
  private current = new Map<string, Mapping>();
  private currentNamespaces = new Set<string>();
  private readonly updated = new Map<string, Mapping>();
  private readonly updatedNamespaces = new Set<string>();

  private constructor(cluster: Cluster, parent: Info) {
    this.cluster = cluster;
    this.parent = parent;
    this.id = applySetId({ ...parent.mapping, name: parent.name, namespace: parent.namespace });
  }

  /** From `[RESOURCE][.GROUP]/NAME`; a name alone is a Secret's. Only a namespace that was given counts. */
  static async parse(cluster: Cluster, text: string): Promise<ApplySet> {
    const at = text.indexOf('/');
    const [resource, name] = at < 0 ? ['secrets', text] : [text.slice(0, at), text.slice(at + 1)];
    const invalid = (why: string): CliError => new CliError(`invalid parent reference ${quote(text)}: ${why}`);
    if (name === '') throw invalid('name cannot be blank');
    const mapping = await ofResource(await cluster.mapper(), resource);
    if (!mapping) throw invalid(noResource(resource));
    const namespaced = mapping.namespaced && cluster.explicitNamespace;
    return new ApplySet(cluster, { mapping, name, ...(namespaced ? { namespace: cluster.namespace } : {}) });
  }

  /** Upstream: ApplySetParentRef.String. */
  private get parentText(): string {
    return quote(`${this.parent.mapping.plural}.${this.parent.mapping.group}/${this.parent.name}`);
  }

  async validate(): Promise<void> {
    const { mapping, namespace } = this.parent;
    const errors: unknown[] = [];
    if (mapping.namespaced && namespace === undefined) {
      errors.push(new CliError('namespace is required to use namespace-scoped ApplySet'));
    }
    if (!isBuiltin(mapping)) errors.push(...(await this.parentTypeErrors(mapping)));
    throwCollected(errors);
  }

  private async parentTypeErrors({ group, version, plural }: Mapping): Promise<Error[]> {
    const errors: Error[] = [];
    let allowed: string[] = [];
    try {
      const list = await this.cluster.json<{ items: Unstructured[] }>('GET', CRDS, {
        query: { labelSelector: PARENT_TYPE },
      });
      allowed = list.items.map((crd) => crd.metadata.name ?? '');
    } catch (error) {
      errors.push(new CliError(`identifying allowed custom resource parent types: ${(error as Error).message}`));
    }
    if (!allowed.includes(group ? `${plural}.${group}` : plural)) {
      const what = quote(resourceText(group, version, plural));
      errors.push(new CliError(`resource ${what} is not permitted as an ApplySet parent`));
    }
    return errors;
  }

  /** Marks the objects of the files as members. */
  label(infos: readonly Info[]): void {
    for (const { object } of infos) {
      const labels = object!.metadata.labels ?? {};
      if (Object.hasOwn(labels, PART_OF))
        throw new CliError(`ApplySet label ${quote(PART_OF)} already set in input data`);
      object!.metadata.labels = { ...labels, [PART_OF]: this.id };
    }
  }

  /** The parent names what was and what will be a member before anything is applied: nothing leaks when we end here. */
  async beforeApply(infos: readonly Info[], mode: WriteMode): Promise<void> {
    await this.readParent();
    for (const { mapping, namespace } of infos) {
      this.updated.set(groupKind(mapping), mapping);
      if (mapping.namespaced && namespace) this.updatedNamespaces.add(namespace);
    }
    await this.writeParent(
      [...this.current.keys(), ...this.updated.keys()],
      [...this.currentNamespaces, ...this.updatedNamespaces],
      mode,
    );
  }

  /** Deletes the members that were not applied; the parent shrinks only when all of them went. */
  async prune(visited: ReadonlySet<string>, pruning: Pruning, mode: WriteMode): Promise<void> {
    for (const leaver of await this.leavers(visited)) {
      const { mapping, namespace, item } = leaver;
      try {
        await deleteLeaver(this.cluster, leaver, pruning);
      } catch (error) {
        const where = namespace === undefined ? item.metadata.name : `${namespace}/${item.metadata.name}`;
        throw new CliError(`pruning ${groupKind(mapping)} ${where}: ${(error as Error).message}`);
      }
    }
    try {
      await this.writeParent([...this.updated.keys()], [...this.updatedNamespaces], mode);
    } catch (error) {
      throw new CliError(`apply and prune succeeded, but ApplySet update failed: ${(error as Error).message}`);
    }
  }

  private async leavers(visited: ReadonlySet<string>): Promise<Leaver[]> {
    const namespaces = [...this.currentNamespaces];
    const places = [...this.current.values()].flatMap((mapping) =>
      (mapping.namespaced ? namespaces : [undefined]).map((namespace) => [mapping, namespace] as const),
    );
    const lists = places.map(async ([mapping, namespace]) => {
      try {
        const list = await this.cluster.json<{ items?: Unstructured[] }>('GET', resourcePath(mapping, { namespace }), {
          query: { labelSelector: `${PART_OF}=${this.id}` },
        });
        const left = (list.items ?? []).filter((item) => !visited.has(item.metadata.uid ?? ''));
        const apiVersion = mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version;
        return left.map((item) => ({ mapping, namespace, item: { ...item, apiVersion, kind: mapping.kind } }));
      } catch (error) {
        const gvk = `${mapping.group}/${mapping.version}, Kind=${mapping.kind}`;
        throw new CliError(`listing ${gvk} objects for pruning: ${(error as Error).message}`);
      }
    });
    return (await Promise.all(lists)).flat();
  }

  private async readParent(): Promise<void> {
    const { mapping, namespace } = this.parent;
    let object: Unstructured;
    try {
      object = await readObject(this.cluster, this.parent);
    } catch (error) {
      if (!isNotFound(error)) {
        throw new CliError(`failed to fetch ApplySet parent object ${this.parentText}: ${(error as Error).message}`);
      }
      if (isBuiltin(mapping)) return;
      throw new CliError('custom resource ApplySet parents cannot be created automatically');
    }
    const { labels = {}, annotations = {} } = object.metadata;
    this.checkOwner(labels, annotations);
    try {
      this.current = await kindsOf(annotations, await this.cluster.mapper());
    } catch (error) {
      throw new CliError(`parsing ApplySet annotation on ${this.parentText}: ${(error as Error).message}`);
    }
    const others = annotations[NAMESPACES] ?? '';
    this.currentNamespaces = new Set(others === '' ? [] : others.split(','));
    if (mapping.namespaced && namespace !== undefined) this.currentNamespaces.add(namespace);
  }

  /** An object of the same name that is no set, or another tool's, is left alone. */
  private checkOwner(labels: Record<string, string>, annotations: Record<string, string>): void {
    const tooling = annotations[TOOLING];
    const about = `ApplySet parent object ${this.parentText}`;
    if (tooling === undefined) {
      throw new CliError(`${about} already exists and is missing required annotation ${quote(TOOLING)}`);
    }
    const tool = tooling.includes('/') ? tooling.slice(0, tooling.lastIndexOf('/')) : tooling;
    if (tool !== TOOL) {
      throw new CliError(`${about} already exists and is managed by tooling ${quote(tool)} instead of ${quote(TOOL)}`);
    }
    const id = labels[PARENT_ID];
    if (id === undefined) throw new CliError(`${about} exists and does not have required label ${PARENT_ID}`);
    if (id !== this.id) {
      throw new CliError(
        `${about} exists and has incorrect value for label ${quote(PARENT_ID)} (got: ${id}, want: ${this.id})`,
      );
    }
  }

  private async writeParent(kinds: readonly string[], namespaces: readonly string[], mode: WriteMode): Promise<void> {
    if (mode.dryRun === 'client') return;
    const { mapping, name, namespace } = this.parent;
    const sorted = (items: readonly string[]): string => [...new Set(items)].sort().join(',');
    const body = {
      kind: mapping.kind,
      apiVersion: mapping.group ? `${mapping.group}/${mapping.version}` : mapping.version,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        annotations: {
          [TOOLING]: `${TOOL}/${clientVersion.gitVersion}`,
          [KINDS]: sorted(kinds),
          [NAMESPACES]: sorted(namespaces.filter((n) => n !== namespace)),
        },
        labels: { [PARENT_ID]: this.id },
      },
    };
    const write = (force: boolean): Promise<Unstructured> =>
      patchObject(this.cluster, this.parent, 'apply', body, { ...mode, fieldManager: FIELD_MANAGER, force });
    try {
      await write(false).catch((error: unknown) => {
        if (!isConflict(error)) throw error;
        const why = `WARNING: failed to update ApplySet: ${(error as Error).message}\nApplySet field manager ${FIELD_MANAGER} should own these fields. Retrying with conflicts forced.`;
        klog(this.cluster.io, 'W', 'applyset.go:447', why);
        return write(true);
      });
    } catch (error) {
      throw new CliError(`failed to update ApplySet: ${(error as Error).message}`);
    }
  }
}

const noResource = (resource: string): string => {
  const [name = '', ...group] = resource.split('.');
  return `no matches for ${resourceText(group.join('.'), '', name)}`;
};

/** The mapping of `plural.group`; the group is the whole one. */
async function ofResource(mapper: Mapper, resource: string): Promise<Mapping | undefined> {
  const group = resource.split('.').slice(1).join('.');
  const found = await mapper.resource(resource).catch((error: unknown) => {
    if (error instanceof CliError) return undefined;
    throw error;
  });
  return found && (group === '' || found.group === group) ? found : undefined;
}

/** The kinds that the parent names. Upstream: parseKindAnnotation. */
async function kindsOf(annotations: Record<string, string>, mapper: Mapper): Promise<Map<string, Mapping>> {
  const found = new Map<string, Mapping>();
  const text = annotations[KINDS] ?? annotations[RESOURCES];
  if (text === undefined || (annotations[KINDS] === undefined && text === '')) {
    throw new CliError(`kubectl requires the ${quote(KINDS)} annotation to be set on all ApplySet parent objects`);
  }
  if (text === '') return found;
  const byKind = annotations[KINDS] !== undefined;
  for (const entry of text.split(',')) {
    const mapping = await ofResource(mapper, entry);
    const [name = '', ...group] = entry.split('.');
    const isIt = mapping && mapping.group === group.join('.') && (!byKind || mapping.kind === name);
    if (!isIt) {
      throw new CliError(
        byKind
          ? `could not find mapping for kind in ${quote(KINDS)} annotation: no matches for kind ${quote(name)} in group ${quote(group.join('.'))}`
          : `invalid group resource in ${quote(RESOURCES)} annotation: ${noResource(entry)}`,
      );
    }
    found.set(groupKind(mapping), mapping);
  }
  return found;
}

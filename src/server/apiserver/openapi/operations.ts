// The operations that a resource has, by its verbs and subresources. What they look like in a document is v2.ts's and
// v3.ts's matter. The old /watch/ paths are served by no client's choice and are left out.
import { apiVersionOf } from '../../../api/types.ts';
import { definitionName, operationGroup } from './names.ts';
import { APPLY, DELETE, DELETE_COLLECTION, LIST, WRITE } from './parameters.ts';
import {
  DELETE_OPTIONS,
  PATCH,
  STATUS,
  type Method,
  type OpenApiResource,
  type OpenApiSubresource,
  type Operation,
} from './types.ts';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const CONNECTIONS = new Set(['exec', 'attach', 'portforward', 'proxy']);

const CUSTOM_PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];
/** kubectl chooses its patch by what is listed here; custom resources have no merge keys. */
const PATCH_TYPES = [...CUSTOM_PATCH_TYPES, 'application/strategic-merge-patch+json'].sort();

class OperationBuilder {
  readonly operations: Operation[] = [];
  private readonly resource: OpenApiResource;
  private readonly base: string;
  private readonly group: string;
  private readonly scope: string;
  private readonly own: string;

  constructor(resource: OpenApiResource) {
    this.resource = resource;
    const { group, version, plural, namespaced } = resource;
    const root = `${group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`;
    this.base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
    this.group = operationGroup(group, version);
    this.scope = namespaced ? 'Namespaced' : '';
    this.own = definitionName(resource);
  }

  private add(
    path: string,
    method: Method,
    action: string,
    verb: string,
    suffix: string,
    rest: Partial<Operation>,
  ): void {
    const { group, version, kind } = this.resource;
    this.operations.push({
      path,
      method,
      action,
      kind: { group, version, kind },
      id: `${verb}${this.group}${suffix}`,
      description: '',
      parameters: [],
      bodyTypes: ['*/*'],
      codes: [200],
      ...rest,
    });
  }

  collection(): void {
    const { kind, listKind, plural, verbs, namespaced, group, version } = this.resource;
    const list = definitionName({ ...this.resource, kind: listKind });
    const suffix = `${this.scope}${kind}`;
    if (verbs.includes('list')) {
      const description = `list or watch objects of kind ${kind}`;
      const operation = { description, parameters: LIST, answer: list };
      this.add(this.base, 'get', 'list', 'list', suffix, operation);
      if (namespaced) {
        const everywhere = `${group === '' ? '/api' : '/apis'}/${apiVersionOf({ group, version })}/${plural}`;
        this.add(everywhere, 'get', 'list', 'list', `${kind}ForAllNamespaces`, operation);
      }
    }
    if (verbs.includes('create')) {
      const description = `create a ${kind}`;
      const codes = [200, 201, 202];
      this.add(this.base, 'post', 'post', 'create', suffix, {
        description,
        parameters: WRITE,
        body: this.own,
        answer: this.own,
        codes,
      });
    }
    if (verbs.includes('deletecollection')) {
      const description = `delete collection of ${kind}`;
      const operation = { description, parameters: DELETE_COLLECTION, body: DELETE_OPTIONS, answer: STATUS };
      this.add(this.base, 'delete', 'deletecollection', 'delete', `Collection${suffix}`, operation);
    }
  }

  item(): void {
    const { kind, verbs } = this.resource;
    const path = `${this.base}/{name}`;
    this.readWrite(path, `${this.scope}${kind}`, verbs, this.own, `specified ${kind}`);
    if (verbs.includes('delete')) {
      this.add(path, 'delete', 'delete', 'delete', `${this.scope}${kind}`, {
        description: `delete a ${kind}`,
        parameters: DELETE,
        body: DELETE_OPTIONS,
        answer: STATUS,
        codes: [200, 202],
      });
    }
  }

  /** get, put and patch of an object or of one of its subresources. */
  private readWrite(
    path: string,
    suffix: string,
    verbs: readonly string[],
    definition: string,
    what: string,
    kind?: Operation['kind'],
  ): void {
    const extra = kind ? { kind } : {};
    if (verbs.includes('get')) {
      this.add(path, 'get', 'get', 'read', suffix, { description: `read the ${what}`, answer: definition, ...extra });
    }
    const write = { answer: definition, codes: [200, 201], ...extra };
    if (verbs.includes('update')) {
      const description = `replace the ${what}`;
      this.add(path, 'put', 'put', 'replace', suffix, { description, parameters: WRITE, body: definition, ...write });
    }
    if (verbs.includes('patch')) {
      const description = `partially update the ${what}`;
      const bodyTypes = this.resource.custom ? CUSTOM_PATCH_TYPES : PATCH_TYPES;
      this.add(path, 'patch', 'patch', 'patch', suffix, {
        description,
        parameters: APPLY,
        body: PATCH,
        bodyTypes,
        ...write,
      });
    }
  }

  subresource(subresource: OpenApiSubresource): void {
    const { kind } = this.resource;
    const { name, verbs } = subresource;
    const path = `${this.base}/{name}/${name}`;
    const suffix = `${this.scope}${kind}${capital(name)}`;
    if (CONNECTIONS.has(name)) {
      for (const method of ['get', 'post'] as const) {
        const id = `connect${capital(method)}`;
        const description = `connect ${method.toUpperCase()} requests to ${name} of ${kind}`;
        this.add(path, method, 'connect', id, suffix, { description, kind: subresource.kind });
      }
      return;
    }
    const definition = definitionName(subresource.kind);
    const what = `${name} of the specified ${kind}`;
    this.readWrite(path, suffix, verbs, definition, what, subresource.kind);
    if (verbs.includes('create')) {
      this.add(path, 'post', 'post', 'create', suffix, {
        kind: subresource.kind,
        description: `create ${name} of a ${kind}`,
        parameters: WRITE,
        body: definition,
        answer: definition,
        codes: [200, 201, 202],
      });
    }
  }
}

export function operationsOf(resource: OpenApiResource): Operation[] {
  const builder = new OperationBuilder(resource);
  builder.collection();
  builder.item();
  for (const subresource of resource.subresources) builder.subresource(subresource);
  return builder.operations;
}

/** The path parameters that a path has. */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').reverse();

/** Operations by path, paths in order. */
export function byPath(operations: readonly Operation[]): [string, Operation[]][] {
  const paths = new Map<string, Operation[]>();
  for (const operation of operations) {
    const found = paths.get(operation.path);
    if (found) found.push(operation);
    else paths.set(operation.path, [operation]);
  }
  return [...paths].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

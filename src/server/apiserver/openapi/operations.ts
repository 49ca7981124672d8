// The operations that a resource has, by its verbs and subresources. What they look like in a document is v2.ts's and
// v3.ts's matter. Upstream: apiserver pkg/endpoints/installer.go.
import { apiVersionOf } from '../../../api/types.ts';
import { definitionName, operationGroup, tagOf } from './names.ts';
import { APPLY, CONNECT, DELETE, DELETE_COLLECTION, LIST, LOG, WRITE } from './parameters.ts';
import {
  DELETE_OPTIONS,
  PATCH,
  STATUS,
  TEXT,
  WATCH_EVENT,
  type Method,
  type OpenApiResource,
  type OpenApiSubresource,
  type Operation,
} from './types.ts';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const PROXY_METHODS: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const CONNECT_METHODS: readonly Method[] = ['get', 'post'];
const ANYTHING = ['*/*'];
const PRETTY = ['pretty'];
export const ANSWER_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;
const STREAM_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const LIST_TYPES = [...ANSWER_TYPES, ...STREAM_TYPES];

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
  private readonly root: string;

  constructor(resource: OpenApiResource) {
    this.resource = resource;
    const { group, version, plural, namespaced } = resource;
    this.root = `${group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`;
    this.base = namespaced ? `${this.root}/namespaces/{namespace}/${plural}` : `${this.root}/${plural}`;
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
    rest: Partial<Operation> & { answer: string; description: string },
  ): void {
    const { group, version, kind } = this.resource;
    this.operations.push({
      path,
      method,
      action,
      kind: { group, version, kind },
      tag: tagOf(group, version),
      id: `${verb}${this.group}${suffix}`,
      parameters: [],
      pathParameters: PRETTY,
      bodyTypes: ANYTHING,
      codes: [200],
      ...rest,
    });
  }

  collection(): void {
    const { kind, listKind, plural, verbs, namespaced } = this.resource;
    const list = definitionName({ ...this.resource, kind: listKind });
    const suffix = `${this.scope}${kind}`;
    if (verbs.includes('list')) {
      const description = `list or watch objects of kind ${kind}`;
      const operation = { description, parameters: LIST, answer: list, produces: LIST_TYPES };
      this.add(this.base, 'get', 'list', 'list', suffix, operation);
      if (namespaced) {
        // Its parameters are the path's, because it has no other operation.
        const everywhere = { ...operation, parameters: [], pathParameters: [...LIST, ...PRETTY] };
        this.add(`${this.root}/${plural}`, 'get', 'list', 'list', `${kind}ForAllNamespaces`, everywhere);
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

  /** The watches of old; custom resources never had them. */
  watches(): void {
    const { kind, plural, verbs, namespaced, custom } = this.resource;
    if (custom || !verbs.includes('watch')) return;
    const deprecated = "deprecated: use the 'watch' parameter with a list operation instead";
    const common = {
      parameters: [],
      pathParameters: [...LIST, ...PRETTY],
      answer: WATCH_EVENT,
      produces: LIST_TYPES,
    };
    const path = `${this.root}/watch${this.base.slice(this.root.length)}`;
    const list = { ...common, description: `watch changes to a list of ${kind}. ${deprecated}.` };
    const suffix = `${this.scope}${kind}`;
    this.add(path, 'get', 'watchlist', 'watch', `${suffix}List`, list);
    if (namespaced) {
      this.add(`${this.root}/watch/${plural}`, 'get', 'watchlist', 'watch', `${kind}ListForAllNamespaces`, list);
    }
    const one = `watch changes to an object of kind ${kind}. ${deprecated}, filtered by its name with 'fieldSelector'.`;
    this.add(`${path}/{name}`, 'get', 'watch', 'watch', suffix, { ...common, description: one });
  }

  item(): void {
    const { kind, verbs, returnsDeleted } = this.resource;
    const path = `${this.base}/{name}`;
    this.readWrite(path, `${this.scope}${kind}`, verbs, this.own, `specified ${kind}`);
    if (verbs.includes('delete')) {
      this.add(path, 'delete', 'delete', 'delete', `${this.scope}${kind}`, {
        description: `delete a ${kind}`,
        parameters: DELETE,
        body: DELETE_OPTIONS,
        answer: returnsDeleted ? this.own : STATUS,
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
    if (CONNECT[name]) return this.connection(path, suffix, subresource, CONNECT[name]);
    if (name === 'log') {
      const produces = ['text/plain', ...ANSWER_TYPES];
      const description = `read log of the specified ${kind}`;
      this.add(path, 'get', 'get', 'read', suffix, { description, pathParameters: LOG, answer: TEXT, produces });
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

  private connection(
    path: string,
    suffix: string,
    { name, kind }: OpenApiSubresource,
    pathParameters: readonly string[],
  ): void {
    const isProxy = name === 'proxy';
    for (const method of isProxy ? PROXY_METHODS : CONNECT_METHODS) {
      const description = `connect ${method.toUpperCase()} requests to ${name} of ${this.resource.kind}`;
      const operation = { description, kind, pathParameters, answer: TEXT, produces: ANYTHING };
      const id = `connect${this.group}${capital(method)}${suffix}`;
      this.add(path, method, 'connect', '', '', { ...operation, id });
      if (isProxy) this.add(`${path}/{path}`, method, 'connect', '', '', { ...operation, id: `${id}WithPath` });
    }
  }
}

export function operationsOf(resource: OpenApiResource): Operation[] {
  const builder = new OperationBuilder(resource);
  builder.collection();
  builder.watches();
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

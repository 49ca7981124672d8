// What a Swagger 2.0 document of Kubernetes says, as lines of text that can be compared: operations, definitions, and
// the resources that follow from the operations. Texts for people (descriptions) are no facts. Reads upstream's
// api/openapi-spec/swagger.json and our own /openapi/v2 alike, for stable versions alone.

interface Reference {
  $ref?: string;
}
interface Parameter extends Reference {
  name?: string;
  in?: string;
  schema?: Shape;
  required?: boolean;
  type?: string;
}
interface Operation {
  operationId: string;
  consumes?: string[];
  parameters?: Parameter[];
  responses: Record<string, { schema?: Shape }>;
  'x-kubernetes-action'?: string;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string };
}
interface Shape extends Reference {
  type?: string;
  format?: string;
  description?: string;
  items?: Shape;
  required?: string[];
  additionalProperties?: Shape | boolean;
  properties?: Record<string, Shape>;
  [extension: `x-kubernetes-${string}`]: unknown;
}
export interface Swagger {
  paths: Record<string, Record<string, Operation> & { parameters?: Parameter[] }>;
  definitions: Record<string, Shape>;
  parameters?: Record<string, Parameter>;
}

const STABLE_PATH = /^\/(?:api|apis\/[^/]+)\/(v\d+)\/(.+)$/;
/** Off unless somebody switches them on, and groups that have nothing else. */
const UNSTABLE = /^\/apis\/(?:[^/]+\/v\d+(?:alpha|beta)|internal\.apiserver\.k8s\.io\/|storagemigration\.k8s\.io\/)/;
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const lastOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** `GET /api/v1/pods id action group/version/Kind parameters body=… consumes=… answers`. */
export function operationFacts(swagger: Swagger): string[] {
  const facts: string[] = [];
  for (const [path, item] of Object.entries(swagger.paths)) {
    if (UNSTABLE.test(path)) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) facts.push(operationFact(swagger, path, method, operation, item.parameters ?? []));
    }
  }
  return facts.sort();
}

function operationFact(
  swagger: Swagger,
  path: string,
  method: string,
  operation: Operation,
  ofPath: Parameter[],
): string {
  const resolve = (p: Parameter): Parameter => (p.$ref ? swagger.parameters![lastOf(p.$ref)]! : p);
  const all = [...ofPath, ...(operation.parameters ?? [])].map(resolve);
  const body = all.find((p) => p.in === 'body');
  const names = all.filter((p) => p.in !== 'body').map((p) => `${p.name}:${p.type}${p.required ? '!' : ''}`);
  const gvk = operation['x-kubernetes-group-version-kind'];
  const answers = Object.entries(operation.responses).map(([code, { schema }]) =>
    schema ? `${code}=${shapeText(schema)}` : code,
  );
  return [
    `${method.toUpperCase()} ${path}`,
    operation.operationId,
    operation['x-kubernetes-action'] ?? '-',
    gvk ? `${gvk.group}/${gvk.version}/${gvk.kind}` : '-',
    `(${names.sort().join(' ')})`,
    body ? `body=${shapeText(body.schema!)}${body.required ? '!' : ''}` : '-',
    `consumes=${(operation.consumes ?? [])
      .filter((type) => !type.includes('cbor'))
      .sort()
      .join(',')}`,
    answers.join(' '),
  ].join('\t');
}

function shapeText(shape: Shape): string {
  if (shape.$ref) return lastOf(shape.$ref);
  const { type = 'any', format, items, additionalProperties } = shape;
  const inner = items ? `<${shapeText(items)}>` : '';
  const values = typeof additionalProperties === 'object' ? `{${shapeText(additionalProperties)}}` : '';
  return `${type}${format ? `:${format}` : ''}${inner}${values}`;
}

/** One line for a definition, then one for each of its properties. */
export function definitionFacts(swagger: Swagger): string[] {
  const facts: string[] = [];
  for (const name of stableDefinitions(swagger)) {
    const shape = swagger.definitions[name]!;
    facts.push([name, shapeText(shape), ...extensions(shape)].join('\t'));
    for (const property of Object.keys(shape.properties ?? {}).sort()) {
      const field = shape.properties![property]!;
      const required = shape.required?.includes(property) ? '!' : '';
      facts.push([`  ${property}${required}`, shapeText(field), ...extensions(field)].join('\t'));
    }
  }
  return facts;
}

/** All that stable operations need, all the way down. */
function stableDefinitions({ paths, definitions, parameters }: Swagger): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const reference = (value as Reference).$ref;
    if (typeof reference === 'string') {
      if (reference.startsWith('#/parameters/')) return visit(parameters![lastOf(reference)]);
      const name = lastOf(reference);
      if (found.has(name)) return;
      found.add(name);
      return visit(definitions[name]);
    }
    for (const inner of Object.values(value)) visit(inner);
  };
  for (const [path, item] of Object.entries(paths)) if (!UNSTABLE.test(path)) visit(item);
  return [...found].sort();
}

function extensions(shape: Shape): string[] {
  return Object.keys(shape)
    .filter((key) => key.startsWith('x-kubernetes-'))
    .sort()
    .map((key) => `${key.slice('x-kubernetes-'.length)}=${extensionText(key, shape[key as 'x-kubernetes-list-type'])}`);
}

function extensionText(key: string, value: unknown): string {
  if (key !== 'x-kubernetes-group-version-kind') return typeof value === 'string' ? value : JSON.stringify(value);
  const kinds = value as { group: string; version: string; kind: string }[];
  // DeleteOptions and WatchEvent are kinds of every group there is: which groups those are is no fact about them.
  if (kinds.length > 2) return 'many';
  return kinds.map(({ group, version, kind }) => `${group}/${version}/${kind}`).join(',');
}

export interface ResourceFact {
  groupVersion: string;
  /** `pods` or `pods/exec`. */
  name: string;
  /** `group/version/Kind` where it is not of the resource's own group and version. */
  kind: string;
  namespaced: boolean;
  verbs: string[];
}

const VERBS: Record<string, string> = {
  post: 'create',
  delete: 'delete',
  deletecollection: 'deletecollection',
  get: 'get',
  list: 'list',
  patch: 'patch',
  put: 'update',
  watchlist: 'watch',
};
const CONNECT: Record<string, string> = { post: 'create', get: 'get', put: 'update', patch: 'patch', delete: 'delete' };

/** The resources that the operations make, by `group/version name`. */
export function resourceFacts(swagger: Swagger): Map<string, ResourceFact> {
  const facts = new Map<string, ResourceFact>();
  for (const [path, item] of Object.entries(swagger.paths)) {
    const match = STABLE_PATH.exec(path);
    if (!match || path.endsWith('/{path}')) continue;
    const rest = match[2]!.replace(/^watch\//, '');
    const namespaced = rest.startsWith('namespaces/{namespace}/');
    const parts = (namespaced ? rest.slice('namespaces/{namespace}/'.length) : rest).split('/');
    const name = parts.filter((part) => part !== '{name}').join('/');
    const groupVersion = path
      .split('/')
      .slice(2, path.startsWith('/api/') ? 3 : 4)
      .join('/');
    for (const method of METHODS) {
      const operation = item[method];
      const action = operation?.['x-kubernetes-action'] ?? '';
      const verb = action === 'connect' ? CONNECT[method] : VERBS[action];
      const gvk = operation?.['x-kubernetes-group-version-kind'];
      if (verb === undefined || !gvk) continue;
      const key = `${groupVersion} ${name}`;
      let fact = facts.get(key);
      if (!fact) facts.set(key, (fact = { groupVersion, name, kind: '', namespaced: false, verbs: [] }));
      fact.namespaced ||= namespaced;
      const own = [gvk.group, gvk.version].filter((part) => part !== '').join('/') === groupVersion;
      fact.kind = own ? gvk.kind : `${gvk.group}/${gvk.version}/${gvk.kind}`;
      if (!fact.verbs.includes(verb)) fact.verbs.push(verb);
    }
  }
  for (const fact of facts.values()) fact.verbs.sort();
  return facts;
}

/** `apps/v1  deployments/scale  autoscaling/v1/Scale  Namespaced  get,patch,update`. */
export const resourceLine = ({ groupVersion, name, kind, namespaced, verbs }: ResourceFact, more: string[]): string =>
  [groupVersion, name, kind, namespaced ? 'Namespaced' : 'Cluster', verbs.join(','), ...more].join('\t');

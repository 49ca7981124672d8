// Turns a command's arguments and files into the objects that it works on. One call, one result: the infos in order,
// the failures that did not stop it. Upstream: cli-runtime/pkg/resource Builder and its visitors.
import { parseApiVersion, resourcePath, type Unstructured } from '../../api/types.ts';
import { type Cluster, parseObject } from '../cluster.ts';
import { connectionCause } from '../connection-message.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { parseResourceArgs, parseTuple, type ParsedArgs, type Tuple } from './args.ts';
import type { FieldValidation } from '../flags.ts';
import { documentCheck } from './document-check.ts';
import { checkFileOptions, readFiles, type FileOptions, type ManifestText } from './files.ts';
import type { Mapper, Mapping } from './mapper.ts';
import { manifestObjects, notValidated } from './manifest.ts';
import { fewAtOnce } from './few-at-once.ts';
import { listPages, type Page } from './pages.ts';

export interface Info {
  mapping: Mapping;
  /** Undefined for cluster-scoped objects. */
  namespace?: string;
  name: string;
  /** Absent when only the name was asked for. A list's page may be a Table. */
  object?: Unstructured;
  /** The file that it came from. */
  source?: string;
}

export interface BuildRequest {
  args?: readonly string[];
  /** Arguments are names of this type unless they say TYPE/NAME. */
  defaultType?: string;
  files?: FileOptions;
  labelSelector?: string;
  fieldSelector?: string;
  all?: boolean;
  allNamespaces?: boolean;
  /** `TYPE` alone means all of them. */
  typeAlone?: boolean;
  singleType?: boolean;
  chunkSize?: number;
  /** Nobody will ask for managedFields of what is listed: they may be missing. */
  lean?: boolean;
  subresource?: string;
  /** Accept header and query of the reads. */
  accept?: string;
  query?: Record<string, string>;
  /** `latest` reads objects of files again; `lazy` only what has no object yet; `none` reads no single objects. */
  fetch?: 'latest' | 'lazy' | 'none';
  /** What has a namespace is refused, because none is looked up. */
  clusterScoped?: boolean;
  /** Only built-in kinds are read from files: the command knows their fields. */
  typed?: boolean;
  /** Objects of files are used without a server. */
  local?: boolean;
  /** What the client looks for in files before they are used; absent: nothing. */
  validation?: FieldValidation;
  /** Read instead of files, and taken as they stand: no namespace is filled in or asked for. */
  texts?: readonly ManifestText[];
}

export interface Built {
  infos: Info[];
  errors: unknown[];
  /** One object was asked for by name or by one file. */
  single: boolean;
  /** resourceVersion of the list, when the infos are its items. */
  listVersion?: string;
}

const NOTHING = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

const NOTHING_LOCAL = `error: you must specify resources by --filename when --local is set.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'`;

/** What is to be read: one object, or the list of a resource. */
export interface Target {
  mapping: Mapping;
  namespace?: string;
  name?: string;
}

class NoSchemas extends CliError {}

export class Builder {
  private readonly connect: () => Promise<Cluster>;
  private readonly io: Io;
  private readonly program: string;
  private readonly request: BuildRequest;

  constructor(connect: () => Promise<Cluster>, io: Io, program: string, request: BuildRequest) {
    this.connect = connect;
    this.io = io;
    this.program = program;
    this.request = request;
  }

  async build(): Promise<Built> {
    const { files, args = [], texts } = this.request;
    if (texts) return this.buildTexts(texts, false);
    if (files) checkFileOptions(files);
    if (files && this.fromFiles) {
      if (args.length > 0) this.refuseBoth();
      return this.buildFiles(files);
    }
    if (this.request.local && args.length > 0) throw new CliError(NOTHING_LOCAL);
    const { targets, single } = await this.targets();
    return this.read(targets, single);
  }

  /** True when the objects are those of files, and not of arguments. */
  get fromFiles(): boolean {
    const { files } = this.request;
    return files !== undefined && (files.filename.length > 0 || Boolean(files.kustomize));
  }

  private refuseBoth(): never {
    const { args = [], defaultType } = this.request;
    const parsed = defaultType === undefined ? parseResourceArgs(args, this.program) : namesOf(defaultType, args);
    if (parsed.tuples.length > 0) {
      throw new CliError('resource/name arguments cannot be provided when a path is specified');
    }
    throw new CliError(
      'when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well',
    );
  }

  /** What the arguments name, without reading it. */
  async targets(): Promise<{ targets: Target[]; single: boolean }> {
    const { args = [], defaultType, all, labelSelector, fieldSelector, typeAlone } = this.request;
    if (all && (labelSelector || fieldSelector)) {
      throw new CliError(`setting 'all' parameter but found a non empty selector. `);
    }
    const parsed = defaultType !== undefined ? namesOf(defaultType, args) : parseResourceArgs(args, this.program);
    const types = await this.expandCategories(parsed.types);
    const selects =
      Boolean(labelSelector) ||
      Boolean(fieldSelector) ||
      all ||
      (typeAlone === true && args.length === 1 && types.length > 0 && parsed.names.length === 0);
    if (selects) return { targets: await this.lists({ ...parsed, types }), single: false };
    if (parsed.tuples.length > 0)
      return { targets: await this.tuples(parsed.tuples), single: parsed.tuples.length === 1 };
    if (parsed.names.length > 0) {
      if (types.length > 1) throw new CliError('you must specify only one resource');
      const tuples = parsed.names.map((name) => ({ resource: types[0]!, name }));
      return { targets: await this.tuples(tuples), single: tuples.length === 1 };
    }
    if (types.length > 0) {
      const mapper = await (await this.connect()).mapper();
      for (const type of types) await mapper.resource(type);
      throw new CliError('resource(s) were provided, but no name was specified');
    }
    throw new CliError(NOTHING);
  }

  private async expandCategories(types: readonly string[]): Promise<string[]> {
    if (types.length === 0) return [];
    const mapper = await (await this.connect()).mapper();
    const expanded: string[] = [];
    for (const type of types) {
      const members = await mapper.category(type);
      if (members) expanded.push(...members.map((m) => (m.group ? `${m.plural}.${m.group}` : m.plural)));
      else expanded.push(type);
    }
    return expanded;
  }

  private async mappings(types: readonly string[]): Promise<Mapping[]> {
    const mapper = await (await this.connect()).mapper();
    const found = new Map<string, Mapping>();
    for (const type of types) {
      const mapping = await mapper.resource(type);
      found.set(`${mapping.group}/${mapping.version}/${mapping.kind}`, mapping);
    }
    if (this.request.singleType && found.size > 1) throw new CliError('you may only specify a single resource type');
    return [...found.values()];
  }

  private async lists(parsed: ParsedArgs): Promise<Target[]> {
    if (parsed.names.length > 0) throw new CliError('name cannot be provided when a selector is specified');
    if (parsed.tuples.length > 0) {
      throw new CliError('selectors and the all flag cannot be used when passing resource/name arguments');
    }
    if (parsed.types.length === 0) throw new CliError('at least one resource must be specified to use a selector');
    if (this.request.subresource) throw new CliError('subresource cannot be used when bulk resources are specified');
    const { namespace } = await this.connect();
    const mappings = await this.mappings(parsed.types);
    const everywhere = this.request.allNamespaces === true;
    return mappings.map((mapping) => ({ mapping, ...(mapping.namespaced && !everywhere ? { namespace } : {}) }));
  }

  private async tuples(tuples: readonly Tuple[]): Promise<Target[]> {
    const cluster = await this.connect();
    const mapper = await cluster.mapper();
    const targets: Target[] = [];
    for (const { resource, name } of tuples) {
      const mapping = await mapper.resource(resource);
      if (mapping.namespaced && this.request.clusterScoped) {
        throw new CliError('namespace may not be empty when retrieving a resource by name');
      }
      if (mapping.namespaced && this.request.allNamespaces) {
        throw new CliError('a resource cannot be retrieved by name across all namespaces');
      }
      targets.push({ mapping, name, ...(mapping.namespaced ? { namespace: cluster.namespace } : {}) });
    }
    if (this.request.singleType && new Set(targets.map((t) => `${t.mapping.plural}.${t.mapping.group}`)).size > 1) {
      throw new CliError('you may only specify a single resource type');
    }
    return targets;
  }

  /** Reads every target; a failure of one does not keep the others from being read. */
  private async read(targets: readonly Target[], single: boolean): Promise<Built> {
    const cluster = await this.connect();
    const built: Built = { infos: [], errors: [], single };
    const read = (t: Target) => (t.name === undefined ? this.list(cluster, t) : this.get(cluster, t));
    for (const outcome of await fewAtOnce(targets, read)) {
      if (outcome.status === 'rejected') built.errors.push(outcome.reason);
      else {
        built.infos.push(...outcome.value.infos);
        if (targets.length === 1) built.listVersion = outcome.value.version;
      }
    }
    return built;
  }

  private async get(cluster: Cluster, target: Target): Promise<{ infos: Info[]; version?: string }> {
    const info: Info = { mapping: target.mapping, namespace: target.namespace, name: target.name! };
    if (this.request.fetch !== 'none') info.object = await this.fetchObject(cluster, info, this.request.subresource);
    return { infos: [info] };
  }

  private async fetchObject(cluster: Cluster, info: Info, subresource: string | undefined): Promise<Unstructured> {
    const path = resourcePath(info.mapping, { ...info, subresource });
    const headers = acceptHeader(this.request.accept);
    return parseObject(await cluster.jsonText('GET', path, { query: this.request.query, headers }));
  }

  private async list(cluster: Cluster, target: Target): Promise<Page> {
    const infos: Info[] = [];
    let version: string | undefined;
    for await (const page of listPages(cluster, this.request, target)) {
      infos.push(...page.infos);
      version = page.version;
    }
    return { infos, version };
  }

  /** The pages of a list as they arrive; undefined when the arguments mean anything but one list. */
  async pages(): Promise<AsyncIterable<Page> | undefined> {
    if (this.fromFiles) return undefined;
    const { targets } = await this.targets();
    const target = targets[0];
    if (targets.length !== 1 || !target || target.name !== undefined) return undefined;
    return listPages(await this.connect(), this.request, target);
  }

  private async buildFiles(files: FileOptions): Promise<Built> {
    const { texts, single } = await readFiles(files, this.io);
    const built = await this.buildTexts(texts, single && !files.kustomize);
    if (files.kustomize) {
      const { kustomizeObjects } = await import('./kustomize.ts');
      for (const { object } of await kustomizeObjects(files.kustomize, this.io)) {
        await this.addObject(built, object, files.kustomize);
      }
    }
    if (this.request.fetch === 'latest' && !this.request.local) await this.refetch(built);
    return built;
  }

  private async buildTexts(texts: readonly ManifestText[], single: boolean): Promise<Built> {
    const built: Built = { infos: [], errors: [], single };
    const { validation = 'Ignore' } = this.request;
    const check = documentCheck(() => this.connect(), this.io, validation);
    for (const { source, text } of texts) {
      try {
        const onBad = (error: CliError) => built.errors.push(error);
        for await (const object of manifestObjects(text, source, onBad, check)) {
          await this.addObject(built, object, source);
        }
      } catch (error) {
        built.errors.push(error);
      }
    }
    return built;
  }

  /** Lists are taken apart; namespaces are filled in. */
  private async addObject(built: Built, object: Unstructured, source: string): Promise<void> {
    const items = (object as { items?: unknown }).items;
    if (Array.isArray(items) && object.kind.endsWith('List')) {
      built.single = false;
      for (const item of items as Unstructured[]) await this.addObject(built, item, source);
      return;
    }
    try {
      built.infos.push(await this.infoOf(object, source));
    } catch (error) {
      // No other document of the source can be judged.
      if (error instanceof NoSchemas) throw error;
      built.errors.push(error);
    }
  }

  private async infoOf(object: Unstructured, source: string): Promise<Info> {
    const metadata = (object.metadata ??= {});
    const { group, version } = parseApiVersion(object.apiVersion);
    const name = metadata.name ?? '';
    if (this.request.local)
      return { mapping: localMapping(object), name, object, source, namespace: metadata.namespace };
    if (this.request.typed) {
      const { isRegistered, notRegistered } = await import('../registered.ts');
      if (!isRegistered(object)) throw new CliError(notRegistered(object, source));
    }
    const cluster = await this.connect();
    const mapping = await this.mapperFor(source, cluster).then((mapper) => mapper.kind(group, version, object.kind));
    if (!mapping) {
      throw new CliError(
        `resource mapping not found for name: ${JSON.stringify(name)} namespace: ${JSON.stringify(metadata.namespace ?? '')} from ${JSON.stringify(source)}: no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}\nensure CRDs are installed first`,
      );
    }
    if (!mapping.namespaced) {
      delete metadata.namespace;
      return { mapping, name, object, source };
    }
    if (this.request.clusterScoped && !metadata.namespace) {
      const resource = `${group}/${version}, Resource=${mapping.plural}`;
      throw new CliError(`no namespace set on resource ${resource} ${JSON.stringify(name)}`);
    }
    if (this.request.texts) return { mapping, namespace: metadata.namespace, name, object, source };
    metadata.namespace ||= cluster.namespace;
    if (cluster.explicitNamespace && metadata.namespace !== cluster.namespace) {
      throw new CliError(
        `the namespace from the provided object ${JSON.stringify(metadata.namespace)} does not match the namespace ${JSON.stringify(cluster.namespace)}. You must pass '--namespace=${metadata.namespace}' to perform this operation.`,
      );
    }
    return { mapping, namespace: metadata.namespace, name, object, source };
  }

  /** Upstream asks for schemas first, and then for what the server has; without a server both fail in their own words. */
  private async mapperFor(source: string, cluster: Cluster): Promise<Mapper> {
    try {
      return await cluster.mapper();
    } catch (error) {
      const cause = connectionCause(error, cluster.server);
      if (cause === undefined) throw error;
      const failed = (path: string): string => `Get "${cluster.url}${path}?timeout=32s": ${cause}`;
      if ((this.request.validation ?? 'Ignore') === 'Ignore') {
        throw new CliError(`unable to recognize ${JSON.stringify(source)}: ${failed('/api')}`);
      }
      const why = `failed to download openapi: ${failed('/openapi/v2')}`;
      throw new NoSchemas(notValidated(source, why));
    }
  }

  private async refetch(built: Built): Promise<void> {
    const cluster = await this.connect();
    const outcomes = await fewAtOnce(built.infos, async (info) => {
      // Upstream's RetrieveLatest knows of no subresource.
      if (info.name !== '') info.object = await this.fetchObject(cluster, info, undefined);
    });
    built.infos = built.infos.filter((_, i) => outcomes[i]!.status === 'fulfilled');
    for (const outcome of outcomes) if (outcome.status === 'rejected') built.errors.push(outcome.reason);
  }
}

const acceptHeader = (accept: string | undefined): { accept: string } => ({ accept: accept ?? 'application/json' });

function namesOf(defaultType: string, args: readonly string[]): ParsedArgs {
  const tuples = args.map((arg) => (arg.includes('/') ? parseTuple(arg) : { resource: defaultType, name: arg }));
  return { types: tuples.length === 0 ? [defaultType] : [], names: [], tuples };
}

/** Without a server nobody knows the plural: messages name the kind. */
function localMapping(object: Unstructured): Mapping {
  const plural = object.kind.toLowerCase();
  return {
    ...parseApiVersion(object.apiVersion),
    plural,
    kind: object.kind,
    namespaced: true,
    singular: object.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: [],
    subresources: [],
  };
}

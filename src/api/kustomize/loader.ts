// Reads what a kustomization in one folder names: files within the folder's own tree, other folders anywhere. Parsed
// documents are kept with their bytes, so that what has not changed is parsed once. Upstream: kustomize
// api/internal/loader, api/resource/factory.go.
import { posix } from 'node:path';
import { YamlError, parseYaml, splitYamlDocuments } from '../codec/yaml.ts';
import { type Scalar, resolvePlain } from '../codec/yaml-scalars.ts';
import type { Unstructured } from '../types.ts';
import { cloneData, isMap } from './fields.ts';
import { type RepoSpec, parseRepoSpec } from './repo-spec.ts';
import { Resource } from './resource.ts';
import { KustomizeError, type KustomizeFiles } from './types.ts';

const date = /^\d{4}-\d{1,2}-\d{1,2}$/;

/** kyaml reads `yes`, `on` and their like as text, and dates as points in time. */
function resolveScalar(plain: string): Scalar {
  const value = resolvePlain(plain);
  if (typeof value === 'boolean') return /^true$/i.test(plain) ? true : /^false$/i.test(plain) ? false : plain;
  if (typeof value === 'string' && date.test(plain)) {
    const [year = '', month = '', day = ''] = plain.split('-');
    return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T00:00:00Z`;
  }
  return value;
}

const parsedDocuments = new WeakMap<Uint8Array, unknown[]>();

/** Documents of manifests; throws YamlError. The answer is shared: clone it. */
function documentsOf(content: Uint8Array): unknown[] {
  let parsed = parsedDocuments.get(content);
  if (!parsed) {
    parsed = parseDocuments(Buffer.from(content).toString('utf8'));
    parsedDocuments.set(content, parsed);
  }
  return parsed;
}

export function parseDocuments(text: string): unknown[] {
  return splitYamlDocuments(text)
    .map((part) => {
      try {
        return parseYaml(part.text, { resolve: resolveScalar });
      } catch (error) {
        throw error instanceof YamlError ? atLine(error, part.line) : error;
      }
    })
    .filter((value) => value !== null);
}

/** Lines are counted in the file, not in the document. */
const atLine = (error: YamlError, offset: number): YamlError =>
  new YamlError(error.message.replace(/line (\d+)/, (_, line: string) => `line ${Number(line) + offset}`));

export class Loader {
  readonly files: KustomizeFiles;
  /** Relative to the root of the files. */
  readonly folder: string;
  private readonly referrer: Loader | undefined;
  /** Set for the folder at which a repository was entered. */
  private readonly clone: { spec: RepoSpec; root: string } | undefined;

  constructor(files: KustomizeFiles, folder: string, referrer?: Loader, clone?: Loader['clone']) {
    this.files = files;
    this.folder = folder;
    this.referrer = referrer;
    this.clone = clone;
  }

  /** A folder in a repository. Upstream: newLoaderAtGitClone. */
  static atRepository(files: KustomizeFiles, spec: RepoSpec, referrer?: Loader): Loader {
    referrer?.refuseRepositoryCycle(spec);
    const root = files.remote!.repository(spec);
    const folder = posix.join(root, spec.path).replace(/(?<=.)\/$/, '');
    const loader = new Loader({ ...files, confined: true }, folder, referrer, { spec, root });
    const shown = loader.shown();
    if (files.isDirectory(folder)) return loader;
    if (files.read(folder)) {
      throw new KustomizeError(`'${shown}' refers to file '${posix.basename(folder)}'; expecting directory`, folder);
    }
    throw new KustomizeError(`evalsymlink failure on '${shown}' : ${missing(loader, folder)}`, folder);
  }

  /** How messages name a path: kubectl shows absolute ones. */
  shown(path: string = this.folder): string {
    return this.files.shown?.(path) ?? path;
  }

  resolve(path: string): string {
    return posix.isAbsolute(path) ? posix.normalize(path).slice(1) || '.' : posix.join(this.folder, path);
  }

  /** The bytes of a file below the folder. */
  load(path: string): Uint8Array {
    if (this.files.remote && /^https?:\/\//.test(path)) return this.files.remote.file(path);
    const full = this.resolve(path);
    const content = this.files.read(full);
    if (!content) {
      const why = this.files.isDirectory(full) ? `'${this.shown(full)}' must resolve to a file` : undefined;
      throw new KustomizeError(why ?? `evalsymlink failure on '${this.shown(full)}' : ${missing(this, full)}`, full);
    }
    if (this.files.confined !== false && !within(full, this.folder)) {
      const [file, folder] = [this.shown(full), this.shown()];
      throw new KustomizeError(`security; file '${file}' is not in or below '${folder}'`, full);
    }
    return content;
  }

  text(path: string): string {
    return Buffer.from(this.load(path)).toString('utf8');
  }

  /** The first document of a file that is no manifest. */
  parse(path: string): unknown {
    return parseYaml(this.text(path));
  }

  /** Another folder with a kustomization. */
  enter(path: string): Loader {
    if (path === '') throw new KustomizeError('new root cannot be empty');
    const spec = this.files.remote && parseRepoSpec(path);
    if (spec) return Loader.atRepository(this.files, spec, this);
    if (posix.isAbsolute(path)) throw new KustomizeError(`new root '${path}' cannot be absolute`);
    const folder = posix.join(this.folder, path).replace(/(?<=.)\/$/, '');
    if (!this.files.isDirectory(folder)) {
      const shown = this.shown(folder);
      const why = this.files.read(folder)
        ? `'${shown}': file is not directory`
        : `not a valid directory: evalsymlink failure on '${shown}' : ${missing(this, folder)}`;
      throw new KustomizeError(`must build at directory: ${why}`, folder);
    }
    const repository = this.repository();
    if (repository && !within(folder, repository.root)) {
      const [base, root] = [this.shown(folder), this.shown(repository.root)];
      throw new KustomizeError(
        `security; bases in kustomizations found in cloned git repos must be within the repo, but base '${base}' is outside '${root}'`,
        folder,
      );
    }
    this.refuseCycle(folder);
    return new Loader(this.files, folder, this);
  }

  /** The repository in which this folder is. */
  private repository(): Loader['clone'] {
    return this.clone ?? this.referrer?.repository();
  }

  private refuseRepositoryCycle(spec: RepoSpec): void {
    if (this.clone?.spec.raw.startsWith(spec.raw)) {
      throw new KustomizeError(`cycle detected: URI '${spec.raw}' referenced by previous URI '${this.clone.spec.raw}'`);
    }
    this.referrer?.refuseRepositoryCycle(spec);
  }

  private refuseCycle(folder: string): void {
    if (within(this.folder, folder)) {
      const [root, visited] = [this.shown(folder), this.shown()];
      throw new KustomizeError(`cycle detected: candidate root '${root}' contains visited root '${visited}'`, folder);
    }
    this.referrer?.refuseCycle(folder);
  }

  /** The resources of a file of manifests. */
  resources(path: string): Resource[] {
    const content = this.load(path);
    const file = this.resolve(path);
    let documents: unknown[];
    try {
      documents = documentsOf(content);
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      throw new MalformedYaml(`MalformedYAMLError: ${error.message} in File: ${path}`, file, error.message);
    }
    return toResources(documents, file);
  }
}

/** A file that is no YAML: upstream says nothing of directories then. */
export class MalformedYaml extends KustomizeError {
  constructor(
    message: string,
    file: string,
    readonly reason: string,
  ) {
    super(message, file);
  }
}

/** Names the first folder on the way that is not there. */
function missing(loader: Loader, path: string): string {
  let first = path;
  for (let parent = posix.dirname(first); !['.', '/'].includes(parent); parent = posix.dirname(parent)) {
    if (loader.files.isDirectory(parent)) break;
    first = parent;
  }
  return `lstat ${loader.shown(first)}: no such file or directory`;
}

const within = (path: string, folder: string): boolean =>
  folder === '.' || folder === '/' || path === folder || path.startsWith(`${folder}/`);

export function resourcesOfText(text: string, file: string): Resource[] {
  return toResources(parseDocuments(text), file);
}

function toResources(documents: readonly unknown[], file: string): Resource[] {
  const queue = [...documents];
  const resources: Resource[] = [];
  for (let document = queue.shift(); document !== undefined; document = queue.shift()) {
    if (!isMap(document)) {
      if (document === null) continue;
      throw new KustomizeError(`${file}: a document is not a mapping`, file);
    }
    if (Object.keys(document).length === 0) continue;
    const isList = typeof document['kind'] === 'string' && document['kind'].endsWith('List') && 'items' in document;
    if (!isList) {
      resources.push(newResource(cloneData(document) as Unstructured, file));
      continue;
    }
    const { items } = document;
    if (items !== null && !Array.isArray(items)) {
      throw new KustomizeError(
        `expected array in ${document['kind'] as string}/items, but found ${typeof items}`,
        file,
      );
    }
    queue.push(...((items as unknown[] | null) ?? []));
  }
  return resources;
}

function newResource(object: Unstructured, file: string): Resource {
  const { kind, metadata } = object;
  const name = isMap(metadata) ? metadata['name'] : undefined;
  const what = goMeta(object);
  if (!kind) throw new KustomizeError(`missing kind in object ${what}`, file, 'kind');
  if (!name && !kind.endsWith('List')) {
    throw new KustomizeError(`missing metadata.name in object ${what}`, file, 'metadata.name');
  }
  if (!isMap(metadata)) object.metadata = {};
  else if (typeof name === 'number' || typeof name === 'boolean') metadata['name'] = String(name);
  const at = nilItem(object);
  if (at !== undefined) throw new KustomizeError(`empty item at ${at} in object`, file);
  return new Resource(object, file);
}

/** Go's %v of kyaml's ResourceMeta. */
function goMeta({ apiVersion = '', kind = '', metadata }: Unstructured): string {
  const { name = '', namespace = '', labels = {}, annotations = {} } = (metadata ?? {}) as Unstructured['metadata'];
  const map = (values: Record<string, string>) =>
    `map[${Object.keys(values)
      .sort()
      .map((k) => `${k}:${values[k]}`)
      .join(' ')}]`;
  return `{{${apiVersion} ${kind}} {{${name} ${namespace}} ${map(labels)} ${map(annotations)}}}`;
}

function nilItem(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (item === null) return '';
      const found = nilItem(item);
      if (found !== undefined) return `[${i}]/${found}`;
    }
  } else if (isMap(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const found = nilItem(inner);
      if (found !== undefined) return `${key}/${found}`;
    }
  }
  return undefined;
}

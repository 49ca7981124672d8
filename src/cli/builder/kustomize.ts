// The one place where `-k` meets the kustomize engine: a folder on disk or in a Git repository in, the built objects
// out. The engine does not wait: what it lacks of the outside is fetched when it asks, and it begins again.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  type BuiltObject,
  type HelmRunner,
  HttpError,
  kustomize,
  KustomizeError,
  type KustomizeFiles,
  parseRepoSpec,
  type RepoSpec,
} from '../../api/kustomize/kustomize.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import { Clones } from './clones.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The objects of a kustomization and the file that each came from. Paths are of the whole disk: bases may be above. */
export async function kustomizeObjects(
  target: string,
  io: Io,
  options: { warn?(message: string): void; confined?: boolean; helm?: HelmRunner } = {},
): Promise<BuiltObject[]> {
  const { confined = true, warn, helm } = options;
  const remote = new Remote(io);
  const start = parseRepoSpec(target) ? target : folderOf(target, io.cwd);
  const files = { ...disk, confined, remote, ...(helm ? { helm } : {}) };
  try {
    for (;;) {
      // Warnings of an attempt that was given up would be said twice.
      const warnings: string[] = [];
      try {
        const built = kustomize(files, start, { warn: (text) => warnings.push(text) });
        warnings.forEach((text) => warn?.(text));
        return built;
      } catch (error) {
        if (!(error instanceof NotFetched)) throw error;
        await error.fetch();
      }
    }
  } finally {
    await remote.close();
  }
}

/** The folder as the engine names it; kustomize's words for what is none. */
function folderOf(folder: string, cwd: string): string {
  const path = isAbsolute(folder) ? folder : resolve(cwd, folder);
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new CliError(
      `must build at directory: not a valid directory: evalsymlink failure on '${folder}' : lstat ${firstMissing(path)}: no such file or directory`,
    );
  }
  if (!isFolder) throw new CliError(`must build at directory: '${folder}': file is not directory`);
  if (!NAMES.some((n) => disk.read(join(path, n).slice(1)) !== undefined)) {
    throw new CliError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${path}'`,
    );
  }
  return path.slice(1) || '.';
}

function firstMissing(path: string): string {
  const parent = dirname(path);
  return disk.isDirectory(parent.slice(1)) || parent === path ? path : firstMissing(parent);
}

/** The disk as the engine sees it: paths without the leading slash. */
const disk = {
  read(path: string): Uint8Array | undefined {
    try {
      return readFileSync(`/${path}`);
    } catch {
      return undefined;
    }
  },
  isDirectory(path: string): boolean {
    try {
      return statSync(`/${path}`).isDirectory();
    } catch {
      return false;
    }
  },
  list: (path: string) => readdirSync(`/${path}`).sort(),
  shown: (path: string) => `/${path}`,
} satisfies KustomizeFiles;

/** The engine met what is not here yet. */
class NotFetched extends Error {
  readonly fetch: () => Promise<void>;
  constructor(fetch: () => Promise<void>) {
    super('not fetched yet');
    this.fetch = fetch;
  }
}

/** Repositories and files behind URLs; what could not be had is remembered with the reason. */
class Remote {
  private readonly clones: Clones;
  private readonly repositories = new Map<string, string | KustomizeError>();
  private readonly contents = new Map<string, Uint8Array | KustomizeError>();

  constructor(io: Io) {
    this.clones = new Clones(io);
  }

  readonly repository = (spec: RepoSpec): string => {
    const known = this.repositories.get(spec.raw);
    if (known instanceof KustomizeError) throw known;
    if (known !== undefined) return known;
    throw new NotFetched(async () => {
      const folder = this.clones.folder(spec).then((path) => path.slice(1));
      this.repositories.set(spec.raw, await folder.catch((error: Error) => new KustomizeError(error.message)));
    });
  };

  readonly file = (url: string): Uint8Array => {
    const known = this.contents.get(url);
    if (known instanceof KustomizeError) throw known;
    if (known) return known;
    throw new NotFetched(async () => void this.contents.set(url, await download(url)));
  };

  close(): Promise<void> {
    return this.clones.close();
  }
}

/** Upstream: FileLoader.httpClientGetContent. */
async function download(url: string): Promise<Uint8Array | KustomizeError> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const { hostname, port, protocol } = new URL(url);
    const address = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
    const why =
      code === 'ECONNREFUSED'
        ? `dial tcp ${address}: connect: connection refused`
        : code === 'ENOTFOUND'
          ? `dial tcp: lookup ${hostname}: no such host`
          : message;
    return new KustomizeError(`Get ${JSON.stringify(url)}: ${why}`);
  }
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  if (parseRepoSpec(url)) return new KustomizeError('URL is a git repository');
  return new HttpError(`HTTP Error: status code ${response.status} (${response.statusText})`);
}

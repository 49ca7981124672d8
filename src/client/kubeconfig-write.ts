// Changes of kubeconfig files, each written back to the file that its stanza came from. Upstream:
// client-go/tools/clientcmd/config.go (ModifyConfig, WriteToFile).
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import {
  type KubeConfig,
  type NamedExtension,
  KubeConfigError,
  loadKubeConfig,
  readKubeConfigFile,
} from './kubeconfig.ts';
import { formOf, STANZAS, type Struct } from './kubeconfig-shape.ts';
import { makeFolders } from './make-folders.ts';
import { writeWhole } from './write-whole.ts';

/** Prints a config as `kubectl config view --raw` and kubectl's own files have it: sorted keys and entries. */
export function formatKubeConfig(config: KubeConfig): string {
  const entries = (map: ReadonlyMap<string, object>, field: string, struct: Struct) =>
    [...map.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, stanza]) => ({ [field]: formOf(struct, stanza as Record<string, unknown>), name }));
  const empty = (list: unknown[]) => (list.length > 0 ? list : null);
  const document = {
    apiVersion: 'v1',
    clusters: empty(entries(config.clusters, 'cluster', STANZAS.clusters)),
    contexts: empty(entries(config.contexts, 'context', STANZAS.contexts)),
    'current-context': config.currentContext,
    ...(config.extensions.length > 0 ? { extensions: byName(config.extensions) } : {}),
    kind: 'Config',
    preferences: config.preferences,
    users: empty(entries(config.users, 'user', STANZAS.users)),
  };

  return stringify(document, {
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
    version: '1.1',
    aliasDuplicateObjects: false,
  });
}

const byName = (extensions: readonly NamedExtension[]): NamedExtension[] =>
  [...extensions].sort(({ name: a = '' }, { name: b = '' }) => (a < b ? -1 : 1));

/** Replaces a file whole; a new one has mode 0600, its folder is made when absent. */
export function writeKubeConfigFile(path: string, config: KubeConfig): void {
  writeWhole(path, formatKubeConfig(config), { mode: 0o600 });
}

/**
 * Applies a change to the merged config and writes back the files it touches: a stanza goes to the file that it came
 * from, a new one to the first file that exists (else the last named). Lock files keep two writers apart, as upstream's
 * do, from before the files are read until they are written.
 */
export function modifyKubeConfig(paths: readonly string[], change: (config: KubeConfig) => void): void {
  const target = paths.find((p) => existsSync(p)) ?? paths[paths.length - 1]!;
  const locked = paths.filter((path) => path === target || existsSync(path));
  // In one order, so that no two writers wait for each other.
  withLocks([...new Set(locked)].sort(), () => modify(paths, target, change));
}

function modify(paths: readonly string[], target: string, change: (config: KubeConfig) => void): void {
  const before = loadKubeConfig(paths);
  const after = cloneKubeConfig(before);
  change(after);
  const files = new Map<string, KubeConfig>();
  const file = (path: string) => {
    let loaded = files.get(path);
    if (!loaded) files.set(path, (loaded = readKubeConfigFile(path)));
    return loaded;
  };
  for (const section of ['clusters', 'users', 'contexts'] as const) {
    const old = before[section] as Map<string, object>;
    const now = after[section] as Map<string, object>;
    for (const [name, stanza] of now) {
      if (JSON.stringify(stanza) === JSON.stringify(old.get(name))) continue;
      (file(before.origin.get(`${section}/${name}`) ?? target)[section] as Map<string, object>).set(name, stanza);
    }
    for (const name of old.keys()) {
      const origin = before.origin.get(`${section}/${name}`);
      if (!now.has(name) && origin) file(origin)[section].delete(name);
    }
  }
  if (after.currentContext !== before.currentContext) {
    // The first file that names one wins when merging: change it there.
    const holder = paths.find((p) => readKubeConfigFile(p).currentContext !== '') ?? target;
    file(holder).currentContext = after.currentContext;
  }
  if (JSON.stringify(after.preferences) !== JSON.stringify(before.preferences)) {
    file(target).preferences = after.preferences;
  }
  for (const [path, config] of files) writeKubeConfigFile(path, config);
}

function cloneKubeConfig(config: KubeConfig): KubeConfig {
  return structuredClone(config);
}

function withLocks([path, ...others]: readonly string[], write: () => void): void {
  if (path === undefined) return write();
  const lock = `${path}.lock`;
  makeFolders(dirname(path), 0o777);
  take(lock);
  try {
    withLocks(others, write);
  } finally {
    rmSync(lock, { force: true });
  }
}

const PATIENCE_MS = 2000;
const PAUSE_MS = 20;

/** Another writer is done in a moment; a lock that somebody left behind is told. */
function take(lock: string): void {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return writeFileSync(lock, '', { flag: 'wx', mode: 0 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (waited >= PATIENCE_MS) throw new KubeConfigError(`open ${lock}: file exists`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

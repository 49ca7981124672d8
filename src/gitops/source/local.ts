// Local repositories are watched, not polled: a push moves a ref file, and that is seen at once.
import { type FSWatcher, existsSync, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of a local repository's refs, or undefined when the URL is not local. */
export function localGitFolder(url: string): string | undefined {
  if (!url.startsWith('file://') && !url.startsWith('/')) return undefined;
  const path = url.startsWith('file://') ? fileURLToPath(url) : url;
  const dotGit = join(path, '.git');
  if (existsSync(dotGit) && statSync(dotGit).isDirectory()) return dotGit;
  return existsSync(join(path, 'HEAD')) ? path : undefined;
}

/**
 * Calls back (not more often than each 20 ms) when refs move. Returns the way to stop. Every folder below refs/ has a
 * watch of its own: Node's recursive watch loses files that are replaced by renaming, which is how Git moves a ref.
 */
export function watchRefs(gitFolder: string, onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      followRefs();
      onChange();
    }, 20);
  };
  const follow = (path: string, wanted: (file: string) => boolean) => {
    if (watchers.has(path)) return;
    try {
      const watcher = watch(path, { persistent: false }, (_, file) => wanted(file ?? '') && changed());
      // The folder was removed: the interval will say so.
      watcher.on('error', () => watcher.close());
      watchers.set(path, watcher);
    } catch {
      // No more watches can be had (or the folder is gone): the interval remains.
    }
  };
  const followRefs = () => {
    for (const folder of foldersBelow(join(gitFolder, 'refs'))) follow(folder, (file) => !file.endsWith('.lock'));
  };
  followRefs();
  follow(gitFolder, (file) => file === 'packed-refs' || file === 'HEAD');
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** Branches with slashes in their names are folders. */
function foldersBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return [folder, ...entries.filter((e) => e.isDirectory()).flatMap((e) => foldersBelow(join(folder, e.name)))];
  } catch {
    return [];
  }
}

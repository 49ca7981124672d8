// Local repositories are watched, not polled: a push moves a ref file, and that is seen at once.
import { type FSWatcher, existsSync, statSync, watch } from 'node:fs';
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

/** Calls back (not more often than each 20 ms) when refs move. Returns the way to stop. */
export function watchRefs(gitFolder: string, onChange: () => void): () => void {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, 20);
  };
  const follow = (path: string, recursive: boolean, wanted: (file: string) => boolean) => {
    try {
      const watcher = watch(path, { recursive, persistent: false }, (_, file) => wanted(file ?? '') && changed());
      // The folder was removed: the interval will say so.
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    } catch {
      // No more watches can be had (or the folder is gone): the interval remains.
    }
  };
  follow(join(gitFolder, 'refs'), true, (file) => !file.endsWith('.lock'));
  follow(gitFolder, false, (file) => file === 'packed-refs' || file === 'HEAD');
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

// A Git repository in a temporary folder, worked on with the real git.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './cli.ts';

export interface TestRepository {
  /** file:// URL of the bare repository. */
  url: string;
  path: string;
  /** Writes (or with undefined removes) files, commits and pushes; answers the commit. */
  push(files: Record<string, string | undefined>, message?: string): string;
  git(...args: string[]): string;
  remove(): void;
}

export function createRepository(): TestRepository {
  const folder = temporaryFolder('git');
  const work = join(folder.path, 'work');
  const bare = join(folder.path, 'repo.git');
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.com',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.com',
  };
  const run = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trim();
  run(folder.path, 'init', '-q', '--bare', '-b', 'main', bare);
  run(folder.path, 'clone', '-q', bare, work);
  run(work, 'checkout', '-q', '-B', 'main');
  return {
    url: `file://${bare}`,
    path: bare,
    push(files, message = 'change') {
      for (const [name, content] of Object.entries(files)) {
        const path = join(work, name);
        if (content === undefined) rmSync(path);
        else {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content);
        }
      }
      run(work, 'add', '-A');
      run(work, 'commit', '-q', '-m', message);
      run(work, 'push', '-q', 'origin', 'main');
      return run(work, 'rev-parse', 'HEAD');
    },
    git: (...args) => run(work, ...args),
    remove: folder.remove,
  };
}

// Takes out of upstream's Go packages when each API version was deprecated and removed, and what replaced it, and writes
// test/golden/surface/lifecycle.tsv, which test/server/apiserver/old-versions.test.ts compares our warnings with.
//   tsx scripts/upstream-lifecycle.ts <git directory of kubernetes/api> <tag> [<tag> …]
// Versions that are gone from later tags are found in earlier ones: give tags from old to new.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [gitDir, ...tags] = process.argv.slice(2);
if (!gitDir || tags.length === 0) throw new Error('give a git directory and tags');
const git = (...args: string[]): string =>
  execFileSync('git', [`--git-dir=${gitDir}`, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });

/** Packages whose group has another name than their folder. */
function groupOf(folder: string, register: string): string {
  return /GroupName = "([^"]*)"/.exec(register)?.[1] ?? folder;
}

const rows = new Map<string, string>();
for (const tag of tags) {
  const files = git('ls-tree', '-r', '--name-only', tag).split('\n');
  for (const file of files.filter((f) => f.endsWith('zz_generated.prerelease-lifecycle.go'))) {
    const [folder = '', version = ''] = file.split('/');
    const group = groupOf(folder, git('show', `${tag}:${folder}/${version}/register.go`));
    const text = git('show', `${tag}:${file}`);
    for (const kind of new Set([...text.matchAll(/func \(in \*(\w+)\)/g)].map((m) => m[1]!))) {
      const number = (name: string): string => {
        const head = `func (in *${kind}) APILifecycle${name}() (major, minor int) {`;
        const from = text.indexOf(head);
        const found = from < 0 ? null : /return (\d+), (\d+)/.exec(text.slice(from, from + head.length + 40));
        return found ? `${found[1]}.${found[2]}` : '';
      };
      const deprecated = number('Deprecated');
      if (deprecated === '' || kind.endsWith('List')) continue;
      rows.set(`${group}/${version} ${kind}`, [`${group}/${version}`, kind, deprecated, number('Removed')].join('\t'));
    }
  }
}
const lines = [...rows.values()].sort();
writeFileSync(join(import.meta.dirname, '../test/golden/surface/lifecycle.tsv'), `${lines.join('\n')}\n`);

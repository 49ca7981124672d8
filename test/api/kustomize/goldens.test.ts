// Every folder of test/golden/kustomize is built and compared with what `kubectl kustomize` 1.32 (kustomize 5.5) printed:
// expected.yaml, or expected-error.txt, and expected-warnings.txt. The entry is the folder `overlay` where there is one.
// UPDATE=1 asks kubectl again.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringifyYaml } from '../../../src/api/codec/yaml.ts';
import { type KustomizeFiles, kustomize } from '../../../src/api/kustomize/kustomize.ts';

const golden = resolve(import.meta.dirname, '../../golden/kustomize');
const stat = (path: string) => statSync(path, { throwIfNoEntry: false });
const text = (path: string) => (stat(path) ? readFileSync(path, 'utf8') : undefined);

function folderFiles(root: string): KustomizeFiles {
  return {
    read: (path) => (stat(join(root, path))?.isFile() ? readFileSync(join(root, path)) : undefined),
    isDirectory: (path) => stat(join(root, path))?.isDirectory() ?? false,
    list: (path) => readdirSync(join(root, path)).sort(),
    shown: (path) => join('$CASE', path),
  };
}

/** kubectl logs its failure as one quoted value, or as a block of indented lines. */
function messageOf(log: string): string {
  const quoted = /err=("(?:[^"\\]|\\.)*")\s*$/s.exec(log)?.[1];
  const block = /err=<\n(.*)\n >\s*$/s.exec(log)?.[1] ?? '';
  const message = quoted ? (JSON.parse(quoted) as string) : block.replaceAll(/^\t/gm, '');
  // A generator is named by its address.
  return `${message.replaceAll(/ &\{0x[0-9a-f]+ <nil>\}/g, '').trimEnd()}\n`;
}

function record(folder: string, entry: string): void {
  const { status, stdout, stderr } = spawnSync(
    process.env['KUBECTL'] ?? 'kubectl',
    ['kustomize', join(folder, entry)],
    {
      encoding: 'utf8',
    },
  );
  const lines = stderr.replaceAll(folder, '$CASE').split(/(?<=\n)/);
  const warnings = lines.filter((line) => line.startsWith('# Warning')).join('');
  const rest = lines.filter((line) => !line.startsWith('# Warning')).join('');
  const files = {
    'expected.yaml': status === 0 ? stdout : '',
    'expected-error.txt': status === 0 ? '' : messageOf(rest),
    'expected-warnings.txt': warnings,
  };
  for (const [name, content] of Object.entries(files)) {
    if (content === '') rmSync(join(folder, name), { force: true });
    else writeFileSync(join(folder, name), content);
  }
}

describe('kustomize as kubectl has it', () => {
  it.each(readdirSync(golden).sort())('%s', (name) => {
    const folder = join(golden, name);
    const entry = stat(join(folder, 'overlay')) ? 'overlay' : '.';
    if (process.env['UPDATE']) record(folder, entry);
    const warnings: string[] = [];
    const build = () =>
      kustomize(folderFiles(folder), entry, { warn: (w) => warnings.push(`${w}\n`) })
        .map((b) => stringifyYaml(b.object))
        .join('---\n');
    const refusal = text(join(folder, 'expected-error.txt'));
    if (refusal !== undefined) {
      let message = '(none)';
      try {
        build();
      } catch (error) {
        message = (error as Error).message;
      }
      expect(`${message.trimEnd()}\n`).toBe(refusal);
    } else expect(build()).toBe(text(join(folder, 'expected.yaml')));
    expect(warnings.join('')).toBe(text(join(folder, 'expected-warnings.txt')) ?? '');
  });
});

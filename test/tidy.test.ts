// The style guide as a test: import rules, sizes, headers, stale lists, banned words.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function sources(folder: string, extension = '.ts'): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith(extension) && !f.includes('.gen.'))
    .map((f) => ({ path: join(folder, f), text: readFileSync(join(root, folder, f), 'utf8') }));
}

const src = sources('src');
const tests = sources('test');
const lines = (text: string): number => text.split('\n').length - 1;
/** Tables of facts are exempt from size limits; their first lines say so. */
const isTable = (text: string): boolean => /\btable of facts\b/i.test(text.slice(0, 600));

/** `file:line text` of every line that matches. */
function hits(files: { path: string; text: string }[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
}

describe('sources', () => {
  it('keep the import rules', () => {
    const run = spawnSync(
      process.execPath,
      [join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), 'src', '--output-type', 'err'],
      { cwd: root, encoding: 'utf8' },
    );
    expect(run.stdout + run.stderr).toMatch(/no dependency violations found/);
  });

  it('are of a readable size', () => {
    const long = src.filter(({ text }) => lines(text) > 500 && !isTable(text)).map(({ path }) => path);
    expect(long).toEqual([]);
    const code = src.filter(({ text }) => !isTable(text));
    const small = code.filter(({ text }) => lines(text) <= 300);
    expect(small.length / code.length).toBeGreaterThan(0.85);
  });

  it('open with what they are', () => {
    expect(src.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('are named in kebab-case, without grab-bags', () => {
    const odd = src.filter(({ path }) => !/^[a-z0-9/_.-]+$/.test(path) || /\/(utils?|helpers?)(\.|\/)/.test(path));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  it('leave nothing unfinished and switch no rule off', () => {
    const words = new RegExp(`\\b(${['TO', 'FIX'].map((w) => (w === 'TO' ? 'TODO' : 'FIXME')).join('|')}|XXX|HACK)\\b`);
    expect(hits(src, words)).toEqual([]);
    expect(hits(src, /@ts-(ignore|nocheck|expect-error)/)).toEqual([]);
  });

  it('import with their extension', () => {
    expect(hits(src, /from '\.[^']*(?<!\.ts|\.json)'/)).toEqual([]);
  });

  it('have lists that are up to date', () => {
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
    const run = spawnSync(process.execPath, [tsx, 'scripts/generate.ts', '--check'], { cwd: root, encoding: 'utf8' });
    expect(run.stderr + run.stdout).toBe('');
  });
});

describe('tests', () => {
  it('are never skipped or alone', () => {
    expect(
      hits(
        tests.filter(({ path }) => path !== 'test/tidy.test.ts'),
        /\b(it|test|describe)\.(skip|todo|only|skipIf|runIf)\b/,
      ),
    ).toEqual([]);
  });
});

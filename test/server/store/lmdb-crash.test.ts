// A writer is killed again and again; every write that it acknowledged must be there, at its revision, in one log.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLmdbStore } from '../../../src/server/store/lmdb.ts';

const ROUNDS = 50;
const cache = join(import.meta.dirname, '../../../node_modules/.cache');
let program = '';
let directory = '';

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  program = join(mkdtempSync(join(cache, 'crash-writer-')), 'writer.mjs');
  const entryPoints = [join(import.meta.dirname, 'crash-writer.ts')];
  // Bundled, because a process that compiles first starts four times slower.
  await build({ entryPoints, outfile: program, bundle: true, platform: 'node', format: 'esm', external: ['lmdb'] });
  directory = mkdtempSync(join(tmpdir(), 'crash-'));
});
afterAll(() => {
  rmSync(join(program, '..'), { recursive: true });
  rmSync(directory, { recursive: true });
});

/** What one writer acknowledged before it was killed: key to revision. */
function writeAndKill(round: number): Promise<Map<string, number>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, directory, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    let dying = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (dying) return;
      dying = true;
      setTimeout(() => child.kill('SIGKILL'), 5 + ((round * 7) % 40));
    });
    child.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself with ${code}`));
      const lines = output.slice(0, output.lastIndexOf('\n')).split('\n');
      resolve(new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])])));
    });
  });
}

it('a killed writer loses nothing that it acknowledged', async () => {
  let total = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await writeAndKill(round);
    total += acknowledged.size;
    const store = await openLmdbStore({ path: directory, keepRevisions: 0 });
    const { items, revision } = await store.range({ start: `/k/${round}/`, end: `/k/${round}0` });
    const kept = new Map(items.map((item) => [item.key, item]));
    for (const [key, modRevision] of acknowledged) {
      const item = kept.get(key);
      if (item?.modRevision !== modRevision || !Buffer.alloc(3000, key).equals(item.value)) {
        expect.fail(`round ${round}: ${key} was acknowledged at ${modRevision}, and is ${item?.modRevision}`);
      }
    }
    // Both keys of the last transaction are there, or neither is.
    const counter = (await store.get('/counter')).item!;
    expect((await store.get(Buffer.from(counter.value).toString())).item?.modRevision).toBe(counter.modRevision);
    expect(counter.modRevision).toBe(revision);
    if (round === ROUNDS - 1) await expectWholeLog(store, revision);
    await store.close();
  }
  expect(total).toBeGreaterThan(ROUNDS);
}, 60_000);

async function expectWholeLog(store: Awaited<ReturnType<typeof openLmdbStore>>, last: number): Promise<void> {
  let next = 2;
  for await (const batch of store.watch({ start: '/', end: '0', fromRevision: 2 })) {
    for (let i = 0; i < batch.events.length; i += 2) {
      expect(batch.events[i]!.item.modRevision).toBe(next);
      expect(batch.events[i + 1]!.item.modRevision).toBe(next++);
    }
    if (next > last) return;
  }
}

// A GitRepository and its Secret are written by people who may not run programs on the control plane.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchTree, remoteHead } from '../../src/gitops/source/git.ts';

const folder = mkdtempSync(join(tmpdir(), 'sampan-untrusted-'));
const url = join(folder, 'repository');
const marker = join(folder, 'was-here');
const timeoutMs = 10_000;

beforeAll(() => {
  const git = (...args: string[]) => execFileSync('git', ['-C', url, ...args]);
  execFileSync('git', ['init', '--quiet', '-b', 'main', url]);
  writeFileSync(join(url, 'a.yaml'), 'kind: A\n');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '-m', 'a');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('references', () => {
  it('are no options of Git', async () => {
    for (const word of [`--upload-pack=touch ${marker}`, `--upload-pac=touch ${marker};`, `--exec=touch ${marker};`]) {
      for (const ref of [{ name: word }, { commit: word }, { branch: word }]) {
        const attempt = async () => {
          const head = await remoteHead({ url, ref, timeoutMs });
          await fetchTree({ url, ref, timeoutMs }, head, join(folder, 'cache.git'));
        };
        await expect(attempt()).rejects.toThrow(/is not a (name of a reference|commit's hash)/);
        expect(existsSync(marker)).toBe(false);
      }
    }
    const output = join(folder, 'written');
    await expect(remoteHead({ url, ref: { commit: `--output=${output}` }, timeoutMs })).rejects.toThrow('hash');
  });

  it('may be what Git allows', async () => {
    const { commit } = await remoteHead({ url, ref: { branch: 'main' }, timeoutMs });
    expect((await remoteHead({ url, ref: { name: 'refs/heads/main' }, timeoutMs })).commit).toBe(commit);
    expect((await remoteHead({ url, ref: { commit }, timeoutMs })).commit).toBe(commit);
  });
});

it('a token is no configuration of Git', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = `[protocol "ext"]\n\tallow = always\n[url "ext::sh -c touch% ${marker} "]\n\tinsteadOf = ${origin}\n`;
  const bearerToken = `x"\n${settings}[http]\n\textraHeader = "x`;
  const attempt = remoteHead({ url: `${origin}/r.git`, credentials: { bearerToken }, timeoutMs });
  await expect(attempt).rejects.toThrow("the secret's bearerToken has characters that no token has");
  expect(existsSync(marker)).toBe(false);
  await new Promise((closed) => server.close(closed));
});

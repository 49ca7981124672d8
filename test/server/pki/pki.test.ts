// The server's keys and certificates: made, kept, made anew, and never left half written.
import { X509Certificate, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { folderPemStore, kubeconfigText, openNodeToken } from '../../../src/server/pki/folder.ts';
import { servingNames } from '../../../src/server/pki/host-names.ts';
import { memoryPemStore, openPki } from '../../../src/server/pki/pki.ts';
import { openDataDir } from '../../../src/server/data-dir.ts';

const YEAR_MS = 365 * 24 * 3600_000;
const folders: string[] = [];
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'sampan-pki-'));
  folders.push(path);
  return path;
};
afterEach(() => folders.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));
const names = servingNames('10.96.0.1', 'cluster.local', ['api.example', '192.0.2.7']);

describe('openPki', () => {
  it('makes a CA and certificates that chain to it, with the subjects and names that clients need', async () => {
    const pki = await openPki(memoryPemStore(), names);
    const ca = new X509Certificate(pki.authority.certificate);
    expect(ca.ca).toBe(true);
    const serving = new X509Certificate(pki.serving.cert);
    expect(serving.verify(ca.publicKey)).toBe(true);
    for (const name of ['kubernetes', 'kubernetes.default.svc.cluster.local', 'localhost', 'api.example']) {
      expect(serving.checkHost(name), name).toBe(name);
    }
    for (const address of ['10.96.0.1', '127.0.0.1', '::1', '192.0.2.7']) {
      expect(serving.checkIP(address), address).toBe(address);
    }
    const admin = new X509Certificate(pki.admin.cert);
    expect(admin.toLegacyObject().subject).toMatchObject({ CN: 'kubernetes-admin', O: 'system:masters' });
    expect(admin.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(pki.caHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('loads what is there, with mode 0600, and leaves no drafts', async () => {
    const path = folder();
    const first = await openPki(folderPemStore(path), names);
    const again = await openPki(folderPemStore(path), names);
    expect(again.serving.cert).toBe(first.serving.cert);
    expect(again.caHash).toBe(first.caHash);
    expect(readdirSync(path).sort()).toEqual(
      ['admin', 'apiserver-kubelet-client', 'ca', 'front-proxy-ca', 'front-proxy-client', 'server']
        .flatMap((f) => [`${f}.crt`, `${f}.key`])
        .concat('sa.key', 'sa.pub')
        .sort(),
    );
    for (const file of readdirSync(path)) expect(statSync(join(path, file)).mode & 0o777, file).toBe(0o600);
    const spki = { type: 'spki', format: 'pem' } as const;
    expect(createPublicKey(readFileSync(join(path, 'sa.key'))).export(spki)).toBe(
      readFileSync(join(path, 'sa.pub'), 'utf8'),
    );
  });

  it('re-issues a leaf that nears its end, whose names changed, or whose pair does not match', async () => {
    const path = folder();
    let now = Date.now();
    const pki = await openPki(folderPemStore(path), names, () => now);
    const first = pki.serving.cert;
    expect(await pki.refresh(names)).toBe(false);
    expect(await pki.refresh({ ...names, addresses: [...names.addresses, '2001:db8::1'] })).toBe(true);
    const second = pki.serving.cert;
    expect(second).not.toBe(first);
    now += YEAR_MS - 10 * 24 * 3600_000;
    expect(await pki.refresh({ ...names, addresses: [...names.addresses, '2001:db8::1'] })).toBe(true);
    writeFileSync(join(path, 'admin.crt'), second);
    const repaired = await openPki(folderPemStore(path), names, () => now);
    expect(new X509Certificate(repaired.admin.cert).subject).toContain('kubernetes-admin');
  });

  it('says which file is missing or broken, and does not replace a CA', async () => {
    const path = folder();
    await openPki(folderPemStore(path), names);
    const key = readFileSync(join(path, 'ca.key'));
    rmSync(join(path, 'ca.key'));
    await expect(openPki(folderPemStore(path), names)).rejects.toThrow(`${path}/ca.key is missing`);
    writeFileSync(join(path, 'ca.key'), 'rubbish');
    await expect(openPki(folderPemStore(path), names)).rejects.toThrow(`${path}/ca.key cannot be read as PEM`);
    writeFileSync(join(path, 'ca.key'), key);
    rmSync(join(path, 'ca.crt'));
    await expect(openPki(folderPemStore(path), names)).resolves.toBeDefined();
  });
});

describe('files for people', () => {
  it('keeps the node token over restarts and follows a new CA', async () => {
    const dir = openDataDir(folder());
    try {
      const pki = await openPki(memoryPemStore(), names);
      const token = openNodeToken(dir, pki);
      expect(readFileSync(dir.at('node.token'), 'utf8')).toBe(`${token}.${pki.caHash}\n`);
      const other = await openPki(memoryPemStore(), names);
      expect(openNodeToken(dir, other)).toBe(token);
      expect(readFileSync(dir.at('node.token'), 'utf8')).toBe(`${token}.${other.caHash}\n`);
      expect(kubeconfigText('https://x:6443', pki)).toContain('server: https://x:6443');
    } finally {
      dir.release();
    }
  });
});

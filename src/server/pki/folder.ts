// What the server leaves in its data directory for people and nodes: PEM files, the administrator's kubeconfig, and
// the token with which a node joins.
import { join } from 'node:path';
import type { DataDir } from '../data-dir.ts';
import { StartupError } from '../startup-error.ts';
import { readIfThere, writeFileAtomic } from './files.ts';
import { type PemStore, type Pki, newBootstrapToken } from './pki.ts';

export function folderPemStore(path: string): PemStore {
  return {
    path,
    read: (name) => readIfThere(join(path, name)),
    write: (name, text) => writeFileAtomic(join(path, name), text),
  };
}

/** A kubeconfig that needs no other file: credentials are inside. */
export function kubeconfigText(server: string, pki: Pki): string {
  const data = (pem: string): string => Buffer.from(pem).toString('base64');
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- name: sampan',
    '  cluster:',
    `    server: ${server}`,
    `    certificate-authority-data: ${data(pki.authority.certificate)}`,
    'users:',
    '- name: kubernetes-admin',
    '  user:',
    `    client-certificate-data: ${data(pki.admin.cert)}`,
    `    client-key-data: ${data(pki.admin.key)}`,
    'contexts:',
    '- name: sampan',
    '  context:',
    '    cluster: sampan',
    '    user: kubernetes-admin',
    'current-context: sampan',
    '',
  ].join('\n');
}

/** Writes admin.kubeconfig when its content changed; answers its path. */
export function writeAdminKubeconfig(dir: DataDir, server: string, pki: Pki): string {
  const path = dir.at('admin.kubeconfig');
  const text = kubeconfigText(server, pki);
  if (readIfThere(path) !== text) writeFileAtomic(path, text);
  return path;
}

/** The bootstrap token in node.token (made when absent), without the CA's hash that stands behind it in the file. */
export function openNodeToken(dir: DataDir, pki: Pki): string {
  const path = dir.at('node.token');
  const text = readIfThere(path)?.trim();
  if (text !== undefined && !/^[a-z0-9]{6}\.[a-z0-9]{16}\.[0-9a-f]{64}$/.test(text)) {
    throw new StartupError(`${path} does not hold a node token; remove the file and a new one is made`);
  }
  const token = text === undefined ? newBootstrapToken() : text.slice(0, 23);
  const wanted = `${token}.${pki.caHash}`;
  if (text !== wanted) writeFileAtomic(path, `${wanted}\n`);
  return token;
}

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubeConfigError, kubeConfigPaths, loadKubeConfig } from '../../src/client/kubeconfig.ts';
import { clientConfigFrom } from '../../src/client/kubeconfig-connection.ts';
import { modifyKubeConfig } from '../../src/client/kubeconfig-write.ts';
import { temporaryFolder } from '../support/cli.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => (folder = temporaryFolder('kubeconfig')));
afterEach(() => folder.remove());

const write = (name: string, text: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};
const file = (name: string, server: string, current = name): string => `apiVersion: v1
kind: Config
current-context: ${current}
clusters:
- name: ${name}
  cluster: {server: "${server}", certificate-authority: certs/ca.crt}
users:
- name: ${name}
  user: {token: t-${name}}
contexts:
- name: ${name}
  context: {cluster: ${name}, user: ${name}, namespace: ns-${name}}
`;

describe('kubeconfig', () => {
  it('finds its files: the flag alone, the list, the home', () => {
    expect(kubeConfigPaths('/x')).toEqual(['/x']);
    expect(kubeConfigPaths(undefined, { KUBECONFIG: '/a::/b:/a' })).toEqual(['/a', '/b']);
    expect(kubeConfigPaths(undefined, { HOME: '/h' })).toEqual(['/h/.kube/config']);
  });

  it('merges: the first file that says something wins', () => {
    const config = loadKubeConfig([
      write('a', file('one', 'https://a')),
      write('b', file('two', 'https://b')),
      write('c', file('one', 'https://c')),
    ]);
    expect(config.currentContext).toBe('one');
    expect(config.clusters.get('one')?.server).toBe('https://a');
    expect([...config.contexts.keys()]).toEqual(['one', 'two']);
  });

  it('reads certificates relative to the file that names them', () => {
    mkdirSync(join(folder.path, 'certs'));
    write('certs/ca.crt', 'PEM');
    const config = loadKubeConfig([write('a', file('one', 'https://a'))]);
    expect(clientConfigFrom(config)).toEqual({
      server: 'https://a',
      namespace: 'ns-one',
      certificateAuthority: 'PEM',
      token: 't-one',
    });
    expect(clientConfigFrom(config, { insecureSkipTlsVerify: true, token: 'x', namespace: 'y' })).toEqual({
      server: 'https://a',
      namespace: 'y',
      insecureSkipTlsVerify: true,
      token: 'x',
    });
  });

  it('says what is not there', () => {
    const config = loadKubeConfig([write('a', file('one', 'https://a'))]);
    expect(() => clientConfigFrom(config, { context: 'nope' })).toThrow(
      new KubeConfigError('context "nope" does not exist'),
    );
    expect(() => clientConfigFrom(config)).toThrow(
      /^unable to read certificate-authority .*\/certs\/ca.crt for one due to open .*: no such file or directory$/,
    );
    expect(() => loadKubeConfig([write('bad', 'a: b: c\n')])).toThrow(
      /^error loading config file ".*bad": yaml: mapping values are not allowed/,
    );
    expect(() => loadKubeConfig([join(folder.path, 'gone')], { explicit: true })).toThrow(/no such file or directory$/);
    expect(clientConfigFrom(loadKubeConfig([]))).toEqual({ server: 'http://localhost:8080' });
  });

  it('writes changes to the file that they belong to, and nowhere else', () => {
    const [a, b] = [write('a', file('one', 'https://a')), write('b', file('two', 'https://b'))];
    chmodSync(a, 0o640);
    const before = readFileSync(a, 'utf8');
    modifyKubeConfig([a, b], (config) => {
      config.contexts.set('two', { ...config.contexts.get('two'), namespace: 'changed' });
    });
    expect(readFileSync(a, 'utf8')).toBe(before);
    expect(readFileSync(b, 'utf8')).toContain('namespace: changed');
    modifyKubeConfig([a, b], (config) => {
      config.users.set('new', { token: 'x' });
      config.currentContext = 'two';
    });
    const merged = loadKubeConfig([a, b]);
    expect(merged.origin.get('users/new')).toBe(a);
    expect(merged.currentContext).toBe('two');
    expect(statSync(a).mode & 0o777).toBe(0o640);
  });

  it('refuses to write while somebody else does', () => {
    const a = write('a', file('one', 'https://a'));
    write('a.lock', '');
    expect(() => modifyKubeConfig([a], (config) => void (config.currentContext = 'x'))).toThrow(/a.lock: file exists/);
  });

  it('keeps the notes of other programs', () => {
    const path = write(
      'noted',
      `extensions:\n- name: b\n  extension: {v: 1}\n- name: a\n${file('one', 'https://one')}`,
    );
    modifyKubeConfig([path], (config) => void (config.currentContext = ''));
    expect(readFileSync(path, 'utf8')).toContain(
      'current-context: ""\nextensions:\n- extension: null\n  name: a\n- extension:\n    v: 1\n  name: b\nkind: Config\n',
    );
    expect(() => loadKubeConfig([write('wrong', 'extensions: 4')])).toThrow(
      'json: cannot unmarshal number into Go struct field Config.extensions of type []v1.NamedExtension',
    );
  });

  it('prints as kubectl does', () => {
    const path = join(folder.path, 'new');
    modifyKubeConfig([path], (config) => {
      config.clusters.set('c', { server: 'https://x', 'insecure-skip-tls-verify': true });
      config.contexts.set('c', { cluster: 'c', user: 'u' });
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe(`apiVersion: v1
clusters:
- cluster:
    insecure-skip-tls-verify: true
    server: https://x
  name: c
contexts:
- context:
    cluster: c
    user: u
  name: c
current-context: ""
kind: Config
preferences: {}
users: null
`);
  });
});

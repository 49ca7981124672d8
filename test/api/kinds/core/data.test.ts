// The rules of config maps, secrets, service accounts, replication controllers and pod templates.
import { describe, expect, it } from 'vitest';
import type { AnyKind } from '../../../../src/api/kind.ts';
import configmap from '../../../../src/api/kinds/core/configmap.ts';
import podtemplate from '../../../../src/api/kinds/core/podtemplate.ts';
import controller from '../../../../src/api/kinds/core/replicationcontroller.ts';
import secret from '../../../../src/api/kinds/core/secret.ts';
import account from '../../../../src/api/kinds/core/serviceaccount.ts';
import { create, update, warningsOf } from '../lifecycle.ts';

const document = (extra: object, metadata: object = {}) => ({
  metadata: { name: 'x', namespace: 'n', ...metadata },
  ...extra,
});
const refused = (kind: AnyKind, extra: object, metadata: object = {}): string[] =>
  create(kind, document(extra, metadata)).errors;
const changed = (kind: AnyKind, before: object, after: object): string[] =>
  update(kind, create(kind, document(before)).object, document(after)).errors;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('config maps and secrets', () => {
  const KEY =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  const IMMUTABLE = 'Forbidden: field is immutable when `immutable` is set';
  it.each<[AnyKind, object, string[]]>([
    [configmap, { data: { 'a/b': '' } }, [`data[a/b]: Invalid value: "a/b": ${KEY}`]],
    [configmap, { data: { '..': '' } }, [`data[..]: Invalid value: "..": must not be '..'`]],
    [
      configmap,
      { data: { a: '' }, binaryData: { a: '' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [configmap, { data: { a: 'x'.repeat(1048577) } }, ['[]: Too long: may not be more than 1048576 bytes']],
    [secret, { data: { '..a': '' } }, [`data[..a]: Invalid value: "..a": must not start with '..'`]],
    [
      secret,
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [secret, { type: 'kubernetes.io/dockercfg' }, ['data[.dockercfg]: Required value']],
    [
      secret,
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('x') } },
      [
        `data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character 'x' looking for beginning of value`,
      ],
    ],
    [
      secret,
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('[]') } },
      [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
    ],
    [secret, { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{}') } }, []],
    [
      secret,
      { type: 'kubernetes.io/basic-auth' },
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
    [
      secret,
      { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } },
      ['data[ssh-privatekey]: Required value'],
    ],
    [secret, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
    [secret, { type: 'anything/else' }, []],
  ])('%#: refused', (kind, extra, expected) => expect(refused(kind, extra)).toEqual(expected));

  it('that are immutable stay', () => {
    const before = { immutable: true, data: { a: 'eA==' } };
    expect(changed(configmap, before, { data: { a: 'eQ==' }, binaryData: { b: '' } })).toEqual(
      ['immutable', 'data', 'binaryData'].map((f) => `${f}: ${IMMUTABLE}`),
    );
    expect(changed(secret, before, { data: { a: 'eQ==' } })).toEqual(
      ['immutable', 'data'].map((f) => `${f}: ${IMMUTABLE}`),
    );
    expect(changed(secret, { type: 'a' }, { type: 'b' })).toEqual(['type: Invalid value: "b": field is immutable']);
  });

  it('a key pair that is none is warned of', () => {
    const tls = (crt: string, key: string) =>
      warningsOf(
        secret,
        document({ type: 'kubernetes.io/tls', data: { 'tls.crt': base64(crt), 'tls.key': base64(key) } }),
      );
    const pem = (type: string) => `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`;
    expect(tls('x', 'y')).toEqual(['tls: failed to find any PEM data in certificate input']);
    expect(tls(pem('CERTIFICATE'), 'y')).toEqual(['tls: failed to find any PEM data in key input']);
    expect(tls(pem('PRIVATE KEY'), pem('CERTIFICATE'))).toEqual([
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    ]);
    expect(tls(pem('CERTIFICATE'), pem('CERTIFICATE'))).toEqual([
      'tls: found a certificate rather than a key in the PEM for the private key',
    ]);
  });
});

describe('service accounts, controllers and templates', () => {
  it('a service account names its secrets and no more', () => {
    const { object } = create(account, document({ secrets: [{ name: 'a', namespace: 'b', uid: 'c' }] }));
    expect(object['secrets']).toEqual([{ name: 'a' }]);
    const metadata = { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
    expect(warningsOf(account, document({}, metadata))).toEqual([
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ]);
  });

  const template = (spec: object = {}) => ({
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });
  const T = 'spec.template.spec';
  it.each<[object, string[]]>([
    [{ template: template() }, []],
    [
      { replicas: -1, minReadySeconds: -1, template: template() },
      [
        'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [{ selector: { a: 'b' } }, ['spec.template: Required value']],
    [
      { selector: { a: 'c' }, template: template() },
      ['spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'],
    ],
    [
      { template: template({ restartPolicy: 'Never', activeDeadlineSeconds: 1 }) },
      [
        `${T}.restartPolicy: Unsupported value: "Never": supported values: "Always"`,
        `${T}.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported`,
      ],
    ],
    [
      { template: template({ ephemeralContainers: [{ name: 'e', image: 'i' }] }) },
      [`${T}.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template`],
    ],
  ])('controller %j', (spec, expected) => expect(refused(controller, { spec })).toEqual(expected));

  it('a pod template is checked as a pod', () => {
    expect(refused(podtemplate, { template: { spec: { containers: [] } } })).toEqual([
      'template.spec.containers: Required value',
    ]);
    expect(
      warningsOf(podtemplate, document({ template: template({ nodeSelector: { 'beta.kubernetes.io/os': 'x' } }) })),
    ).toEqual([
      'template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ]);
  });
});

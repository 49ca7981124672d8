// What upstream's conformance suite asks of volumes (test/e2e/common/storage), on real containers.
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Cluster, Space, type Spec, WAIT, patient, sh, startCluster } from './cluster.ts';
import { scenarios } from './scenarios.ts';

const { scenario, each, start } = scenarios();
let cluster: Cluster;
let space: Space;
beforeAll(async () => {
  cluster = await startCluster('volumes');
  space = await Space.make(cluster.api, 'volumes');
  await space.create('configmaps', {
    metadata: { name: 'config' },
    data: { 'data-1': 'value-1', 'data-2': 'value-2' },
    binaryData: { 'dump.bin': '3q2+/w==' },
  });
  await space.create('secrets', { metadata: { name: 'secret' }, stringData: { 'data-1': 'value-1' } });
  start();
});
afterAll(() => cluster?.close());

const mount = (name: string, mountPath: string, more: Spec = {}) => ({ name, mountPath, ...more });
/** A pod with one volume at /v. */
const withVolume = (script: string, volume: Spec, more: Spec = {}, mounted: Spec = {}): Spec => ({
  containers: [sh(script, { volumeMounts: [mount('v', '/v', mounted)] })],
  volumes: [{ name: 'v', ...volume }],
  ...more,
});
const modeOf = (file: string) => `stat -L -c %A ${file}`;
const user = { securityContext: { runAsUser: 1000 } };

describe('files of objects', () => {
  each([
    ['configmap', { configMap: { name: 'config' } }, '-rw-r--r--'],
    ['configmap-0400', { configMap: { name: 'config', defaultMode: 0o400 } }, '-r--------'],
    [
      'configmap-item',
      { configMap: { name: 'config', items: [{ key: 'data-1', path: 'data-1', mode: 0o400 }] } },
      '-r--------',
    ],
    ['secret', { secret: { secretName: 'secret' } }, '-rw-r--r--'],
    ['secret-0400', { secret: { secretName: 'secret', defaultMode: 0o400 } }, '-r--------'],
    ['projected', { projected: { sources: [{ configMap: { name: 'config' } }] } }, '-rw-r--r--'],
    ['projected-0400', { projected: { defaultMode: 0o400, sources: [{ secret: { name: 'secret' } }] } }, '-r--------'],
  ])('%s: content and mode', async (name, volume, mode) => {
    await space.pod(`mode-${name}`, withVolume(`cat /v/data-1; echo; ${modeOf('/v/data-1')}`, volume as Spec));
    expect(await space.said(`mode-${name}`)).toBe(`value-1\n${mode}\n`);
  });

  each([
    ['configmap', { configMap: { name: 'config', defaultMode: 0o440 } }],
    ['secret', { secret: { secretName: 'secret', defaultMode: 0o440 } }],
    ['projected', { projected: { defaultMode: 0o440, sources: [{ secret: { name: 'secret' } }] } }],
  ])('%s: readable by the group of the pod', async (name, volume) => {
    await space.pod(
      `group-${name}`,
      withVolume(`cat /v/data-1; echo; ${modeOf('/v/data-1')}; stat -L -c %g /v/data-1`, volume as Spec, {
        securityContext: { runAsUser: 1000, fsGroup: 1001 },
      }),
    );
    expect(await space.said(`group-${name}`)).toBe('value-1\n-r--r-----\n1001\n');
  });

  scenario('mappings into folders, for another user; binary data', async () => {
    await space.pod(
      'mapped',
      withVolume(
        'cat /v/path/to/data-2',
        { configMap: { name: 'config', items: [{ key: 'data-2', path: 'path/to/data-2' }] } },
        user,
      ),
    );
    await space.pod('binary', withVolume('xxd -p /v/dump.bin', { configMap: { name: 'config' } }));
    expect(await space.said('mapped')).toBe('value-2');
    expect(await space.said('binary')).toBe('deadbeff\n');
  });

  scenario('all kinds of sources in one projection, and several volumes of one object', async () => {
    await space.pod('all', {
      containers: [
        sh('cat /v/podname /v/secret /v/config; cat /w/data-1', {
          volumeMounts: [mount('v', '/v'), mount('w', '/w', { readOnly: true })],
        }),
      ],
      volumes: [
        {
          name: 'v',
          projected: {
            sources: [
              { downwardAPI: { items: [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
              { secret: { name: 'secret', items: [{ key: 'data-1', path: 'secret' }] } },
              { configMap: { name: 'config', items: [{ key: 'data-2', path: 'config' }] } },
            ],
          },
        },
        { name: 'w', configMap: { name: 'config' } },
      ],
    });
    expect(await space.said('all')).toBe('allvalue-1value-2value-1');
  });

  scenario('updates, deletions and creations of optional objects are seen', async () => {
    for (const name of ['del', 'upd']) {
      await space.create('configmaps', { metadata: { name: `o-${name}` }, data: { k: '1' } });
      await space.create('secrets', { metadata: { name: `o-${name}` }, stringData: { k: '1' } });
    }
    const script = `while :; do for d in cd cu cc sd su sc; do echo "$d=$(cat /v/$d/k 2>/dev/null)"; done > /tmp/now; mv /tmp/now /tmp/seen; sleep 0.2; done`;
    const names = [
      ['d', 'del'],
      ['u', 'upd'],
      ['c', 'new'],
    ] as const;
    const volumes = names.flatMap(([short, name]) => [
      { name: `c${short}`, configMap: { name: `o-${name}`, optional: true } },
      { name: `s${short}`, secret: { secretName: `o-${name}`, optional: true } },
    ]);
    await space.pod('optional', {
      containers: [sh(script, { volumeMounts: volumes.map(({ name }) => mount(name, `/v/${name}`)) })],
      volumes,
    });
    await space.ready('optional');
    for (const kind of ['configmaps', 'secrets']) {
      const data = (value: string) => (kind === 'secrets' ? { stringData: { k: value } } : { data: { k: value } });
      await space.api.del(space.path(kind, 'o-del'));
      await space.api.patch(space.path(kind, 'o-upd'), data('2'));
      await space.create(kind, { metadata: { name: 'o-new' }, ...data('3') });
    }
    await patient(
      () => cluster.exec('volumes', 'optional', 'cat /tmp/seen'),
      (text) => text === 'cd=\ncu=2\ncc=3\nsd=\nsu=2\nsc=3\n',
    );
  });

  scenario('a pod that needs an object that is not there waits, and names it', async () => {
    await space.pod('waiting', withVolume('true', { secret: { secretName: 'absent' } }));
    await patient(
      () => space.events('waiting'),
      (list) => list.some((e) => e['reason'] === 'FailedMount' && /secret "absent" not found/.test(e['message'])),
    );
    expect((await space.get('waiting'))['status'].phase).toBe('Pending');
    await space.pod(
      'bad-key',
      withVolume('true', { configMap: { name: 'config', items: [{ key: 'none', path: 'p' }] } }),
    );
    await patient(
      () => space.events('bad-key'),
      (list) => list.some((e) => /references non-existent config key: none/.test(e['message'])),
    );
  });

  scenario('downward API: fields, resources, modes; labels and annotations follow', async () => {
    const items = [
      { path: 'name', fieldRef: { fieldPath: 'metadata.name' }, mode: 0o400 },
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
      { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu', divisor: '1m' } },
      { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'requests.memory' } },
    ];
    const pod = withVolume(`cat /v/name /v/cpu; echo; cat /v/memory; echo; ${modeOf('/v/name')}; ${WAIT}`, {
      downwardAPI: { items },
    });
    pod['containers'][0].resources = { requests: { memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
    await space.pod('down', pod, { labels: { key1: 'value1' }, annotations: { builder: 'bar' } });
    await space.ready('down');
    await patient(
      () => space.logs('down'),
      (t) => t === 'down1250\n33554432\n-r--------\n',
    );
    await space.api.patch(space.path('pods', 'down'), {
      metadata: { labels: { key3: 'value3' }, annotations: { builder: 'foo' } },
    });
    await patient(
      () => cluster.exec('volumes', 'down', 'cat /v/labels; echo; cat /v/annotations'),
      (t) => /key1="value1"\nkey3="value3"/.test(t) && t.includes('builder="foo"'),
    );
  });

  scenario('a service account token, and its absence', async () => {
    const script =
      'cd /var/run/secrets/kubernetes.io/serviceaccount && ls && cat namespace && wc -l < ca.crt && cut -c1-3 token';
    await space.pod('token', { containers: [sh(script)], automountServiceAccountToken: true });
    await space.pod('no-token', { containers: [sh('ls /var/run/secrets 2>/dev/null || echo none')] });
    expect(await space.said('token')).toMatch(/^ca\.crt\nnamespace\ntoken\nvolumes\d+\neyJ/);
    expect(await space.said('no-token')).toBe('none\n');
    await space.pod(
      'token-own',
      withVolume(
        'cut -c1-3 /v/token; stat -L -c "%u %A" /v/token',
        {
          projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'me', expirationSeconds: 3600 } }] },
        },
        user,
      ),
    );
    expect(await space.said('token-own')).toBe('eyJ\n1000 -rw-------\n');
  });
});

describe('folders', () => {
  const perms: [string, Spec, Spec][] = [];
  for (const medium of ['', 'Memory'])
    for (const who of ['root', 'user'])
      perms.push([`${medium || 'disk'}-${who}`.toLowerCase(), { emptyDir: { medium } }, who === 'user' ? user : {}]);
  each(perms)('emptyDir %s: everybody may write, the file system is as asked', async (name, volume, who) => {
    const script = `stat -c %A /v; for m in 644 666 777; do echo hi > /v/$m; chmod $m /v/$m; stat -c %A /v/$m; done; cat /v/644; grep ' /v ' /proc/mounts | grep -c tmpfs`;
    await space.pod(`empty-${name}`, withVolume(`${script}; true`, volume, who));
    // A tmpfs has the sticky bit.
    const [folder, count] = name.startsWith('memory') ? ['drwxrwxrwt', 1] : ['drwxrwxrwx', 0];
    const expected = `${folder}\n-rw-r--r--\n-rw-rw-rw-\n-rwxrwxrwx\nhi\n${count}\n`;
    expect(await space.said(`empty-${name}`)).toBe(expected);
  });

  scenario('emptyDir is shared by the containers of a pod, and survives their deaths', async () => {
    await space.pod('shared', {
      restartPolicy: 'Always',
      containers: [
        sh('while [ ! -e /v/f ]; do sleep 0.1; done; cat /v/f; sleep 600', {
          name: 'reader',
          volumeMounts: [mount('v', '/v')],
        }),
        sh('[ -e /v/f ] && sleep 600; echo hello > /v/f; exit 1', { name: 'writer', volumeMounts: [mount('v', '/v')] }),
      ],
      volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }],
    });
    await space.ready('shared');
    await patient(
      () => space.logs('shared', '?container=reader'),
      (t) => t === 'hello\n',
    );
  });

  scenario('fsGroup owns what is written', async () => {
    await space.pod(
      'fs-group',
      withVolume(
        'stat -c "%A %g" /v; echo x > /v/f; stat -c %g /v/f',
        { emptyDir: {} },
        { securityContext: { runAsUser: 1000, fsGroup: 123 } },
      ),
    );
    expect(await space.said('fs-group')).toBe('drwxrwsrwx 123\n123\n');
  });

  scenario('hostPath: folders, files, their types, sub-paths, the whole host', async () => {
    const { dataDir } = cluster;
    const nodeName = cluster.nodes[0]!.metadata.name;
    await space.pod(
      'host-new',
      withVolume(
        'echo x > /v/made; ls /v',
        { hostPath: { path: `${dataDir}/host-test`, type: 'DirectoryOrCreate' } },
        { nodeName },
      ),
    );
    expect(await space.said('host-new')).toBe('made\n');
    await space.pod(
      'host-file',
      withVolume('cat /v', { hostPath: { path: `${dataDir}/host-test/made`, type: 'File' } }, { nodeName }),
    );
    await space.pod(
      'host-sub',
      withVolume('ls /v', { hostPath: { path: dataDir } }, { nodeName }, { subPath: 'host-test' }),
    );
    await space.pod(
      'host-all',
      withVolume('ls /v/etc/hostname', { hostPath: { path: '/' } }, { nodeName }, { readOnly: true }),
    );
    await space.pod(
      'host-wrong',
      withVolume('true', { hostPath: { path: `${dataDir}/host-test`, type: 'File' } }, { nodeName }),
    );
    expect(await space.said('host-file')).toBe('x\n');
    expect(await space.said('host-sub')).toBe('made\n');
    expect(await space.said('host-all')).toBe('/v/etc/hostname\n');
    await patient(
      () => space.events('host-wrong'),
      (list) => list.some((e) => /hostPath type check failed: .* is not a file/.test(e['message'])),
    );
  });
});

describe('sub-paths', () => {
  each([
    ['configmap', { configMap: { name: 'config' } }, 'data-1'],
    ['secret', { secret: { secretName: 'secret' } }, 'data-1'],
    ['projected', { projected: { sources: [{ configMap: { name: 'config' } }] } }, 'data-1'],
    [
      'downward',
      { downwardAPI: { items: [{ path: 'downward/name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      'downward/name',
    ],
  ])('of %s volumes, also over a file of the image', async (name, volume, subPath) => {
    const expected = name === 'downward' ? 'sub-downward' : 'value-1';
    await space.pod(`sub-${name}`, withVolume('cat /v', volume as Spec, {}, { subPath: subPath! }));
    const over = withVolume('cat /etc/group', volume as Spec);
    over['containers'][0].volumeMounts = [mount('v', '/etc/group', { subPath })];
    await space.pod(`over-${name}`, over);
    expect(await space.said(`sub-${name}`)).toBe(expected);
    expect(await space.said(`over-${name}`)).toContain(name === 'downward' ? 'over-downward' : expected);
  });

  scenario('subPathExpr is expanded, refused when it leads out, and mended by an annotation', async () => {
    const expr = (name: string, env: Spec[], subPathExpr: string, script = 'echo x > /v/f; ls -d /all/*/*') => {
      const pod = withVolume(script, { emptyDir: {} });
      pod['containers'][0].env = env;
      pod['containers'][0].volumeMounts = [mount('v', '/v', { subPathExpr }), mount('v', '/all')];
      return space.pod(name, pod, { annotations: { mysubpath: name === 'expr-mended' ? '../out' : 'foo' } });
    };
    const podName = { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
    const annotation = {
      name: 'ANNOTATION',
      valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } },
    };
    await expr('expr-good', [podName, annotation], '$(ANNOTATION)/$(POD_NAME)');
    await expr('expr-out', [{ name: 'P', value: '..' }], '$(P)');
    await expr('expr-absolute', [{ name: 'P', value: '/tmp' }], '$(P)');
    await expr('expr-mended', [annotation], '$(ANNOTATION)', 'echo mended');
    expect(await space.said('expr-good')).toContain('/all/foo/expr-good');
    for (const name of ['expr-out', 'expr-absolute', 'expr-mended']) {
      await space.until(
        name,
        (p) => p['status'].containerStatuses?.[0].state.waiting?.reason === 'CreateContainerConfigError',
      );
    }
    await space.api.patch(space.path('pods', 'expr-mended'), { metadata: { annotations: { mysubpath: 'good' } } });
    expect(await space.said('expr-mended')).toBe('mended\n');
  });

  scenario('of an emptyDir, read-only, shared between containers', async () => {
    await space.pod('sub-empty', {
      initContainers: [sh('echo x > /v/f', { name: 'i', volumeMounts: [mount('v', '/v', { subPath: 'a/b' })] })],
      containers: [
        sh('cat /v/a/b/f; touch /r/x 2>/dev/null || echo ro', {
          volumeMounts: [mount('v', '/v'), mount('v', '/r', { subPath: 'a', readOnly: true })],
        }),
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    expect(await space.said('sub-empty')).toBe('x\nro\n');
  });
});

describe('names', () => {
  scenario('a volume kind that the node does not have is said, not ignored', async () => {
    await space.pod('nfs', withVolume('true', { nfs: { server: 'a', path: '/' } }));
    await patient(
      () => space.events('nfs'),
      (list) => list.some((e) => e['reason'] === 'FailedMount'),
    );
  });
});

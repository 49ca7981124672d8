import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { describe, expect, it } from 'vitest';
import { splitRule } from '../../../src/node/proxy/iptables.ts';
import { servicePorts } from '../../../src/node/proxy/model.ts';
import { chainsOf, jumps, restoreText } from '../../../src/node/proxy/rules.ts';

const service = (spec: Partial<Service['spec']>, name = 'web'): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
});
interface Given {
  ip: string;
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
  node?: string;
}
const slice = (endpoints: Given[], name = 'web'): EndpointSlice => ({
  addressType: 'IPv4',
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints.map(({ ip, node = 'node-1', ready = true, serving = ready, terminating = false }) => ({
    addresses: [ip],
    nodeName: node,
    conditions: { ready, serving, terminating },
  })),
});
const rules = (services: Service[], slices: EndpointSlice[], staleChains?: string[]): string =>
  restoreText({
    services: servicePorts(services, slices, 'node-1'),
    clusterCidr: '10.244.0.0/16',
    podCidr: '10.244.0.0/24',
    ...(staleChains ? { staleChains } : {}),
  });
const lines = (text: string, part: string): string[] => text.split('\n').filter((line) => line.includes(part));

describe('service rules', () => {
  it('names chains as kube-proxy does', () => {
    // Upstream's proxier_test.go: default/kubernetes:https over TCP.
    const [port] = servicePorts(
      [
        {
          ...service({ ports: [{ name: 'https', port: 443 }] }),
          metadata: { name: 'kubernetes', namespace: 'default' },
        },
      ],
      [],
      'n',
    );
    expect(chainsOf(port!).cluster).toBe('KUBE-SVC-NPX46M4PTMTKRN6Y');
  });

  it('balances over ready endpoints only', () => {
    const text = rules(
      [service({})],
      [slice([{ ip: '10.244.0.5' }, { ip: '10.244.1.6', node: 'node-2' }, { ip: '10.244.0.7', ready: false }])],
    );
    const choice = lines(text, '-j KUBE-SEP-');
    expect(choice).toHaveLength(2);
    expect(choice[0]).toMatch(/10\.244\.0\.5:8080" -m statistic --mode random --probability 0\.5000000000 -j/);
    expect(choice[1]).not.toContain('statistic');
    expect(text).not.toContain('10.244.0.7');
    expect(lines(text, 'DNAT')).toEqual([
      expect.stringMatching(/-m tcp -p tcp -j DNAT --to-destination 10\.244\.0\.5:8080$/),
      expect.stringMatching(/--to-destination 10\.244\.1\.6:8080$/),
    ]);
  });

  it('falls back to endpoints that still serve while they terminate', () => {
    const text = rules(
      [service({})],
      [
        slice([
          { ip: '10.244.0.5', ready: false, serving: true, terminating: true },
          { ip: '10.244.0.6', ready: false },
        ]),
      ],
    );
    expect(lines(text, 'DNAT')).toHaveLength(1);
    expect(lines(text, 'DNAT')[0]).toContain('10.244.0.5:8080');
  });

  it('rejects what has no endpoints, cluster address and node port alike', () => {
    const text = rules([service({ type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] })], []);
    expect(lines(text, 'REJECT')).toEqual([
      '-A KUBE-SERVICES -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.20 --dport 80 -j REJECT',
      '-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT',
    ]);
    expect(text).not.toContain('KUBE-SVC-');
  });

  it('opens node ports, and keeps local-only ones local', () => {
    const spec = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] };
    const endpoints = [slice([{ ip: '10.244.0.5' }, { ip: '10.244.1.6', node: 'node-2' }])];
    const open = rules([service(spec)], endpoints);
    expect(lines(open, '-A KUBE-NODEPORTS')[0]).toMatch(/--dport 30080 -j KUBE-EXT-/);
    expect(lines(open, '-A KUBE-EXT-')).toHaveLength(2);
    const local = rules([service({ ...spec, externalTrafficPolicy: 'Local' })], endpoints);
    expect(lines(local, '-A KUBE-SVL-')).toEqual([expect.stringContaining('10.244.0.5:8080')]);
    expect(lines(local, '-A KUBE-EXT-').at(-1)).toMatch(/-j KUBE-SVL-/);
  });

  it('remembers clients with session affinity', () => {
    const text = rules(
      [service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })],
      [slice([{ ip: '10.244.0.5' }])],
    );
    expect(lines(text, '--rcheck --seconds 60 --reap')).toHaveLength(1);
    expect(lines(text, '--set -m tcp -p tcp -j DNAT')).toHaveLength(1);
  });

  it('leaves headless and external-name services alone', () => {
    const text = rules(
      [service({ clusterIP: 'None' }), service({ type: 'ExternalName', clusterIP: '' }, 'x')],
      [slice([{ ip: '10.244.0.5' }])],
    );
    expect(text).not.toContain('default/web');
  });

  it('deletes chains of services that are gone, never one in use', () => {
    const endpoints = [slice([{ ip: '10.244.0.5' }])];
    const used = chainsOf(servicePorts([service({})], endpoints, 'n')[0]!).cluster;
    const text = rules([service({})], endpoints, ['KUBE-SVC-GONE', used]);
    expect(lines(text, '-X ')).toEqual(['-X KUBE-SVC-GONE']);
    expect(lines(text, ':KUBE-SVC-GONE')).toHaveLength(1);
  });

  it('splits jumps as a shell does', () => {
    expect(splitRule(jumps[0]![2])).toEqual([
      '-m',
      'comment',
      '--comment',
      'kubernetes service portals',
      '-j',
      'KUBE-SERVICES',
    ]);
  });
});

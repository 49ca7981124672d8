// Rules are text that runs as root: what stands in services and slices stays a value in it.
import { expect, it } from 'vitest';
import { restoreText } from '../../../src/node/proxy/rules.ts';
import { servicePorts } from '../../../src/node/proxy/model.ts';

it('takes no text for an address', () => {
  const evil = '10.0.0.1 -j ACCEPT\n-A KUBE-SERVICES';
  const service = {
    metadata: { namespace: 'a', name: 's' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      externalIPs: [evil, '192.0.2.1'],
      loadBalancerSourceRanges: [`${evil}/8`, '192.0.2.0/24'],
      ports: [{ port: 80 }],
    },
    status: { loadBalancer: { ingress: [{ ip: evil }, { ip: '192.0.2.2' }] } },
  };
  const slice = {
    metadata: { namespace: 'a', name: 'x', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [evil] }, { addresses: ['10.244.0.5'] }],
    ports: [{ port: 80 }],
  };
  const ports = servicePorts([service], [slice], 'n');
  const text = restoreText({ services: ports, clusterCidr: '10.244.0.0/16', podCidr: '10.244.0.0/24' });
  expect(text).not.toContain('10.0.0.1');
  for (const kept of ['192.0.2.1', '192.0.2.2', '192.0.2.0/24', '10.244.0.5']) expect(text).toContain(kept);
});

// Gives every node its range of pod addresses, once. The nodes themselves are the record: what they carry is taken,
// so a restart allocates nothing twice. Upstream: pkg/controller/nodeipam/ipam/range_allocator.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import { Nodes } from '../../api/resources.ts';
import { type ControllerContext, defineController } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { CidrSet } from './node/cidr.ts';
import { about } from './shared/objects.ts';

export const CLUSTER_CIDR = '10.244.0.0/16';
const NODE_BITS = 24;

const rangesOf = (node: Node): readonly string[] =>
  node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []);

function setup({ informers }: ControllerEnvironment) {
  const set = new CidrSet(CLUSTER_CIDR, NODE_BITS);
  // Given in this process, and perhaps not yet in the cache.
  const given = new Map<string, string>();
  informers.for(Nodes).addHandler({
    add: (node) => rangesOf(node).forEach((cidr) => set.occupy(cidr)),
    update: (node) => rangesOf(node).forEach((cidr) => set.occupy(cidr)),
    delete(node) {
      const name = node.metadata?.name ?? '';
      for (const cidr of new Set([...rangesOf(node), given.get(name)])) if (cidr) set.release(cidr);
      given.delete(name);
    },
  });
  return [
    defineController({
      name: 'node-ipam',
      for: Nodes,
      filter: (node) => rangesOf(node).length === 0,
      // One at a time, after the first list: every range in use is known before one is given.
      workers: 1,
      reconcile: (context, key) => allocate(context, key, set, given),
    }),
  ];
}

async function allocate(context: ControllerContext, name: string, set: CidrSet, given: Map<string, string>) {
  const { client, lister, events } = context;
  const node = lister(Nodes).get(name);
  if (!node || node.metadata?.deletionTimestamp || rangesOf(node).length > 0) return;
  const cidr = given.get(name) ?? set.allocate();
  if (cidr === undefined) {
    const message = `Node ${name} status is now: CIDRNotAvailable`;
    events.event(about(Nodes, node), 'Normal', 'CIDRNotAvailable', message);
    throw new Error('no pod address range is left');
  }
  given.set(name, cidr);
  // The uid keeps a range from a new node of that name which brings its own; a failure is tried with the same range.
  const patch = { metadata: { uid: node.metadata?.uid }, spec: { podCIDR: cidr, podCIDRs: [cidr] } };
  await client.patch(Nodes, { name }, 'strategic', patch);
}

export default defineControllerModule({ name: 'node-ipam', setup });

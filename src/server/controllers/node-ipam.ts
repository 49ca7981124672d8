// Gives every node its range of pod addresses, once. The nodes themselves are the record: what they carry is taken,
// so a restart allocates nothing twice. A node that none is left for is told so once, and gets the next one that comes free;
// upstream tries, and tells, again and again. Upstream: pkg/controller/nodeipam/ipam/range_allocator.go.
import type { Node } from 'kubernetes-types/core/v1.js';
import { Nodes } from '../../api/resources.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { CidrSet } from './node/cidr.ts';
import { about } from './shared/objects.ts';

export const CLUSTER_CIDR = '10.244.0.0/16';
const NODE_BITS = 24;

const rangesOf = (node: Node): readonly string[] =>
  node.spec?.podCIDRs ?? (node.spec?.podCIDR ? [node.spec.podCIDR] : []);

interface Ranges {
  set: CidrSet;
  /** Given in this process, and perhaps not yet in the cache. */
  given: Map<string, string>;
  /** Uids by name of nodes that were told that no range is left. */
  told: Map<string, string>;
}

function setup({ informers }: ControllerEnvironment) {
  const set = new CidrSet(CLUSTER_CIDR, NODE_BITS);
  const given = new Map<string, string>();
  const told = new Map<string, string>();
  informers.for(Nodes).addHandler({
    add: (node) => rangesOf(node).forEach((cidr) => set.occupy(cidr)),
    update: (node) => rangesOf(node).forEach((cidr) => set.occupy(cidr)),
    delete(node) {
      const name = node.metadata?.name ?? '';
      for (const cidr of new Set([...rangesOf(node), given.get(name)])) if (cidr) set.release(cidr);
      given.delete(name);
      told.delete(name);
    },
  });
  return [
    defineController({
      name: 'node-ipam',
      for: Nodes,
      filter: (node) => rangesOf(node).length === 0,
      // One at a time, after the first list: every range in use is known before one is given.
      workers: 1,
      watches: [watch(Nodes, (node, old, { lister }) => (isGone(node, old, lister) ? [...told.keys()] : []))],
      reconcile: (context, key) => allocate(context, key, { set, given, told }),
    }),
  ];
}

/** Watches tell of an addition and of a removal alike. */
const isGone = (node: Node, old: Node | undefined, lister: ControllerContext['lister']): boolean =>
  !old && lister(Nodes).get(node.metadata?.name ?? '') === undefined;

async function allocate(context: ControllerContext, name: string, { set, given, told }: Ranges) {
  const { client, lister, events, log } = context;
  const node = lister(Nodes).get(name);
  if (!node || node.metadata?.deletionTimestamp || rangesOf(node).length > 0) return;
  const cidr = given.get(name) ?? set.allocate();
  if (cidr === undefined) {
    const uid = node.metadata?.uid ?? '';
    if (told.get(name) === uid) return;
    told.set(name, uid);
    const message = `Node ${name} status is now: CIDRNotAvailable`;
    events.event(about(Nodes, node), 'Normal', 'CIDRNotAvailable', message);
    log.warn({ node: name, range: CLUSTER_CIDR }, 'no pod address range is left');
    return;
  }
  told.delete(name);
  given.set(name, cidr);
  // The uid keeps a range from a new node of that name which brings its own; a failure is tried with the same range.
  const patch = { metadata: { uid: node.metadata?.uid }, spec: { podCIDR: cidr, podCIDRs: [cidr] } };
  await client.patch(Nodes, { name }, 'strategic', patch);
}

export default defineControllerModule({ name: 'node-ipam', setup });

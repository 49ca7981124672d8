// What the allocator of node ports keeps in the store: one key per port, written and deleted in the transaction of the
// service that has it, so that two can never hold one and a lost service never leaks one. Outside of /registry/, where
// the watch cache does not look. Addresses have objects of their own (ip-address.ts).
import type { HookContext } from '../types.ts';

export const NODE_PORTS = '/allocations/service-node-ports/';

const owner = ({ namespace, name }: HookContext): Uint8Array => Buffer.from(`${namespace}/${name}`);

/** Who holds it; undefined: nobody. */
export async function holder(context: HookContext, key: string): Promise<string | undefined> {
  const held = await context.readKey(key);
  return held && Buffer.from(held.value).toString('utf8');
}

export function take(context: HookContext, key: string): void {
  if (context.dryRun) return;
  context.addToTransaction([{ key, modRevision: 0 }], [{ put: { key, value: owner(context) } }]);
}

/** Only the record that is this object's own. */
export async function release(context: HookContext, key: string): Promise<void> {
  if (context.dryRun) return;
  const held = await context.readKey(key);
  if (!held || Buffer.from(held.value).toString('utf8') !== `${context.namespace}/${context.name}`) return;
  context.addToTransaction([{ key, modRevision: held.modRevision }], [{ delete: { key } }]);
}

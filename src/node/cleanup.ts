// Removes what node daemons put into this machine's (or network namespace's) kernel: rules, the tunnel and its routes.
// They stay when a daemon stops, because connections outlive it; `down` is what removes them.
import { cleanupNetwork } from './network/network.ts';
import { systemIptables } from './proxy/iptables.ts';

export async function cleanupHost(): Promise<void> {
  await systemIptables().cleanup();
  await cleanupNetwork();
}

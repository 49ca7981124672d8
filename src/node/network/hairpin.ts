// Lets a pod reach itself through its own service: the bridge must send a packet back out of the port that it came in
// by, which it does only for ports in hairpin mode. Upstream: the kubelet's hairpin-veth, today the CNI bridge plug-in's.
// By `ip` and not by /sys, which shows the ports of the network namespace that it was mounted in, not of this process's.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Port {
  ifname: string;
  linkinfo?: { info_slave_data?: { hairpin?: boolean } };
}

/** All ports that the bridge has now; ports that vanish meanwhile do not matter. */
export async function hairpinPorts(bridge: string): Promise<void> {
  const { stdout } = await run('ip', ['-details', '-json', 'link', 'show', 'master', bridge]);
  const ports = JSON.parse(stdout || '[]') as Port[];
  const missing = ports.filter((port) => port.linkinfo?.info_slave_data?.hairpin === false);
  await Promise.all(
    missing.map(({ ifname }) =>
      run('ip', ['link', 'set', 'dev', ifname, 'type', 'bridge_slave', 'hairpin', 'on']).catch(() => undefined),
    ),
  );
}

// Lets a pod reach itself through its own service: the bridge must send a packet back out of the port that it came in
// by, which it does only for ports in hairpin mode. Upstream: the kubelet's hairpin-veth, today the CNI bridge plug-in's.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** All ports that the bridge has now; ports that vanish meanwhile do not matter. */
export async function hairpinPorts(bridge: string): Promise<void> {
  const folder = `/sys/class/net/${bridge}/brif`;
  const ports = await readdir(folder).catch(() => [] as string[]);
  await Promise.all(
    ports.map(async (port) => {
      const path = join(folder, port, 'hairpin_mode');
      const mode = await readFile(path, 'utf8').catch(() => '');
      if (mode.trim() === '0') await writeFile(path, '1').catch(() => undefined);
    }),
  );
}

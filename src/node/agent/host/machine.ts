// Facts about this machine out of /proc, /sys and /etc: capacity, identity, addresses, pressure. Reads only.
import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { type ResolverSettings, parseResolvConf } from '../dns-files.ts';

const readText = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

export interface MachineIdentity {
  machineId: string;
  systemUuid: string;
  bootId: string;
  osImage: string;
}

export async function machineIdentity(): Promise<MachineIdentity> {
  const release = await readText('/etc/os-release');
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? 'Linux';
  const machineId = await readText('/etc/machine-id');
  return {
    machineId,
    systemUuid: (await readText('/sys/class/dmi/id/product_uuid')) || machineId,
    bootId: await readText('/proc/sys/kernel/random/boot_id'),
    osImage: pretty,
  };
}

/** Bytes. */
export async function memory(): Promise<{ total: number; available: number }> {
  const text = await readText('/proc/meminfo');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { total: field('MemTotal'), available: field('MemAvailable') };
}

/** Bytes of the file system that holds a path; zeros when it cannot be asked. */
export async function disk(path: string): Promise<{ total: number; available: number }> {
  const stat = await statfs(path).catch(() => undefined);
  if (!stat) return { total: 0, available: 0 };
  return { total: stat.blocks * stat.bsize, available: stat.bavail * stat.bsize };
}

/** The IPv4 address of the interface of the default route; else of any interface that leads out. */
export async function defaultAddress(): Promise<string> {
  const interfaces = networkInterfaces();
  const addressOf = (name: string) => interfaces[name]?.find((a) => a.family === 'IPv4' && !a.internal)?.address;
  for (const line of (await readText('/proc/net/route')).split('\n').slice(1)) {
    const [name = '', destination, , flags] = line.split(/\s+/);
    const address = destination === '00000000' && Number(`0x${flags}`) & 1 ? addressOf(name) : undefined;
    if (address) return address;
  }
  for (const name of Object.keys(interfaces)) {
    const address = /^(docker|br-|sampan|veth|cni)/.test(name) ? undefined : addressOf(name);
    if (address) return address;
  }
  return '127.0.0.1';
}

/** A resolver on this machine's loopback is of no use inside pods: systemd-resolved's own list is. */
export async function resolverSettings(): Promise<ResolverSettings> {
  const settings = parseResolvConf(await readText('/etc/resolv.conf'));
  if (!settings.nameservers.every((server) => server.startsWith('127.'))) return settings;
  const behind = parseResolvConf(await readText('/run/systemd/resolve/resolv.conf'));
  return behind.nameservers.length > 0 ? behind : settings;
}

export const hostsFileText = async (): Promise<string> => {
  const text = await readText('/etc/hosts');
  return text === '' ? '' : `${text}\n`;
};

const CAP_SYS_RESOURCE = 24n;

/** What oom_score_adj may be set to: anything with the capability for it, else nothing below our own. */
export async function lowestOomScore(): Promise<number> {
  const capabilities = /^CapEff:\s+([0-9a-f]+)$/m.exec(await readText('/proc/self/status'))?.[1] ?? '0';
  if ((BigInt(`0x${capabilities}`) >> CAP_SYS_RESOURCE) & 1n) return -1000;
  return Number((await readText('/proc/self/oom_score_adj')) || 0);
}

/** Processor time that all processors have spent since the start, and when that was. */
export async function processorUse(): Promise<{ nanos: number; bootedAt: string }> {
  const text = await readText('/proc/stat');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '')
    .split(' ')
    .map(Number);
  const booted = Number(/^btime (\d+)$/m.exec(text)?.[1] ?? 0);
  // The kernel counts in hundredths of a second.
  return { nanos: (user + nice + system + irq + softirq) * 1e7, bootedAt: new Date(booted * 1000).toISOString() };
}

// Runs iptables: the only file of the proxy that does. Rules are written whole and atomically (per table) by
// iptables-restore; the jumps from the kernel's chains are put in once and looked after.
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { fixedChains, isServiceChain, jumps } from './rules.ts';

const run = promisify(execFile);

export interface Iptables {
  /** Applies `iptables-restore` text. Throws with iptables' own words and the line that it refused. */
  restore(text: string): Promise<void>;
  /** Chains of ours for single services that exist now, whoever made them. */
  serviceChains(): Promise<string[]>;
  /** Puts the jumps first in their chains where they are missing. */
  ensureJumps(): Promise<void>;
  /** False after somebody flushed the tables. */
  intact(): Promise<boolean>;
  /** Takes out everything of ours. */
  cleanup(): Promise<void>;
}

/** iptables waits for its lock: Docker and others write too. */
const WAIT = ['-w', '10'];

export function systemIptables(): Iptables {
  const restore = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn('iptables-restore', ['--noflush', ...WAIT], { stdio: ['pipe', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.stdin.on('error', () => {}); // the exit code tells
      child.on('close', (code) => {
        if (code === 0) return resolve();
        const line = /line:? (\d+)/.exec(stderr)?.[1];
        const refused = line ? `: ${text.split('\n')[Number(line) - 1] ?? ''}` : '';
        reject(new Error(`iptables-restore: ${stderr.trim().split('\n')[0] ?? `exit ${code}`}${refused}`));
      });
      child.stdin.end(text);
    });

  const save = async (table: string): Promise<string> =>
    (await run('iptables-save', ['-t', table], { maxBuffer: 256 * 1024 * 1024 })).stdout;

  const chains = async (table: string): Promise<string[]> =>
    [...(await save(table)).matchAll(/^:(\S+)/gm)].map((m) => m[1]!);

  const jumpExists = async (table: string, chain: string, rule: string[]): Promise<boolean> =>
    run('iptables', [...WAIT, '-t', table, '-C', chain, ...rule]).then(
      () => true,
      () => false,
    );

  return {
    restore,
    async serviceChains() {
      return (await chains('nat')).filter(isServiceChain);
    },
    async ensureJumps() {
      // Each goes first in its chain, so the last of the list is put in first: refusals stand before what lets pods pass.
      for (const [table, chain, rule] of [...jumps].reverse()) {
        const words = splitRule(rule);
        if (await jumpExists(table, chain, words)) continue;
        await run('iptables', [...WAIT, '-t', table, '-I', chain, '1', ...words]);
      }
    },
    async intact() {
      const rules = await save('nat');
      return rules.includes('\n:KUBE-SERVICES ') && /^-A (PREROUTING|OUTPUT) .*-j KUBE-SERVICES$/m.test(rules);
    },
    async cleanup() {
      for (const [table, chain, rule] of jumps) {
        const words = splitRule(rule);
        while (await jumpExists(table, chain, words))
          await run('iptables', [...WAIT, '-t', table, '-D', chain, ...words]);
      }
      for (const table of ['nat', 'filter'] as const) {
        const ours = (await chains(table)).filter((c) => isServiceChain(c) || fixedChains[table].includes(c));
        if (ours.length === 0) continue;
        const flush = ours.map((c) => `:${c} - [0:0]`);
        const remove = ours.map((c) => `-X ${c}`);
        await restore(`*${table}\n${[...flush, ...remove].join('\n')}\nCOMMIT\n`);
      }
    },
  };
}

/** Splits a rule at spaces outside of double quotes, as a shell would. */
export function splitRule(rule: string): string[] {
  return [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2]!);
}

/** Forgets UDP flows that still point at what is gone: without a new connection they would never be translated anew. */
export async function forgetUdpFlows(stale: readonly { address: string; endpoint?: string }[]): Promise<void> {
  for (const { address, endpoint } of stale) {
    const to = endpoint ? ['--dst-nat', endpoint] : [];
    // conntrack exits 1 when nothing matched.
    await run('conntrack', ['-D', '-p', 'udp', '--orig-dst', address, ...to]).catch(() => {});
  }
}

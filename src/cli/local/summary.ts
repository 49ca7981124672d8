// What `up` says at its end: what runs, where, and what to type next.
import { join, relative } from 'node:path';
import { onPath } from './machine.ts';

export interface Summary {
  wasRunning: boolean;
  server: string;
  nodes: number;
  docker: boolean;
  context: string;
  kubeconfig: string;
  dataDir: string;
  /** Where the example answers, and how this program is typed; absent when no example runs. */
  example?: { url: string; program: string };
}

export function summaryText(summary: Summary): string {
  const { nodes, docker, dataDir, example } = summary;
  const what = `${nodes} ${docker ? 'Docker' : 'simulated'} node${nodes === 1 ? '' : 's'}`;
  const lines = [
    summary.wasRunning ? 'The cluster was running already.' : 'The cluster is running.',
    '',
    `  API server   ${summary.server} (${what})`,
    `  Context      ${summary.context} in ${summary.kubeconfig}`,
    `  Data, logs   ${dataDir}, ${join(dataDir, 'log')}`,
  ];
  if (example) {
    lines.push(
      `  Example      ${example.url}/`,
      '',
      'Try next:',
      `  curl ${example.url}/cgi-bin/whoami`,
      `  ${example.program} get pods -A -o wide`,
      `  git clone ${join(dataDir, 'examples.git')} site   # change hello/index.html, commit, push, reload`,
    );
  }
  return lines.join('\n');
}

/** How a program can be typed in this folder: it need not be on the PATH. `path` is where it was started from. */
export function typed(program: string, path: string, cwd: string): string {
  if (onPath(program)) return program;
  const here = relative(cwd, path);
  return here.startsWith('..') ? path : `./${here}`;
}

// Attaching to a container's process, for attach, run and debug. Upstream: kubectl/pkg/cmd/attach/attach.go Run.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Pods } from '../api/resources.ts';
import { resourcePath } from '../api/types.ts';
import type { Cluster } from './cluster.ts';
import type { Io } from './io.ts';
import { findContainer } from './pods.ts';
import { checkRemoteStatus, localStreams } from './terminal.ts';

export interface AttachWishes {
  stdin: boolean;
  tty: boolean;
  quiet: boolean;
  program: string;
}

/** Resolves when the session ends; throws the remote command's exit code. */
export async function attachTo(
  io: Io,
  cluster: Cluster,
  pod: Pod,
  container: string,
  wishes: AttachWishes,
  signal: AbortSignal,
): Promise<void> {
  const say = (text: string): void => void (wishes.quiet || io.stderr.write(text));
  const hasTty = findContainer(pod, container)?.tty === true;
  if (wishes.tty && !hasTty) say(`error: Unable to use a TTY - container ${container} did not allocate one\n`);
  // A container with a terminal is always attached to as such.
  const streams = localStreams(io, { ...wishes, tty: hasTty, redraw: true });
  say("If you don't see a command prompt, try pressing enter.\n");
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const query = new URLSearchParams({ container });
  if (!streams.tty) query.set('stderr', 'true');
  if (wishes.stdin) query.set('stdin', 'true');
  query.set('stdout', 'true');
  if (streams.tty) query.set('tty', 'true');
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/attach?${query}`;
  const { runRemoteCommand } = await import('../wire/remote-command.ts');
  try {
    checkRemoteStatus(await runRemoteCommand(cluster.dialer, path, streams, signal));
  } finally {
    streams.restore();
  }
  if (wishes.quiet || !streams.tty || pod.spec?.restartPolicy !== 'Always') return;
  const again = `'${wishes.program} attach ${name} -c ${container} -i -t'`;
  const ephemeral = pod.spec.ephemeralContainers?.some((c) => c.name === container);
  io.stdout.write(
    ephemeral
      ? `Session ended, the ephemeral container will not be restarted but may be reattached using ${again} if it is still running\n`
      : `Session ended, resume using ${again} command when the pod is running\n`,
  );
}

/** What the container has written so far. Upstream: run.go, logOpts. */
export function logsOf(cluster: Cluster, { metadata }: Pod, container: string): Promise<string> {
  const { name = '', namespace } = metadata ?? {};
  return cluster.text('GET', resourcePath(Pods, { name, namespace, subresource: 'log' }), { query: { container } });
}

/** A container may have ended before anybody was there, or a proxy lets no streams through: its log is what is left. */
export async function attachOrRead(
  io: Io,
  cluster: Cluster,
  pod: Pod,
  container: string,
  wishes: AttachWishes,
  signal: AbortSignal,
): Promise<void> {
  try {
    await attachTo(io, cluster, pod, container, wishes, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const { message } = error as Error;
    io.stderr.write(
      `warning: couldn't attach to pod/${pod.metadata?.name}, falling back to streaming logs: ${message}\n`,
    );
    io.stdout.write(await logsOf(cluster, pod, container));
  }
}

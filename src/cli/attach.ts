// Attaching to a container's process, for attach, run and debug. Upstream: kubectl/pkg/cmd/attach/attach.go Run.
import type { Pod } from 'kubernetes-types/core/v1.js';
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

// `port-forward`: local listeners whose connections end in a pod. Upstream: kubectl/pkg/cmd/portforward,
// client-go/tools/portforward. Beyond upstream: --reconnect goes on with the pod that takes the place of one that went.
import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { StatusError } from '../api/status.ts';
import type { Unstructured } from '../api/types.ts';
import { CliError } from '../cli/errors.ts';
import { type ForwardedPort, numberedPorts, parsePort } from '../cli/forward-ports.ts';
import { flag } from '../cli/pflag.ts';
import { waitFor } from '../cli/wait/conditions.ts';
import type { PortForwardConnection } from '../wire/streams.ts';
import { PodCommand, podRunningTimeoutFlag, streamPath } from './_pod-target.ts';

/** Between attempts to find a pod again. */
const RETRY_MS = 500;

export default class PortForward extends PodCommand {
  static override summary = 'Forward one or more local ports to a pod';
  static description = `Use resource type/name such as deployment/mydeployment to select a pod. Resource type defaults to 'pod' if omitted.

If there are multiple pods matching the criteria, a pod will be selected automatically. The forwarding session ends when the selected pod terminates, and a rerun of the command is needed to resume forwarding.`;
  static examples = `# Listen on ports 5000 and 6000 locally, forwarding data to/from ports 5000 and 6000 in the pod
{program} port-forward pod/mypod 5000 6000

# Listen on ports 5000 and 6000 locally, forwarding data to/from ports 5000 and 6000 in a pod selected by the deployment
{program} port-forward deployment/mydeployment 5000 6000

# Listen on port 8443 locally, forwarding to the targetPort of the service's port named "https" in a pod selected by the service
{program} port-forward service/myservice 8443:https

# Listen on port 8888 locally, forwarding to 5000 in the pod
{program} port-forward pod/mypod 8888:5000

# Listen on port 8888 on all addresses, forwarding to 5000 in the pod
{program} port-forward --address 0.0.0.0 pod/mypod 8888:5000

# Listen on a random port locally, forwarding to 5000 in the pod
{program} port-forward pod/mypod :5000

# Go on through rollouts and deletions of pods
{program} port-forward --reconnect deployment/mydeployment 5000`;
  static override usage = 'TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]';
  static override flags = {
    address: flag.slice(
      'Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value. When localhost is supplied, kubectl will try to bind on both 127.0.0.1 and ::1 and will fail if neither of these addresses are available to bind.',
      { default: ['localhost'] },
    ),
    ...podRunningTimeoutFlag,
    reconnect: flag.bool(
      'Connect anew when the connection is lost, to the pod that has taken the place of one that went. Connections that come meanwhile wait.',
      { own: true },
    ),
  };

  /** Where connections go: pending while there is no pod to go to. */
  private link!: Promise<PortForwardConnection>;

  async run(): Promise<void> {
    const { flags, args } = this.parse(PortForward);
    if (args.length < 2) {
      this.usageError('TYPE/NAME and list of ports are required for port-forward');
    }
    this.checkTimeout(flags['pod-running-timeout']);
    const object = await this.namedObject(args[0]);
    const pod = await this.podOf(object, flags['pod-running-timeout']);
    const numbered = numberedPorts(args.slice(1), object, pod);
    if (pod.status?.phase !== 'Running') {
      throw new CliError(`unable to forward port because pod is not running. Current status=${pod.status?.phase}`);
    }
    const ports = numbered.map(parsePort);
    // SIGINT is how forwarding ends: upstream answers 0 then.
    this.context.interrupts.ends = true;
    const connection = await this.dial(pod).catch((error: Error) => {
      throw new CliError(`error upgrading connection: ${error.message}`);
    });
    this.link = Promise.resolve(connection);
    const servers: Server[] = [];
    try {
      for (const port of ports) servers.push(...(await this.listen(port, flags.address)));
      if (servers.length === 0) {
        const tried = ports.map((p) => `{${p.local} ${p.remote}}`).join(' ');
        throw new CliError(`unable to listen on any of the requested ports: [${tried}]`);
      }
      if (flags.reconnect) await this.keepConnected(args, ports, pod, connection);
      else {
        await Promise.race([connection.closed, aborted(this.context.signal)]);
        if (!this.context.signal.aborted) throw new CliError('lost connection to pod');
      }
    } finally {
      for (const server of servers) server.close();
      void this.link.then((c) => c.close()).catch(() => undefined);
    }
  }

  private async dial(pod: Pod): Promise<PortForwardConnection> {
    const { dialPortForward } = await import('../wire/port-forward.ts');
    return dialPortForward((await this.cluster()).dialer, streamPath(pod, 'portforward', []));
  }

  /** Until it is interrupted: whenever the connection or its pod is lost, the next one is looked for. */
  private async keepConnected(
    args: readonly string[],
    ports: ForwardedPort[],
    firstPod: Pod,
    first: PortForwardConnection,
  ): Promise<void> {
    const { signal } = this.context;
    let [pod, connection] = [firstPod, first];
    while (!signal.aborted) {
      const gone = new AbortController();
      const end = Promise.race([connection.closed, this.podGone(pod, gone.signal), aborted(signal)]);
      await end.finally(() => gone.abort());
      connection.close();
      if (signal.aborted) return;
      this.err(`Lost connection to pod/${pod.metadata?.name}, connecting anew\n`);
      const next = this.nextPod(args, ports);
      this.link = next.then((n) => n.connection);
      this.link.catch(() => undefined);
      const found = await next.catch(() => undefined);
      if (!found) return;
      ({ pod, connection } = found);
      this.err(`Connected to pod/${pod.metadata?.name}\n`);
    }
  }

  /** The pod that the arguments mean now, once there is one that runs. Rejects when the command is interrupted. */
  private async nextPod(
    args: readonly string[],
    ports: ForwardedPort[],
  ): Promise<{ pod: Pod; connection: PortForwardConnection }> {
    const { signal } = this.context;
    while (!signal.aborted) {
      try {
        const object = await this.namedObject(args[0]);
        const pod = await this.podOf(object, RETRY_MS);
        if (pod.status?.phase === 'Running' && !pod.metadata?.deletionTimestamp) {
          const parsed = numberedPorts(args.slice(1), object, pod).map(parsePort);
          const connection = await this.dial(pod);
          for (const [i, port] of ports.entries()) port.remote = parsed[i]!.remote;
          return { pod, connection };
        }
      } catch (error) {
        if (error instanceof StatusError && ['Forbidden', 'Unauthorized'].includes(error.reason ?? '')) throw error;
      }
      await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, RETRY_MS))]);
    }
    throw new CliError('interrupted');
  }

  /** A connection may outlive its pod without being of use. */
  private async podGone(pod: Pod, signal: AbortSignal): Promise<void> {
    const cluster = await this.cluster();
    const mapping = await (await cluster.mapper()).resource('pods');
    const { name = '', namespace, uid } = pod.metadata ?? {};
    const isGone = (live: Unstructured | undefined): boolean =>
      live === undefined || live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined;
    const never = Number.MAX_SAFE_INTEGER;
    while (!signal.aborted) {
      const result = await waitFor(cluster, { mapping, namespace, name }, isGone, never, signal).catch(() => undefined);
      if (result?.done) return;
      await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, RETRY_MS))]);
    }
  }

  private async listen(port: ForwardedPort, addresses: readonly string[]): Promise<Server[]> {
    const servers: Server[] = [];
    const failures: string[] = [];
    let local = port.local;
    for (const address of bindAddresses(addresses)) {
      try {
        const server = await listenOn(address, local, (socket) => void this.forward(socket, local, port));
        local = (server.address() as { port: number }).port;
        servers.push(server);
        const shown = address.includes(':') ? `[${address}]` : address;
        this.out(`Forwarding from ${shown}:${local} -> ${port.remote}\n`);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }
    if (servers.length === 0) {
      this.err(
        `Unable to listen on port ${port.local}: Listeners failed to create with the following errors: [${failures.join(' ')}]\n`,
      );
    }
    return servers;
  }

  private async forward(socket: Socket, local: number, port: ForwardedPort): Promise<void> {
    this.out(`Handling connection for ${local}\n`);
    socket.on('error', () => socket.destroy());
    let { remote } = port;
    try {
      const connection = await this.link;
      ({ remote } = port);
      const stream = await connection.open(remote);
      stream.on('error', (error) => {
        this.err(`E portforward: an error occurred forwarding ${local} -> ${remote}: ${error.message}\n`);
        socket.destroy();
        // Upstream gives up the whole connection then: the pod is not what it was.
        connection.close();
      });
      socket.on('close', () => stream.destroy());
      stream.on('end', () => socket.end());
      socket.pipe(stream).pipe(socket);
    } catch (error) {
      this.err(
        `E portforward: error creating forwarding stream for ${local} -> ${remote}: ${(error as Error).message}\n`,
      );
      socket.destroy();
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** `localhost` is both loopback addresses; one of them is enough. */
function bindAddresses(names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const name of names) {
    if (name === 'localhost') found.add('127.0.0.1').add('::1');
    else if (isIP(name) !== 0) found.add(name);
    else throw new CliError(`${name} is not a valid IP`);
  }
  return [...found];
}

function listenOn(host: string, port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'address already in use' : error.message;
      const network = host.includes(':') ? `tcp6 [${host}]` : `tcp4 ${host}`;
      reject(new Error(`unable to create listener: Error listen ${network}:${port}: bind: ${why}`));
    });
    server.listen(port, host, () => resolve(server));
  });
}

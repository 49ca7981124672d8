// `node`: a node daemon in the foreground, on Docker Engine or simulated.
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { daemonClient, lifeOf, logFlags, noArguments } from '../cli/local/daemon.ts';
import { checkDataDir } from '../cli/local/preflight.ts';
import { flag } from '../cli/pflag.ts';

/** RFC 1123 subdomain: what the API server accepts as a name. */
const NODE_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export default class Node extends Command {
  static override summary = 'Run a node';
  static description = `Run a node in the foreground. A Docker node joins with the server's token (the file node.token of its data directory, which also says which authority to trust) or with a kubeconfig, and runs pods on this machine's Docker Engine. Simulated nodes need no Docker and no root; their pods become ready, succeed or fail by rules.`;
  static examples = `# Join this machine to a cluster
{program} node --server https://10.0.0.1:6443 --token "$(cat node.token)"

# Simulate 50 nodes
{program} node --runtime simulated --count 50 --kubeconfig admin.kubeconfig`;
  static override usage = '(--server URL --token TOKEN | --kubeconfig FILE) [--name NAME]';
  static override flags = {
    // --server, --token and --kubeconfig are global flags.
    'token-file': flag.string('File that holds the token.'),
    name: flag.string("The node's name. Default: the host's."),
    runtime: flag.string('What to run pods on: docker or simulated.', { default: 'docker' }),
    docker: flag.string('The Docker Engine.', { default: 'unix:///var/run/docker.sock' }),
    'data-dir': flag.string("Directory of the node's keys and its pods' volumes.", { default: '/var/lib/sampan' }),
    'node-ip': flag.string('Address at which others reach this node. Default: that of the default route.'),
    port: flag.uint16("Port of the node's own server.", { default: 10250 }),
    count: flag.int('How many nodes to simulate.', { default: 1 }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Node);
    noArguments(args);
    if (flags.name && !NODE_NAME.test(flags.name)) {
      throw new CliError(`invalid --name "${flags.name}": must be lower case letters, digits, "-" and "."`);
    }
    if (flags['node-ip'] && !isIPv4(flags['node-ip'])) {
      throw new CliError(`invalid --node-ip "${flags['node-ip']}": must be an IPv4 address`);
    }
    if (flags.runtime === 'simulated') return this.simulate(flags);
    if (flags.runtime !== 'docker') {
      throw new CliError(`invalid --runtime "${flags.runtime}": must be docker or simulated`);
    }
    if (!flags.docker.startsWith('unix://')) {
      throw new CliError(`invalid --docker "${flags.docker}": must be a socket, like unix:///var/run/docker.sock`);
    }
    const { server, kubeconfig } = this.context.globals;
    const token = flags['token-file'] ? readToken(flags['token-file']) : this.context.globals.token;
    if (!kubeconfig && !(server && token))
      throw new CliError('say which cluster to join: --server and --token, or --kubeconfig');
    if (!kubeconfig && !/^https:\/\/./.test(server)) {
      throw new CliError(`invalid --server "${server}": must be a URL, like https://10.0.0.1:6443`);
    }
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('node', flags['log-level']);
    const { signal } = this.context;
    const dataDir = resolve(flags['data-dir']);
    const join = async (): Promise<void> => {
      const { runNode } = await import('../node/node.ts');
      const node = await runNode({
        dataDir,
        dockerSocket: flags.docker.slice('unix://'.length),
        port: flags.port,
        ...(flags.name ? { nodeName: flags.name } : {}),
        ...(flags['node-ip'] ? { nodeIp: flags['node-ip'] } : {}),
        ...(kubeconfig ? { kubeconfig } : { server, token }),
        log,
        signal,
      });
      log.info({ node: node.nodeName, address: node.address, port: node.port }, 'joined');
      node.ready.then(
        () => log.info({ node: node.nodeName }, 'ready'),
        () => {},
      );
      await node.stopped;
    };
    if (process.getuid?.() === 0) checkDataDir(dataDir);
    await lifeOf(join, log, signal);
  }

  private async simulate(flags: { name: string; count: number; 'log-level': string }): Promise<void> {
    if (flags.count < 1 || flags.count > 10_000)
      throw new CliError(`invalid --count ${flags.count}: must be between 1 and 10000`);
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('node', flags['log-level']);
    const { client, close } = await daemonClient(this.context, 'sampan-node');
    const [{ runSimulatedNodes }, { systemClock }] = await Promise.all([
      import('../node/simulated/run.ts'),
      import('../client/clock.ts'),
    ]);
    const names = flags.name && flags.count === 1 ? { names: [flags.name] } : { count: flags.count };
    const { signal } = this.context;
    const onRegistered = () => log.info({ nodes: flags.count }, 'ready');
    const run = () => runSimulatedNodes({ client, ...names, clock: systemClock, log, signal, onRegistered });
    await lifeOf(run, log, signal);
    close();
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CliError(`cannot read --token-file ${path}: ${(error as Error).message}`);
  }
}

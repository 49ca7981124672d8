// `server`: the control plane in the foreground.
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Logger } from '../client/log.ts';
import type { Client } from '../client/rest.ts';
import { Command } from '../cli/base.ts';
import { CliError } from '../cli/errors.ts';
import { lifeOf, logFlags, noArguments, parseListen } from '../cli/local/daemon.ts';
import { flag } from '../cli/pflag.ts';

const COMPONENTS = ['apiserver', 'controllers', 'scheduler', 'gitops'] as const;
type Component = (typeof COMPONENTS)[number];

/** What a certificate can name: labels with dots between them, the first perhaps a wildcard. */
const HOST_NAME = /^(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i;

const GITOPS_USER = {
  name: 'system:serviceaccount:sampan-system:gitops',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:sampan-system', 'system:authenticated'],
};

/**
 * When a commit fails (the disk is full), lmdb also rejects promises that nobody holds. The writes that failed have been
 * answered by then, and reads go on: that is no reason to end. Anything else that nobody catches still is.
 */
function keepServing(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    if (!(reason instanceof Error)) throw reason;
    const cause = (reason as { commitError?: Promise<unknown> }).commitError;
    if (!cause && !/lmdb\/write\.js/.test(reason.stack ?? '')) throw reason;
    cause?.catch(() => undefined);
    log.error({ error: reason.message }, 'the store could not write; is the disk full?');
  });
}

export default class Server extends Command {
  static override summary = 'Run the control plane';
  static description = `Run the control plane in the foreground: the API server, its controllers and the scheduler.

The data directory holds the keys and, with the embedded store, the cluster. When the server is ready, it has written admin.kubeconfig and node.token there.`;
  static examples = `# Run a whole control plane on this machine
{program} server --data-dir ./data --listen 127.0.0.1:6443

# Run one API server of several on an etcd
{program} server --data-dir ./data --listen :6443 --store etcd=http://10.0.0.1:2379,http://10.0.0.2:2379

# Run the API server alone, with nothing kept on disk but its keys
{program} server --data-dir ./data --listen :6443 --store memory --components apiserver`;
  static override flags = {
    'data-dir': flag.string('Directory of keys and data. Made when absent.', { default: '/var/lib/sampan' }),
    listen: flag.string('Address to serve on, HOST:PORT. Port 0 is any free one.', { default: '0.0.0.0:6443' }),
    store: flag.string('Where the cluster is kept: lmdb (in the data directory), memory, or etcd=URL,...', {
      default: 'lmdb',
    }),
    components: flag.slice('What to run: apiserver, controllers, scheduler, gitops.', {
      default: ['apiserver', 'controllers', 'scheduler'],
    }),
    'advertise-address': flag.string(
      'Address at which nodes and pods reach this server. Default: that of the default route.',
    ),
    'service-cidr': flag.string('Addresses of services.', { default: '10.96.0.0/16' }),
    'tls-san': flag.slice('More names and addresses for the serving certificate.'),
    'disable-admission-plugins': flag.slice('Admission plug-ins to leave out, by their names in Kubernetes.'),
    'token-auth-file': flag.string('CSV file of static tokens: token,user,uid,"group1,group2".'),
    'requestheader-client-ca-file': flag.string(
      "PEM file of authorities of front proxies, which may say in headers who asks. They are believed beside the server's own.",
    ),
    'requestheader-allowed-names': flag.slice(
      'Common names of front proxies. With a file of authorities and no names, each of their certificates is one.',
    ),
    'requestheader-username-headers': flag.slice('Request headers to look for the user in.', {
      default: ['X-Remote-User'],
    }),
    'requestheader-uid-headers': flag.slice('Request headers to look for the UID in.', { default: ['X-Remote-Uid'] }),
    'requestheader-group-headers': flag.slice('Request headers to look for groups in.', {
      default: ['X-Remote-Group'],
    }),
    'requestheader-extra-headers-prefix': flag.slice('Prefixes of request headers to look for extra values in.', {
      default: ['X-Remote-Extra-'],
    }),
    ...logFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Server);
    noArguments(args);
    if (flags['advertise-address'] && isIP(flags['advertise-address']) === 0) {
      throw new CliError(`invalid --advertise-address "${flags['advertise-address']}": must be an IP address`);
    }
    for (const name of flags['tls-san']) {
      if (isIP(name) === 0 && !HOST_NAME.test(name)) {
        throw new CliError(`invalid --tls-san "${name}": must be a host name or an IP address`);
      }
    }
    const components = this.components(flags.components);
    const store = flags.store;
    if (store !== 'lmdb' && store !== 'memory' && !store.startsWith('etcd=')) {
      throw new CliError(`invalid --store "${store}": must be lmdb, memory, or etcd=URL[,URL]`);
    }
    const { daemonLog } = await import('../cli/local/log.ts');
    const log = await daemonLog('server', flags['log-level']);
    const { signal } = this.context;
    keepServing(log);
    const serve = async (): Promise<void> => {
      const { startServer } = await import('../server/server.ts');
      const { collectWhenIdle } = await import('../server/idle-memory.ts');
      const server = await startServer({
        dataDir: flags['data-dir'],
        store: store as 'lmdb' | 'memory' | `etcd=${string}`,
        listen: parseListen(flags.listen),
        components: components.filter((c) => c !== 'gitops'),
        serviceCidr: flags['service-cidr'],
        names: flags['tls-san'],
        ...(flags['advertise-address'] ? { advertiseAddress: flags['advertise-address'] } : {}),
        ...(flags['token-auth-file'] ? { tokenAuthFile: flags['token-auth-file'] } : {}),
        disableAdmission: flags['disable-admission-plugins'],
        requestHeader: {
          ...(flags['requestheader-client-ca-file'] ? { clientCaFile: flags['requestheader-client-ca-file'] } : {}),
          allowedNames: flags['requestheader-allowed-names'],
          usernameHeaders: flags['requestheader-username-headers'],
          uidHeaders: flags['requestheader-uid-headers'],
          groupHeaders: flags['requestheader-group-headers'],
          extraHeadersPrefix: flags['requestheader-extra-headers-prefix'],
        },
        log,
      });
      log.info({ url: server.url, kubeconfig: server.kubeconfigPath }, 'ready');
      const stopCollecting = collectWhenIdle(log);
      const gitops = components.includes('gitops')
        ? this.gitops(server.client(GITOPS_USER), flags['data-dir'], log)
        : undefined;
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await gitops;
      stopCollecting();
      await server.close();
    };
    await lifeOf(serve, log, signal);
  }

  private components(names: readonly string[]): Component[] {
    for (const name of names) {
      if (!(COMPONENTS as readonly string[]).includes(name)) {
        throw new CliError(`unknown component "${name}" in --components: must be among ${COMPONENTS.join(', ')}`);
      }
    }
    return names as Component[];
  }

  private async gitops(client: Client, dataDir: string, log: Logger): Promise<void> {
    const { runGitOps } = await import('../gitops/gitops.ts');
    await runGitOps({ client, cacheFolder: join(dataDir, 'git'), log, signal: this.context.signal });
  }
}

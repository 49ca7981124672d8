// `proxy`: a local port whose requests go to the API server with the user's credentials. Upstream:
// kubectl/pkg/cmd/proxy/proxy.go, kubectl/pkg/proxy/proxy_server.go.
import { statSync } from 'node:fs';
import { RE2JS } from 're2js';
import { Command } from '../cli/base.ts';
import { CliError, PlainError } from '../cli/errors.ts';
import { klog } from '../cli/klog.ts';
import type { Io } from '../cli/io.ts';
import { flag } from '../cli/pflag.ts';

const DEFAULT_PORT = 8001;

export default class Proxy extends Command {
  static override summary =
    'Creates a proxy server or application-level gateway between localhost and the Kubernetes API server. It also allows serving static content over specified HTTP path. All incoming data enters through one port and gets forwarded to the remote Kubernetes API server port, except for the path matching the static content path';
  static short = 'Run a proxy to the Kubernetes API server';
  static examples = `# To proxy all of the Kubernetes API and nothing else
{program} proxy --api-prefix=/

# To proxy only part of the Kubernetes API and also some static files
# You can get pods info with 'curl localhost:8001/api/v1/pods'
{program} proxy --www=/my/files --www-prefix=/static/ --api-prefix=/api/

# To proxy the entire Kubernetes API at a different root
# You can get pods info with 'curl localhost:8001/custom/api/v1/pods'
{program} proxy --api-prefix=/custom/

# Run a proxy to the Kubernetes API server on port 8011, serving static content from ./local/www/
{program} proxy --port=8011 --www=./local/www/

# Run a proxy to the Kubernetes API server on an arbitrary local port
# The chosen port for the server will be output to stdout
{program} proxy --port=0

# Serve the API under /k8s-api: the pods are at localhost:8001/k8s-api/v1/pods/
{program} proxy --api-prefix=/k8s-api`;
  static override usage = '[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]';
  static override flags = {
    'accept-hosts': flag.string('Regular expression for hosts that the proxy should accept.', {
      default: String.raw`^localhost$,^127\.0\.0\.1$,^\[::1\]$`,
    }),
    'accept-paths': flag.string('Regular expression for paths that the proxy should accept.', { default: '^.*' }),
    address: flag.string('The IP address on which to serve on.', { default: '127.0.0.1' }),
    'api-prefix': flag.string('Prefix to serve the proxied API under.', { default: '/' }),
    'append-server-path': flag.bool(
      'If true, enables automatic path appending of the kube context server path to each request.',
    ),
    'disable-filter': flag.bool(
      'If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.',
    ),
    keepalive: flag.duration(
      'keepalive specifies the keep-alive period for an active network connection. Set to 0 to disable keepalive.',
    ),
    port: flag.int('The port on which to run the proxy. Set to 0 to pick a random port.', {
      short: 'p',
      default: DEFAULT_PORT,
    }),
    'reject-methods': flag.string(
      "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH'). ",
      { default: '^$' },
    ),
    'reject-paths': flag.string(
      'Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.',
      { default: '^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach' },
    ),
    'unix-socket': flag.string('Unix socket on which to run the proxy.', { short: 'u' }),
    www: flag.string('Also serve static files from the given directory under the specified prefix.', { short: 'w' }),
    'www-prefix': flag.string('Prefix to serve static files under, if static file directory is specified.', {
      short: 'P',
      default: '/static/',
    }),
  };

  async run(): Promise<void> {
    const { flags } = this.parse(Proxy);
    const { port } = flags;
    const socket = flags['unix-socket'];
    if (port !== DEFAULT_PORT && socket) throw new CliError('cannot set --unix-socket and --port at the same time');
    if (flags['disable-filter'] && !socket) {
      const text = 'Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious';
      klog(this.io, 'W', 'proxy.go:177', text);
    }
    if (flags.www) this.checkFolder(flags.www);
    const cluster = await this.cluster();
    const { startProxy } = await import('../cli/api-proxy.ts');
    const proxy = await startProxy(cluster, {
      listen: socket ? { path: socket } : { host: flags.address, port },
      apiPrefix: withSlash(flags['api-prefix']),
      ...(flags.www ? { www: { folder: flags.www, prefix: withSlash(flags['www-prefix']) } } : {}),
      filter: flags['disable-filter']
        ? undefined
        : {
            acceptPaths: patterns(flags['accept-paths'], this.io),
            rejectPaths: patterns(flags['reject-paths'], this.io),
            acceptHosts: patterns(flags['accept-hosts'], this.io),
            rejectMethods: patterns(flags['reject-methods'], this.io),
          },
    });
    this.out(`Starting to serve on ${proxy.address}\n`);
    const { signal } = this.context;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    proxy.close();
  }

  private checkFolder(folder: string): void {
    const stat = statSync(folder, { throwIfNoEntry: false });
    const text = !stat
      ? `Failed to stat static file directory ${folder}: stat ${folder}: no such file or directory`
      : `Static file directory ${folder} is not a directory`;
    if (!stat?.isDirectory()) klog(this.io, 'W', stat ? 'proxy.go:202' : 'proxy.go:200', text);
  }
}

const withSlash = (prefix: string): string => (prefix.endsWith('/') ? prefix : `${prefix}/`);

/** Go's regular expressions. A pattern that is none ends the program as Go's klog.Fatalf does. */
function patterns(text: string, io: Io): RE2JS[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    try {
      return RE2JS.compile(part);
    } catch (error) {
      klog(io, 'F', 'proxy_server.go:83', `Error compiling re: ${(error as Error).message}`);
      throw new PlainError('', 255);
    }
  });
}

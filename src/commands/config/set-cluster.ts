// `config set-cluster`. Upstream: kubectl/pkg/cmd/config/set_cluster.go.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ClusterStanza } from '../../client/kubeconfig.ts';
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { ConfigCommand } from './_config.ts';

export default class SetCluster extends ConfigCommand {
  static override summary = 'Set a cluster entry in kubeconfig';
  static description =
    'Specifying a name that already exists will merge new fields on top of existing values for those fields.';
  static examples = `# Set only the server field on the e2e cluster entry without touching other values
{program} config set-cluster e2e --server=https://1.2.3.4

# Embed certificate authority data for the e2e cluster entry
{program} config set-cluster e2e --embed-certs --certificate-authority=~/.kube/e2e/kubernetes.ca.crt

# Disable cert checking for the e2e cluster entry
{program} config set-cluster e2e --insecure-skip-tls-verify=true

# Set the custom TLS server name to use for validation for the e2e cluster entry
{program} config set-cluster e2e --tls-server-name=my-cluster-name

# Set the proxy URL for the e2e cluster entry
{program} config set-cluster e2e --proxy-url=https://1.2.3.4`;
  static override usage =
    'NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]';
  static override flags = {
    'certificate-authority': flag.string('Path to certificate-authority file for the cluster entry in kubeconfig'),
    'embed-certs': flag.bool('embed-certs for the cluster entry in kubeconfig', { noOpt: 'true' }),
    'insecure-skip-tls-verify': flag.bool('insecure-skip-tls-verify for the cluster entry in kubeconfig', {
      noOpt: 'true',
    }),
    'proxy-url': flag.string('proxy-url for the cluster entry in kubeconfig'),
    server: flag.string('server for the cluster entry in kubeconfig'),
    'tls-server-name': flag.string('tls-server-name for the cluster entry in kubeconfig'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetCluster);
    const name = await this.oneArgument(args);
    const authority = flags['certificate-authority'];
    if (name === '') throw new CliError('you must specify a non-empty cluster name');
    if (flags['insecure-skip-tls-verify'] && authority) {
      throw new CliError('you cannot specify a certificate authority and insecure mode at the same time');
    }
    if (flags['embed-certs'] && !authority) throw new CliError('you must specify a --certificate-authority to embed');
    this.modify((config) => {
      const stanza: ClusterStanza = { ...config.clusters.get(name) };
      if (this.changed('server')) stanza.server = flags.server.replace(/\/+$/, '');
      if (this.changed('tls-server-name')) stanza['tls-server-name'] = flags['tls-server-name'];
      if (this.changed('insecure-skip-tls-verify')) {
        delete stanza['insecure-skip-tls-verify'];
        if (flags['insecure-skip-tls-verify']) {
          stanza['insecure-skip-tls-verify'] = true;
          delete stanza['certificate-authority'];
          delete stanza['certificate-authority-data'];
        }
      }
      if (this.changed('certificate-authority')) {
        delete stanza['certificate-authority-data'];
        delete stanza['certificate-authority'];
        delete stanza['insecure-skip-tls-verify'];
        if (flags['embed-certs']) {
          const data = embedded(authority, 'certificate-authority', this.io.cwd);
          // Go leaves an empty one out.
          if (data !== '') stanza['certificate-authority-data'] = data;
        } else stanza['certificate-authority'] = resolve(this.io.cwd, authority);
      }
      if (this.changed('proxy-url')) stanza['proxy-url'] = flags['proxy-url'];
      config.clusters.set(name, { ...stanza, server: stanza.server ?? '' });
    });
    this.out(`Cluster ${JSON.stringify(name)} set.\n`);
  }
}

/** A file's content in base64. */
export function embedded(path: string, flagName: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path)).toString('base64');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? `stat ${path}: no such file or directory` : (error as Error).message;
    throw new CliError(`could not stat ${flagName} file ${path}: ${why}`);
  }
}

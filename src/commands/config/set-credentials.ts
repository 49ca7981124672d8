// `config set-credentials`. Upstream: kubectl/pkg/cmd/config/set_credentials.go.
import { resolve } from 'node:path';
import type { UserStanza } from '../../client/kubeconfig.ts';
import { CliError } from '../../cli/errors.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { ConfigCommand } from './_config.ts';
import { embedded } from './set-cluster.ts';

const flags = {
  'embed-certs': flag.bool('Embed client cert/key for the user entry in kubeconfig', { noOpt: 'true' }),
  'exec-api-version': flag.string('API version of the exec credential plugin for the user entry in kubeconfig'),
  'exec-arg': flag.slice('New arguments for the exec credential plugin command for the user entry in kubeconfig'),
  'exec-command': flag.string('Command for the exec credential plugin for the user entry in kubeconfig'),
  'exec-env': flag.array("'key=value' environment values for the exec credential plugin"),
};

export default class SetCredentials extends ConfigCommand {
  static override summary = 'Set a user entry in kubeconfig';
  static description = `Specifying a name that already exists will merge new fields on top of existing values.

  Client-certificate flags:
  --client-certificate=certfile --client-key=keyfile

  Bearer token flags:
  --token=bearer_token

  Basic auth flags:
  --username=basic_user --password=basic_password

Bearer token and basic auth are mutually exclusive.`;
  static examples = `# Set only the "client-key" field on the "cluster-admin"
# entry, without touching other values
{program} config set-credentials cluster-admin --client-key=~/.kube/admin.key

# Set basic auth for the "cluster-admin" entry
{program} config set-credentials cluster-admin --username=admin --password=uXFGweU9l35qcif

# Embed client certificate data in the "cluster-admin" entry
{program} config set-credentials cluster-admin --client-certificate=~/.kube/admin.crt --embed-certs=true`;
  static override usage =
    'NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password]';
  static override flags = flags;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(SetCredentials);
    const name = await this.oneArgument(args);
    const { globals } = this.context;
    if (name === '') throw new CliError('you must specify a non-empty user name');
    const methods = [
      globals.token ? '--token' : '',
      globals.username || globals.password ? '--username/--password' : '',
    ];
    const used = methods.filter((m) => m !== '');
    if (used.length > 1) {
      throw new CliError(`you cannot specify more than one authentication method at the same time: ${used.join(', ')}`);
    }
    if (opts['embed-certs'] && !globals['client-certificate'] && !globals['client-key']) {
      throw new CliError('you must specify a --client-certificate or --client-key to embed');
    }
    this.modify((config) => {
      config.users.set(name, this.changedStanza({ ...config.users.get(name) }, opts));
    });
    this.out(`User ${JSON.stringify(name)} set.\n`);
  }

  private changedStanza(stanza: UserStanza, opts: FlagValues<typeof flags>): UserStanza {
    const { globals } = this.context;
    for (const field of ['client-certificate', 'client-key'] as const) {
      if (!this.changed(field)) continue;
      delete stanza[field];
      delete stanza[`${field}-data`];
      if (opts['embed-certs']) stanza[`${field}-data`] = embedded(globals[field], field, this.io.cwd);
      else stanza[field] = resolve(this.io.cwd, globals[field]);
    }
    if (this.changed('token')) {
      stanza.token = globals.token;
      delete stanza.username;
      delete stanza.password;
    }
    for (const field of ['username', 'password'] as const) {
      if (!this.changed(field)) continue;
      stanza[field] = globals[field];
      delete stanza.token;
    }
    if (this.changed('exec-command') || this.changed('exec-api-version') || this.changed('exec-arg')) {
      const exec = stanza.exec ?? { apiVersion: '', command: '' };
      stanza.exec = {
        ...exec,
        ...(this.changed('exec-command') ? { command: opts['exec-command'] } : {}),
        ...(this.changed('exec-api-version') ? { apiVersion: opts['exec-api-version'] } : {}),
        ...(this.changed('exec-arg') ? { args: opts['exec-arg'] } : {}),
      };
    }
    if (this.changed('exec-env') && stanza.exec) {
      stanza.exec.env = opts['exec-env'].map((pair) => {
        const at = pair.indexOf('=');
        return { name: pair.slice(0, at), value: pair.slice(at + 1) };
      });
    }
    return stanza;
  }
}

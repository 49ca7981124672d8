// `config set-credentials`. Upstream: kubectl/pkg/cmd/config/set_credentials.go.
import { resolve } from 'node:path';
import type { UserStanza } from '../../client/kubeconfig.ts';
import type { ExecConfig } from '../../client/transport/config.ts';
import { CliError } from '../../cli/errors.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { ConfigCommand } from './_config.ts';
import { embedded } from './set-cluster.ts';

const flags = {
  'auth-provider': flag.string('Auth provider for the user entry in kubeconfig'),
  'auth-provider-arg': flag.slice("'key=value' arguments for the auth provider"),
  'client-certificate': flag.string('Path to client-certificate file for the user entry in kubeconfig'),
  'client-key': flag.string('Path to client-key file for the user entry in kubeconfig'),
  'embed-certs': flag.bool('Embed client cert/key for the user entry in kubeconfig', { noOpt: 'true' }),
  'exec-api-version': flag.string('API version of the exec credential plugin for the user entry in kubeconfig'),
  'exec-arg': flag.slice('New arguments for the exec credential plugin command for the user entry in kubeconfig'),
  'exec-command': flag.string('Command for the exec credential plugin for the user entry in kubeconfig'),
  'exec-env': flag.array("'key=value' environment values for the exec credential plugin"),
  'exec-interactive-mode': flag.string(
    'InteractiveMode of the exec credentials plugin for the user entry in kubeconfig',
  ),
  'exec-provide-cluster-info': flag.bool(
    'ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig',
    { noOpt: 'true' },
  ),
  password: flag.string('password for the user entry in kubeconfig'),
  token: flag.string('token for the user entry in kubeconfig'),
  username: flag.string('username for the user entry in kubeconfig'),
};

const interactiveModes = ['IfAvailable', 'Never', 'Always'];

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
{program} config set-credentials cluster-admin --client-certificate=~/.kube/admin.crt --embed-certs=true

# The auth provider of Google Compute Platform
{program} config set-credentials cluster-admin --auth-provider=gcp

# OpenID Connect with further arguments
{program} config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-id=foo --auth-provider-arg=client-secret=bar

# Take an argument of the provider away
{program} config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-secret-

# A program that gives credentials
{program} config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1

# The same, and it may ask the user
{program} config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1 --exec-interactive-mode=Always

# The program's arguments
{program} config set-credentials cluster-admin --exec-arg=arg1 --exec-arg=arg2

# The program's environment variables
{program} config set-credentials cluster-admin --exec-env=key1=val1 --exec-env=key2=val2

# Take one of them away
{program} config set-credentials cluster-admin --exec-env=var-to-remove-`;
  static override usage =
    'NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password]';
  static override flags = flags;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(SetCredentials);
    const name = await this.oneArgument(args);
    if (name === '') throw new CliError('you must specify a non-empty user name');
    const methods = [opts.token ? '--token' : '', opts.username || opts.password ? '--username/--password' : ''];
    const used = methods.filter((m) => m !== '');
    if (used.length > 1) {
      throw new CliError(`you cannot specify more than one authentication method at the same time: ${used.join(', ')}`);
    }
    if (opts['embed-certs'] && !opts['client-certificate'] && !opts['client-key']) {
      throw new CliError('you must specify a --client-certificate or --client-key to embed');
    }
    const mode = opts['exec-interactive-mode'];
    if (mode !== '' && !interactiveModes.includes(mode)) {
      throw new CliError(`invalid interactive mode type, can be only ${interactiveModes.join(', ')}`);
    }
    const edits = {
      provider: this.pairs('auth-provider-arg', opts['auth-provider-arg']),
      env: this.pairs('exec-env', opts['exec-env']),
    };
    this.modify((config) => {
      config.users.set(name, this.changedStanza({ ...config.users.get(name) }, opts, edits));
    });
    this.out(`User ${JSON.stringify(name)} set.\n`);
  }

  private changedStanza(
    stanza: UserStanza,
    opts: FlagValues<typeof flags>,
    edits: { provider: Edits; env: Edits },
  ): UserStanza {
    for (const field of ['client-certificate', 'client-key'] as const) {
      if (!this.changed(field)) continue;
      delete stanza[field];
      delete stanza[`${field}-data`];
      const data = opts['embed-certs'] ? embedded(opts[field], field, this.io.cwd) : undefined;
      // Go leaves an empty one out.
      if (data) stanza[`${field}-data`] = data;
      else if (data === undefined) stanza[field] = resolve(this.io.cwd, opts[field]);
    }
    if (this.changed('token')) {
      stanza.token = opts.token;
      delete stanza.username;
      delete stanza.password;
    }
    for (const field of ['username', 'password'] as const) {
      if (!this.changed(field)) continue;
      stanza[field] = opts[field];
      delete stanza.token;
    }
    const provider = changedProvider(
      stanza['auth-provider'],
      this.changed('auth-provider') ? opts['auth-provider'] : undefined,
      edits.provider,
    );
    if (provider) stanza['auth-provider'] = provider;
    const exec = this.changedExec(stanza.exec, opts, edits.env);
    if (exec) stanza.exec = exec;
    return stanza;
  }

  /** Without a command there is nothing that the other flags could change. */
  private changedExec(
    exec: ExecConfig | undefined,
    opts: FlagValues<typeof flags>,
    env: Edits,
  ): ExecConfig | undefined {
    const command = this.changed('exec-command') ? opts['exec-command'] : undefined;
    // A command has no arguments but those that are given with it.
    const before = command === undefined ? exec : { ...exec, command, args: undefined };
    if (!before) return undefined;
    const next = { provideClusterInfo: false, ...before } as ExecConfig;
    if (this.changed('exec-api-version')) next.apiVersion = opts['exec-api-version'];
    if (this.changed('exec-arg')) next.args = opts['exec-arg'];
    if (this.changed('exec-interactive-mode')) next.interactiveMode = opts['exec-interactive-mode'] as never;
    if (this.changed('exec-provide-cluster-info')) next.provideClusterInfo = opts['exec-provide-cluster-info'];
    const variables = (next.env ?? []).filter((v) => !env.remove.includes(v.name)).map((v) => ({ ...v }));
    for (const [name, value] of env.set) {
      const there = variables.find((v) => v.name === name);
      if (there) there.value = value;
      else variables.push({ name, value });
    }
    if (variables.length > 0 || next.env) next.env = variables;
    return next;
  }

  /** `name=value` sets, `name-` removes. */
  private pairs(flagName: string, specs: readonly string[]): Edits {
    const set = new Map<string, string>();
    const remove: string[] = [];
    for (const spec of specs) {
      const at = spec.indexOf('=');
      if (at > 0) set.set(spec.slice(0, at), spec.slice(at + 1));
      else if (spec.endsWith('-')) remove.push(spec.slice(0, -1));
      else throw new CliError(`invalid ${flagName} format: ${spec}`);
    }
    return { set, remove };
  }
}

interface Edits {
  set: ReadonlyMap<string, string>;
  remove: readonly string[];
}

function changedProvider(before: unknown, name: string | undefined, edits: Edits): AuthProvider | undefined {
  const old = before as AuthProvider | undefined;
  const provider = name !== undefined && old?.name !== name ? { name } : old;
  if (!provider) return undefined;
  const config = Object.entries(provider.config ?? {}).filter(([key]) => !edits.remove.includes(key));
  return { ...provider, config: { ...Object.fromEntries(config), ...Object.fromEntries(edits.set) } };
}

interface AuthProvider {
  name: string;
  config?: Record<string, string>;
}

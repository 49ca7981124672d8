// `config view`: the merged settings without their secrets. Upstream: kubectl/pkg/cmd/config/view.go,
// client-go/tools/clientcmd/api/helpers.go.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Unstructured } from '../../api/types.ts';
import type { KubeConfig } from '../../client/kubeconfig.ts';
import { formOf, STANZAS } from '../../client/kubeconfig-shape.ts';
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { ConfigCommand } from './_config.ts';

type Stanza = Record<string, unknown>;

export default class ConfigView extends ConfigCommand {
  static override summary = 'Display merged kubeconfig settings or a specified kubeconfig file';
  static description = 'You can use --output jsonpath={...} to extract specific values using a jsonpath expression.';
  static examples = `# Show merged kubeconfig settings
{program} config view

# Show merged kubeconfig settings, raw certificate data, and exposed secrets
{program} config view --raw

# Get the password for the e2e user
{program} config view -o jsonpath='{.users[?(@.name == "e2e")].user.password}'`;
  static override flags = {
    flatten: flag.bool(
      'Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)',
    ),
    merge: flag.bool('Merge the full hierarchy of kubeconfig files', { default: true }),
    minify: flag.bool('Remove all information not used by current-context from the output'),
    ...printFlags,
    output: flag.string(
      'Output format. One of: (json, yaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).',
      { short: 'o', default: 'yaml' },
    ),
    raw: flag.bool('Display raw byte data and sensitive data'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(ConfigView);
    if (args.length > 0) this.usageError(`unexpected arguments: [${args.join(' ')}]`);
    if (!flags.merge && !this.explicitFile) throw new CliError('if merge==false a precise file must be specified');
    let config = this.load();
    if (flags.minify) config = minified(config, this.context.globals.context || config.currentContext);
    const shown = documentOf(config, (section, name, stanza) => {
      const origin = config.origin.get(`${section}/${name}`);
      if (flags.flatten) return formOf(STANZAS[section], flattened(stanza, origin));
      return formOf(STANZAS[section], flags.raw ? stanza : redacted(located(stanza, origin)));
    });
    // A template alone is a format, too; the one of --output is only a default then.
    const output = flags.template && !this.changed('output') ? '' : flags.output;
    const print = await objectPrinter({ ...printOptionsOf(flags), output, typed: true, cwd: this.io.cwd });
    this.out(print(shown));
  }
}

function documentOf(
  config: KubeConfig,
  change: (section: keyof typeof STANZAS, name: string, stanza: Stanza) => Stanza,
): Unstructured {
  const entries = (section: 'clusters' | 'contexts' | 'users', field: string): unknown => {
    const list = [...(config[section] as Map<string, Stanza>)].sort(([a], [b]) => (a < b ? -1 : 1));
    return list.length === 0 ? null : list.map(([name, s]) => ({ name, [field]: change(section, name, s) }));
  };
  return {
    kind: 'Config',
    apiVersion: 'v1',
    preferences: config.preferences,
    clusters: entries('clusters', 'cluster'),
    users: entries('users', 'user'),
    contexts: entries('contexts', 'context'),
    'current-context': config.currentContext,
    ...(config.extensions.length > 0 ? { extensions: config.extensions } : {}),
  } as unknown as Unstructured;
}

function minified(config: KubeConfig, current: string): KubeConfig {
  if (current === '') throw new CliError('current-context must exist in order to minify');
  const context = config.contexts.get(current);
  if (!context) throw new CliError(`cannot locate context ${current}`);
  const only = <S>(map: Map<string, S>, name: string | undefined): Map<string, S> =>
    new Map([...map].filter(([key]) => key === name));
  return {
    ...config,
    currentContext: current,
    contexts: new Map([[current, context]]),
    clusters: only(config.clusters, context.cluster),
    users: only(config.users, context.user),
  };
}

const paths = ['certificate-authority', 'client-certificate', 'client-key'];

/** Paths as they would be read from here. */
function located(stanza: Stanza, origin: string | undefined): Stanza {
  const next = { ...stanza };
  for (const field of paths) {
    const path = next[field];
    if (typeof path === 'string' && origin && !isAbsolute(path)) next[field] = resolve(dirname(origin), path);
  }
  return next;
}

function redacted(stanza: Stanza): Stanza {
  const next = { ...stanza };
  for (const field of ['token', 'password']) if (next[field]) next[field] = 'REDACTED';
  for (const field of ['client-certificate-data', 'certificate-authority-data']) {
    if (next[field]) next[field] = 'DATA+OMITTED';
  }
  if (next['client-key-data']) next['client-key-data'] = 'DATA+OMITTED';
  return next;
}

/** Files become data. */
function flattened(stanza: Stanza, origin: string | undefined): Stanza {
  const next = located(stanza, origin);
  for (const field of paths) {
    const path = next[field];
    if (typeof path !== 'string' || path === '') continue;
    next[`${field}-data`] ??= readFileSync(path).toString('base64');
    delete next[field];
  }
  return next;
}

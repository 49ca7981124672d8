// `set selector`, of services. Upstream: kubectl/pkg/cmd/set/set_selector.go.
import { parseSelector } from '../../api/selector.ts';
import { changeOf, sendChange } from '../../cli/apply/change.ts';
import { Command } from '../../cli/base.ts';
import { Builder } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { dryRunFlag, dryRunOf, fieldManagerFlag, filenameFlags, recordFlag } from '../../cli/flags.ts';
import { labelSelectorOf } from '../../cli/label-specs.ts';
import { operationPrinter } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { asTyped } from '../../cli/typed.ts';

export default class SetSelector extends Command {
  static override summary =
    "Set the selector on a resource. Note that the new selector will overwrite the old selector if the resource had one prior to the invocation of 'set selector'";
  static short = 'Set the selector on a resource';
  static description = `A selector must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to 63 characters. If --resource-version is specified, then updates will use this resource version, otherwise the existing resource-version will be used. Note: currently selectors can only be set on Service objects.`;
  static examples = `# Set the labels and selector before creating a deployment/service pair
{program} create service clusterip my-svc --clusterip="None" -o yaml --dry-run=client | {program} set selector --local -f - 'environment=qa' -o yaml | {program} create -f -
{program} create deployment my-dep -o yaml --dry-run=client | {program} label --local -f - environment=qa -o yaml | {program} create -f -`;
  static override usage = '(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]';
  static override flags = {
    all: flag.bool('Select all resources in the namespace of the specified resource types'),
    ...dryRunFlag,
    ...fieldManagerFlag('kubectl-set'),
    filename: filenameFlags('identifying the resource.').filename,
    local: flag.bool('If true, annotation will NOT contact api-server but run locally.'),
    ...printFlags,
    ...recordFlag,
    recursive: flag.bool(
      'Process the directory used in -f, --filename recursively. Useful when you want to manage related manifests organized within the same directory.',
      { short: 'R', default: true },
    ),
    'resource-version': flag.string(
      'If non-empty, the selectors update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.',
    ),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(SetSelector);
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const expression = args.at(-1);
    if (expression !== undefined) parseSelector(expression);
    const print = await operationPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd }, dryRun);
    if (expression === undefined) throw new CliError('one selector is required');
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: args.slice(0, -1),
      files: { filename: flags.filename, recursive: flags.recursive },
      all: flags.all,
      local: flags.local,
      fetch: 'latest',
      typed: true,
    }).build();
    const selector = selectorMap(expression);
    const version = flags['resource-version'];
    const errors: unknown[] = [];
    for (const info of built.infos) {
      if (info.object?.kind !== 'Service') {
        errors.push(new CliError('setting a selector is only supported for Services'));
        continue;
      }
      const change = changeOf(info, (draft) => {
        (draft['spec'] as { selector?: Record<string, string> }).selector = selector;
        if (this.changeCause !== undefined) draft.metadata.annotations = this.recorded(draft).metadata.annotations;
      });
      if (version) change.patch['metadata'] = { resourceVersion: version };
      const options = { dryRun, fieldManager: flags['field-manager'] };
      const remote = !flags.local && dryRun !== 'client';
      const result = remote ? await sendChange(await this.cluster(), info, change, options) : change.draft;
      this.out(print(flags.output ? asTyped(result) : result, 'selector updated'));
    }
    throwCollected([...errors, ...built.errors]);
  }
}

/** Equalities as a map. Sets are no selector of a service. */
function selectorMap(text: string): Record<string, string> {
  const { matchLabels = {}, matchExpressions = [] } = labelSelectorOf(text);
  if (matchExpressions.length === 0) return matchLabels;
  const shown = matchExpressions.map((e) => `{${e.key} ${e.operator} [${(e.values ?? []).join(' ')}]}`).join(' ');
  throw new CliError(`match expression [${shown}] not supported on this object`);
}

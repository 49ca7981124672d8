// `taint`. Upstream: kubectl/pkg/cmd/taint.
import type { Taint as NodeTaint } from 'kubernetes-types/core/v1.js';
import { labelValueErrors, qualifiedNameErrors } from '../api/names.ts';
import type { Unstructured } from '../api/types.ts';
import { changeOf, sendChange } from '../cli/apply/change.ts';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { dottedPath } from '../cli/dotted-path.ts';
import { CliError, PlainError, throwCollected } from '../cli/errors.ts';
import { dryRunFlag, dryRunOf, fieldManagerFlag, fieldValidationOf, selectorFlag, validateFlag } from '../cli/flags.ts';
import { operationPrinter } from '../cli/operation.ts';
import { flag } from '../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../cli/print/object.ts';

const effects = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

export default class Taint extends Command {
  static override summary = 'Update the taints on one or more nodes';
  static description = `  *  A taint consists of a key, value, and effect. As an argument here, it is expressed as key=value:effect.
  *  The key is of letters, digits, hyphens, dots and underscores, begins with a letter or digit, and has up to 253 characters; a DNS subdomain and one '/' may stand before it, as in example.com/my-app.
  *  The value can be left out. It is made like the key, of up to 63 characters.
  *  The effect is NoSchedule, PreferNoSchedule or NoExecute.
  *  Nodes alone can be tainted.`;
  static examples = `# Update node 'foo' with a taint with key 'dedicated' and value 'special-user' and effect 'NoSchedule'
# If a taint with that key and effect already exists, its value is replaced as specified
{program} taint nodes foo dedicated=special-user:NoSchedule

# Remove from node 'foo' the taint with key 'dedicated' and effect 'NoSchedule' if one exists
{program} taint nodes foo dedicated:NoSchedule-

# Remove from node 'foo' all the taints with key 'dedicated'
{program} taint nodes foo dedicated-

# Taint all nodes with a label
{program} taint node -l myLabel=X dedicated=foo:PreferNoSchedule

# A taint without a value
{program} taint nodes foo bar:NoSchedule`;
  static override usage = 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N';
  static override flags = {
    all: flag.bool('Select all nodes in the cluster'),
    ...dryRunFlag,
    ...fieldManagerFlag('kubectl-taint'),
    overwrite: flag.bool(
      'If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.',
    ),
    ...printFlags,
    ...selectorFlag,
    ...validateFlag,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Taint);
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const { resources, pairs } = splitTaints(args);
    if (resources.length < 1) throw new CliError('one or more resources must be specified as <resource> <name>');
    if (pairs.length < 1) throw new CliError('at least one taint update is required');
    const changes = parseTaints(pairs, (message) => this.usageError(message));
    await this.checkType(resources[0]!.toLowerCase());
    checkConflicts(changes);
    if (flags.all && flags.selector)
      throw new CliError("setting 'all' parameter with a non empty selector is prohibited");
    if (!flags.all && !flags.selector && resources.length < 2) {
      throw new CliError("at least one resource name must be specified since 'all' parameter is not set");
    }
    // Upstream does not say that it was a dry run.
    const print = await operationPrinter(printOptionsOf(flags), 'none');
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: flags.all || flags.selector ? ['nodes'] : ['nodes', ...resources.slice(1)],
      labelSelector: flags.selector,
      all: flags.all,
    }).build();
    const errors = [...built.errors];
    for (const info of built.infos) {
      try {
        let operation = '';
        const change = changeOf(info, (draft) => {
          operation = applyTaints(draft, changes, flags.overwrite);
        });
        if (dryRun === 'client') {
          this.out(print(change.draft, operation));
          continue;
        }
        const answer = await sendChange(await this.cluster(), info, change, {
          dryRun,
          fieldManager: flags['field-manager'],
          fieldValidation: fieldValidationOf(flags.validate),
        });
        this.out(print(answer, operation));
      } catch (error) {
        errors.push(error);
      }
    }
    throwCollected(errors);
  }

  private async checkType(name: string): Promise<void> {
    const [resource = ''] = dottedPath(name, 'all nodes');
    const mapper = await (await this.cluster()).mapper();
    // Upstream puts no `error: ` before this one.
    const { kind } = await mapper.resource(resource).catch((error: unknown) => {
      throw error instanceof CliError ? new PlainError(error.message) : error;
    });
    if (kind !== 'Node') throw new CliError(`invalid resource type ${name}, only node types are supported`);
  }
}

interface TaintChanges {
  add: NodeTaint[];
  remove: { key: string; effect: string }[];
}

/** Resources first, then taints: what has a `:` or an `=`, or ends in `-`. */
function splitTaints(args: readonly string[]): { resources: string[]; pairs: string[] } {
  const resources: string[] = [];
  const pairs: string[] = [];
  for (const arg of args) {
    if (/[:=]|.-$/.test(arg)) pairs.push(arg);
    else if (pairs.length === 0) resources.push(arg);
    else throw new CliError(`all resources must be specified before taint changes: ${arg}`);
  }
  return { resources, pairs };
}

/** Upstream: parseTaints, parseTaint. */
function parseTaints(specs: readonly string[], usage: (message: string) => never): TaintChanges {
  const changes: TaintChanges = { add: [], remove: [] };
  for (const spec of specs) {
    const removes = spec.endsWith('-');
    const taint = parseTaint(removes ? spec.slice(0, -1) : spec, usage);
    const { key, effect, value } = taint;
    if (removes) {
      changes.remove.push({ key, effect });
      continue;
    }
    if (effect === '') usage(`invalid taint spec: ${spec}`);
    if (changes.add.some((other) => other.key === key && other.effect === effect)) {
      usage(`duplicated taints with the same key and effect: {${key} ${value ?? ''} ${effect} <nil>}`);
    }
    changes.add.push(taint);
  }
  return changes;
}

function parseTaint(text: string, usage: (message: string) => never): NodeTaint {
  const invalid = (errors: readonly string[] = []): void => {
    usage(`invalid taint spec: ${[text, ...(errors.length > 0 ? [errors.join('; ')] : [])].join(', ')}`);
  };
  const [pair = '', effect, extra] = text.split(':');
  if (extra !== undefined) invalid();
  let [key, value] = [pair, ''];
  if (effect !== undefined) {
    if (!effects.has(effect)) usage(`invalid taint effect: ${effect}, unsupported taint effect`);
    const parts = pair.split('=');
    if (parts.length > 2) invalid();
    [key = '', value = ''] = parts;
    const wrong = labelValueErrors(value);
    if (wrong.length > 0) invalid(wrong);
  }
  const wrong = qualifiedNameErrors(key);
  if (wrong.length > 0) invalid(wrong);
  return { key, effect: effect ?? '', ...(value ? { value } : {}) };
}

function checkConflicts({ add, remove }: TaintChanges): void {
  const both = add.flatMap(({ key, effect }) =>
    remove.filter((gone) => gone.key === key && (gone.effect === '' || gone.effect === effect)),
  );
  if (both.length === 0) return;
  const names = both.map(({ key, effect }) => `${key}=${effect}`).join(', ');
  throw new CliError(`can not both modify and remove the following taint(s) in the same command: ${names}`);
}

/** Changes the node and answers what was done. */
function applyTaints(node: Unstructured, changes: TaintChanges, overwrite: boolean): string {
  const spec = (node['spec'] ??= {}) as { taints?: NodeTaint[] };
  const current = spec.taints ?? [];
  const same = (a: { key: string; effect: string }, b: NodeTaint): boolean => a.key === b.key && a.effect === b.effect;
  const existing = changes.add.filter((t) => current.some((c) => same(t, c)));
  if (!overwrite && existing.length > 0) {
    const keys = existing.map((t) => t.key).join(',');
    throw new CliError(
      `node ${node.metadata.name} already has ${keys} taint(s) with same effect(s) and --overwrite is false`,
    );
  }
  const kept = current.filter((c) => !changes.add.some((t) => same(t, c)));
  let next = [...changes.add, ...kept];
  const missing: CliError[] = [];
  for (const gone of changes.remove) {
    const left = next.filter((t) => t.key !== gone.key || (gone.effect !== '' && t.effect !== gone.effect));
    if (left.length === next.length) {
      missing.push(
        new CliError(`taint ${JSON.stringify(gone.effect ? `${gone.key}:${gone.effect}` : gone.key)} not found`),
      );
    }
    next = left;
  }
  throwCollected(missing);
  if (next.length > 0) spec.taints = next;
  else delete spec.taints;
  if (changes.add.length > 0) return changes.remove.length > 0 || existing.length > 0 ? 'modified' : 'tainted';
  return 'untainted';
}

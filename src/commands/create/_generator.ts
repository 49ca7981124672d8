// What the generators share: one object from flags, printed with --dry-run=client or sent. Objects have their members
// in the order of Go's types, because -o json prints that order. Upstream: kubectl/pkg/cmd/create/create.go.
import { resourcePath, type ResourceType, type Unstructured } from '../../api/types.ts';
import { Command } from '../../cli/base.ts';
import { CliError, UsageError } from '../../cli/errors.ts';
import {
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  generatorFlag,
  saveConfigFlag,
  validateFlag,
} from '../../cli/flags.ts';
import { savedConfiguration } from '../../cli/last-applied.ts';
import { operationPrinter } from '../../cli/operation.ts';
import type { FlagValues } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { asTyped } from '../../cli/typed.ts';

export const generatorFlags = {
  ...dryRunFlag,
  ...generatorFlag,
  ...fieldManagerFlag('kubectl-create'),
  ...printFlags,
  ...saveConfigFlag,
  ...validateFlag,
};

export type GeneratorFlags = FlagValues<typeof generatorFlags>;

export const type = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

export abstract class Generator extends Command {
  /** The words before the server's when it refuses; empty leaves the server's error as it is. */
  protected failure = '';

  /** The only argument before `--`. */
  protected oneName(): string {
    const { args, dashAt } = this.context.parsed;
    const count = dashAt < 0 ? args.length : dashAt;
    if (count !== 1) throw new UsageError(`exactly one NAME is required, got ${count}`);
    return args[0]!;
  }

  /** What stands after `--` or after the name. */
  protected get command(): string[] {
    return this.context.parsed.args.slice(1);
  }

  protected requireFlags(...names: string[]): void {
    const missing = names.filter((n) => !this.changed(n));
    if (missing.length > 0) {
      throw new CliError(`required flag(s) ${missing.map((m) => JSON.stringify(m)).join(', ')} not set`);
    }
  }

  /** metadata of a new object; the namespace only when it was given. */
  protected metadata(name: string, more: Record<string, unknown> = {}, namespaced = true): Record<string, unknown> {
    const { namespace } = this.context.globals;
    return { name, ...(namespaced && namespace ? { namespace } : {}), creationTimestamp: null, ...more };
  }

  protected async create(of: ResourceType, object: Record<string, unknown>, flags: GeneratorFlags): Promise<void> {
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    const fieldValidation = fieldValidationOf(flags.validate);
    const print = await operationPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd }, dryRun);
    let result = savedConfiguration(object as unknown as Unstructured, flags['save-config']);
    if (dryRun === 'client') {
      const { readSettings } = await import('../../cli/connect.ts');
      await readSettings(this.context.globals, this.context.parsed.changed, this.io);
    } else {
      const cluster = await this.cluster();
      const path = resourcePath(of, { namespace: cluster.namespace });
      const query = {
        ...(dryRun === 'server' ? { dryRun: 'All' } : {}),
        fieldManager: flags['field-manager'],
        fieldValidation,
      };
      try {
        result = await cluster.json('POST', path, { body: result, query });
      } catch (error) {
        if (this.failure === '') throw error;
        throw new CliError(`${this.failure}${(error as Error).message}`);
      }
    }
    this.out(print(flags.output && dryRun !== 'client' ? asTyped(result) : result, 'created'));
  }
}

/** `apiVersion` and `kind` first, as Go prints them. */
export const typed = (of: ResourceType, rest: Record<string, unknown>): Record<string, unknown> => ({
  kind: of.kind,
  apiVersion: of.group ? `${of.group}/${of.version}` : of.version,
  ...rest,
});

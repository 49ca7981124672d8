// `diff`: the live objects beside what `apply` would make of them, through diff(1) or KUBECTL_EXTERNAL_DIFF.
// Upstream: kubectl/pkg/cmd/diff/diff.go.
import { parseJson } from '../api/codec/json.ts';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound } from '../api/status.ts';
import { resourcePath, type Unstructured } from '../api/types.ts';
import { SERVER_SIDE_MANAGER } from '../cli/apply/ssa-migration.ts';
import { applyPatch } from '../cli/apply/three-way.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import type { Mapping } from '../cli/builder/mapper.ts';
import { CliError, PlainError, formatError } from '../cli/errors.ts';
import { fieldManagerFlag, filenameFlags, selectorFlag } from '../cli/flags.ts';
import { configurationOf } from '../cli/last-applied.ts';
import { createObject, patchObject } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { isColoured, paintFor } from '../cli/print/style.ts';

const flags = {
  concurrency: flag.int(
    'Number of objects to process in parallel when diffing against the live version. Larger number = faster, but more memory, I/O and CPU over that shorter period of time.',
    { default: 1 },
  ),
  ...fieldManagerFlag('kubectl-client-side-apply'),
  ...filenameFlags('Filename, directory, or URL to files contains the configuration to diff'),
  prune: flag.bool(
    'Include resources that would be deleted by pruning. Can be used with -l and default shows all resources would be pruned',
  ),
  'prune-allowlist': flag.array('Overwrite the default allowlist with <group/version/kind> for --prune'),
  'force-conflicts': flag.bool('If true, server-side apply will force the changes against conflicts.'),
  ...selectorFlag,
  'server-side': flag.bool('If true, apply runs in the server instead of the client.'),
  'show-managed-fields': flag.bool('If true, include managed fields in the diff.'),
};

export default class Diff extends Command {
  static short = 'Diff the live version against a would-be applied version';
  static override summary =
    'Diff configurations specified by file name or stdin between the current online configuration, and the configuration as it would be if applied';
  static description = `The output is always YAML.

KUBECTL_EXTERNAL_DIFF environment variable can be used to select your own diff command. Users can use external commands with params too, example: KUBECTL_EXTERNAL_DIFF="colordiff -N -u"

By default, the "diff" command available in your path will be run with the "-u" (unified diff) and "-N" (treat absent files as empty) options.

Exit status: 0 No differences were found. 1 Differences were found. >1 Kubectl or diff failed with an error.`;
  static examples = `# Diff resources included in pod.json
{program} diff -f pod.json

# Diff file read from stdin
cat service.yaml | {program} diff -f -`;
  static override usage = '-f FILENAME';
  static override flags = flags;
  static flagErrorCode = 2;

  private opts!: FlagValues<typeof flags>;

  async run(): Promise<number> {
    const { flags: opts, args } = this.parse(Diff);
    this.opts = opts;
    try {
      if (args.length > 0) this.usageError(`Unexpected args: [${args.join(' ')}]`);
      if (opts.filename.length === 0 && !opts.kustomize) throw new CliError('must specify one of -f and -k');
      return await this.diff();
    } catch (error) {
      // Exit code 1 means differences; failures are one higher.
      const { text, exitCode } = formatError(error, this.commandPath);
      throw new PlainError(text, exitCode + 1);
    }
  }

  private async diff(): Promise<number> {
    if (this.opts['force-conflicts'] && !this.opts['server-side']) {
      throw new CliError('--force-conflicts only works with --server-side');
    }
    const pruning = this.opts.prune ? await this.pruning() : undefined;
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, { files: this.opts }).build();
    if (built.errors.length > 0) throw built.errors[0];
    const { parseSelector } = await import('../api/selector.ts');
    const { toYaml } = await import('../cli/yaml.ts');
    const selector = parseSelector(this.opts.selector);
    const [live, merged] = [folderNamed('LIVE'), folderNamed('MERGED')];
    try {
      for (const info of built.infos) {
        if (!selector.matches(info.object!.metadata.labels ?? {})) continue;
        const { before, after } = await this.versions(info);
        const name = fileNameOf(info);
        writeFileSync(join(live, name), before ? toYaml(this.shown(before)) : '', { mode: 0o600 });
        writeFileSync(join(merged, name), toYaml(this.shown(after)), { mode: 0o600 });
        if (info.namespace) pruning?.namespaces.add(info.namespace);
        if (before) pruning?.visited.add(before.metadata.uid ?? '');
      }
      if (pruning) await this.showLeavers(pruning, live);
      return await this.compare(live, merged);
    } finally {
      for (const folder of [live, merged]) rmSync(folder, { recursive: true, force: true });
    }
  }

  /** What --prune looks through; a wrong entry of the list is found before anything is read. */
  private async pruning(): Promise<{ kinds: Mapping[]; namespaces: Set<string>; visited: Set<string> }> {
    const { allowedKinds } = await import('../cli/apply/prune.ts');
    const mapper = await (await this.cluster()).mapper();
    const kinds = await allowedKinds(mapper, this.opts['prune-allowlist']);
    return { kinds, namespaces: new Set(), visited: new Set() };
  }

  /** An object that would be pruned has a file on one side only; managed fields are in it, as kubectl has them. */
  private async showLeavers(
    pruning: { kinds: Mapping[]; namespaces: Set<string>; visited: Set<string> },
    live: string,
  ): Promise<void> {
    const { leavers } = await import('../cli/apply/prune.ts');
    const { toYaml } = await import('../cli/yaml.ts');
    try {
      const scope = { ...pruning, selector: this.opts.selector };
      for await (const { mapping, namespace, item } of leavers(await this.cluster(), scope)) {
        const object = structuredClone(item);
        if (object.kind === 'Secret') maskSecret(object);
        const name = fileNameOf({ mapping, namespace, name: item.metadata.name ?? '' });
        writeFileSync(join(live, name), toYaml(object), { mode: 0o600 });
      }
    } catch (error) {
      const { klog } = await import('../cli/klog.ts');
      const why = `pruning failed and could not be evaluated err: ${(error as Error).message}`;
      klog(this.io, 'W', 'diff.go:760', why);
    }
  }

  private async versions(info: Info): Promise<{ before?: Unstructured; after: Unstructured }> {
    const { opts } = this;
    const cluster = await this.cluster();
    const ownManager = opts['server-side'] && !this.changed('field-manager');
    const fieldManager = ownManager ? SERVER_SIDE_MANAGER : opts['field-manager'];
    const dry = { dryRun: 'server' as const, fieldManager };
    let before: Unstructured | undefined;
    try {
      before = await cluster.json<Unstructured>('GET', resourcePath(info.mapping, info));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (opts['server-side']) {
      const force = opts['force-conflicts'];
      return { before, after: await patchObject(cluster, info, 'apply', info.object, { ...dry, force }) };
    }
    if (!before) return { after: await createObject(cluster, info, dry) };
    // The annotation is no difference that anybody wants to see.
    const modified = parseJson(configurationOf(info.object!)) as Unstructured;
    const { type, patch } = applyPatch(before, modified, true, info);
    const metadata = { ...(patch['metadata'] as object), resourceVersion: before.metadata.resourceVersion };
    patch['metadata'] = metadata;
    return { before, after: await patchObject(cluster, info, type, patch, dry) };
  }

  private shown(object: Unstructured): Unstructured {
    const copy = structuredClone(object);
    if (!this.opts['show-managed-fields']) delete copy.metadata.managedFields;
    if (copy.kind === 'Secret') maskSecret(copy);
    return copy;
  }

  private async compare(live: string, merged: string): Promise<number> {
    const [program = 'diff', ...options] = (this.io.env['KUBECTL_EXTERNAL_DIFF'] ?? 'diff -u -N').split(/\s+/);
    const safe = options.filter((o) => /^[-=A-Za-z0-9]+$/.test(o));
    const result = spawnSync(program, [...safe, live, merged], { encoding: 'utf8', maxBuffer: 1 << 30 });
    if (result.error) throw new CliError(`failed to run ${JSON.stringify(program)}: ${result.error.message}`);
    this.out(await this.painted(result.stdout));
    this.err(result.stderr);
    return result.status ?? 1;
  }

  /** A program of the user's own paints for itself. */
  private async painted(text: string): Promise<string> {
    if (this.io.env['KUBECTL_EXTERNAL_DIFF'] || !isColoured(this.io)) return text;
    const { paintDiff } = await import('../cli/print/paint-page.ts');
    return paintDiff(text, await paintFor(this.io));
  }
}

/** A new folder with Go's kind of name: digits. */
function folderNamed(version: string): string {
  const path = join(tmpdir(), `${version}-${Math.floor(Math.random() * 2 ** 32)}`);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

const fileNameOf = ({ mapping, namespace = '', name }: Info): string => {
  const group = mapping.group ? `${mapping.group}.` : '';
  return `${group}${mapping.version}.${mapping.kind}.${namespace}.${name}`.replaceAll(/[<>:"/\\|?*]/g, '-');
};

function maskSecret(object: Unstructured): void {
  const data = object['data'] as Record<string, string> | undefined;
  for (const key of Object.keys(data ?? {})) data![key] = '***';
}

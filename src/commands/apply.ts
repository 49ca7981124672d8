// `apply`: client-side three-way merge or server-side apply of files. Upstream: kubectl/pkg/cmd/apply/apply.go. Beyond
// upstream: what changed field by field, all or nothing, and a journal from which `undo` takes it back.
import { parseJson, stringifySorted } from '../api/codec/json.ts';
import { StatusError } from '../api/status.ts';
import type { Unstructured } from '../api/types.ts';
import type { ApplySet } from '../cli/apply/applyset.ts';
import { applyClientSide } from '../cli/apply/client-side.ts';
import { paintChange, paintOperation } from '../cli/apply/paint.ts';
import { ReadAhead } from '../cli/apply/read-ahead.ts';
import { ApplyRecord, changeLines } from '../cli/apply/record.ts';
import { applyServerSide } from '../cli/apply/server-side.ts';
import { SERVER_SIDE_MANAGER } from '../cli/apply/ssa-migration.ts';
import { Command } from '../cli/base.ts';
import { Builder, type Info } from '../cli/builder/builder.ts';
import type { Mapping } from '../cli/builder/mapper.ts';
import type { Cluster } from '../cli/cluster.ts';
import { CliError, throwCollected } from '../cli/errors.ts';
import {
  type DryRun,
  deletionFlags,
  dryRunFlag,
  dryRunOf,
  type FieldValidation,
  fieldManagerFlag,
  fieldValidationOf,
  filenameFlags,
  type Propagation,
  propagationOf,
  recordFlag,
  selectorFlag,
  validateFlag,
} from '../cli/flags.ts';
import { infoName, operationPrinter, type OperationPrinter } from '../cli/operation.ts';
import { flag, type FlagValues } from '../cli/pflag.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../cli/print/object.ts';
import { type Paint, paintFor } from '../cli/print/style.ts';
import { type ProgressView, rate, withProgress } from '../cli/progress/progress.ts';

const flags = {
  all: flag.bool('Select all resources in the namespace of the specified resource types.'),
  applyset: flag.string(
    '[alpha] The name of the ApplySet that tracks which resources are being managed, for the purposes of determining what to prune. Live resources that are part of the ApplySet but have been removed from the provided configs will be deleted. Format: [RESOURCE][.GROUP]/NAME. A Secret will be used if no resource or group is specified.',
  ),
  atomic: flag.bool(
    'All or nothing: the server tries everything first without storing it, and when something fails afterwards, what was applied is taken back.',
    { own: true },
  ),
  ...deletionFlags,
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-client-side-apply'),
  ...filenameFlags('The files that contain the configurations to apply.'),
  'force-conflicts': flag.bool('If true, server-side apply will force the changes against conflicts.'),
  'openapi-patch': flag.bool(
    'If true, use openapi to calculate diff when the openapi presents and the resource can be found in the openapi spec. Otherwise, fall back to use baked-in types.',
    { default: true },
  ),
  overwrite: flag.bool(
    'Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration',
    { default: true },
  ),
  ...printFlags,
  prune: flag.bool(
    'Automatically delete resource objects, that do not appear in the configs and are created by either apply or create --save-config. Should be used with either -l or --all.',
  ),
  'prune-allowlist': flag.array('Overwrite the default allowlist with <group/version/kind> for --prune'),
  'prune-whitelist': flag.array('Overwrite the default allowlist with <group/version/kind> for --prune', {
    deprecated: 'Use --prune-allowlist instead.',
  }),
  ...recordFlag,
  ...selectorFlag,
  'show-diff': flag.bool('Print what changed, field by field. Values of secrets are not shown.', { own: true }),
  'server-side': flag.bool('If true, apply runs in the server instead of the client.'),
  subresource: flag.string(
    'If specified, apply will operate on the subresource of the requested object.  Only allowed when using --server-side. This flag is beta and may change in the future.',
  ),
  ...validateFlag,
};

/** Failures that stay in sight until all is done, when they are told whole. */
const SHOWN_ERRORS = 3;

export default class Apply extends Command {
  static short = 'Apply a configuration to a resource by file name or stdin';
  static override summary =
    "Apply a configuration to a resource by file name or stdin. The resource name must be specified. This resource will be created if it doesn't exist yet. To use 'apply', always create the resource initially with either 'apply' or 'create --save-config'.";
  static description = `JSON and YAML formats are accepted.

Alpha Disclaimer: the --prune functionality is not yet complete. Do not use unless you are aware of what the current state is. See https://issues.k8s.io/34274.`;
  static examples = `# Apply the configuration in pod.json to a pod
{program} apply -f ./pod.json

# Apply resources from a directory containing kustomization.yaml - e.g. dir/kustomization.yaml
{program} apply -k dir/

# Apply the JSON passed into stdin to a pod
cat pod.json | {program} apply -f -

# Apply the configuration from all files that end with '.json'
{program} apply -f '*.json'

# Note: --prune is still in Alpha
# Apply the configuration in manifest.yaml that matches label app=nginx and delete all other resources that are not in the file and match label app=nginx
{program} apply --prune -f manifest.yaml -l app=nginx

# Delete all other config maps that were applied and are not in the file
{program} apply --prune -f manifest.yaml --all --prune-allowlist=core/v1/ConfigMap`;
  static override usage = '(-f FILENAME | -k DIRECTORY)';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  dryRun: DryRun = 'none';
  private propagation: Propagation = 'Background';
  fieldValidation: FieldValidation = 'Strict';
  private applySet?: ApplySet;
  /** The kinds of --prune-allowlist. */
  private allowed: Mapping[] = [];
  private print!: OperationPrinter;
  private applied: { info: Info; operation: string }[] = [];
  private readonly record = new ApplyRecord();
  private journal?: string;
  private paint?: Paint;
  /** Nothing is stored and nothing is said. */
  private rehearsing = false;

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(Apply);
    this.opts = opts;
    if (args.length > 0) this.usageError(`Unexpected args: [${args.join(' ')}]`);
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    this.propagation = propagationOf(opts.cascade, (t) => this.err(t));
    if (opts.filename.length === 0 && !opts.kustomize) throw new CliError('must specify one of -f and -k');
    this.fieldValidation = fieldValidationOf(opts.validate);
    if (opts.applyset) this.applySet = await (await this.applySets()).parse(await this.cluster(), opts.applyset);
    await this.checkAllowlist();
    await this.validate();
    this.print = await this.printer();
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      files: opts,
      validation: this.fieldValidation,
    }).build();
    const infos = await this.selected(built.infos);
    this.applySet?.label(infos);
    if (infos.length === 0 && built.errors.length === 0) throw new CliError('no objects passed to apply');
    await this.prepareRecord();
    await this.applySet?.beforeApply(infos, this);
    if (opts.atomic) {
      throwCollected(built.errors);
      await this.rehearse(infos);
    }
    const errors = [...built.errors, ...(await this.applyAll(infos))];
    if (opts.atomic && errors.length > 0) {
      for (const line of await this.record.rollBack(await this.cluster())) this.err(`${line}\n`);
      throwCollected(errors);
    }
    try {
      throwCollected(errors);
      if (opts.output && opts.output !== 'name') await this.printObjects();
      if (opts.prune) await this.prune();
    } finally {
      await this.keepJournal();
    }
  }

  /** Where what is done will be written down, if anything is to be. */
  private async prepareRecord(): Promise<void> {
    const { journalFolder } = await import('../cli/apply/journal.ts');
    const { url } = await this.cluster();
    if (this.dryRun === 'none') this.journal = journalFolder(url, this.context.globals['cache-dir'], this.io);
    this.paint = await paintFor(this.io);
  }

  private async keepJournal(): Promise<void> {
    if (this.journal === undefined) return;
    const { writeJournal } = await import('../cli/apply/journal.ts');
    writeJournal(this.journal, { time: new Date(this.io.nowMs()).toISOString(), entries: this.record.entries });
  }

  /** Applies copies without storing them. What waits for a namespace of the same files cannot be tried. */
  private async rehearse(infos: readonly Info[]): Promise<void> {
    const { dryRun } = this;
    const made = new Set(infos.filter((i) => i.mapping.kind === 'Namespace').map((i) => i.name));
    this.rehearsing = true;
    this.dryRun = 'server';
    (await this.cluster()).warnings.silent = true;
    const errors = await this.applyAll(infos.map((info) => ({ ...info, object: structuredClone(info.object!) })));
    (await this.cluster()).warnings.silent = false;
    this.dryRun = dryRun;
    this.rehearsing = false;
    const lacksNamespace = (error: unknown): boolean =>
      error instanceof StatusError &&
      error.reason === 'NotFound' &&
      error.status.details?.kind === 'namespaces' &&
      made.has(error.status.details.name ?? '');
    const real = errors.filter((e) => !lacksNamespace(e));
    if (real.length === 0) return;
    this.err('Nothing was applied: the server refuses what follows.\n');
    throwCollected(real);
  }

  private printer(): Promise<OperationPrinter> {
    return operationPrinter({ ...printOptionsOf(this.opts), cwd: this.io.cwd }, this.dryRun);
  }

  private async applySets(): Promise<typeof ApplySet> {
    return (await import('../cli/apply/applyset.ts')).ApplySet;
  }

  private async validate(): Promise<void> {
    const { opts, dryRun, applySet } = this;
    const serverSide = opts['server-side'];
    const rules: [boolean, string][] = [
      [opts.atomic && opts.prune, '--atomic cannot be used with --prune'],
      [opts.atomic && opts.force, '--atomic cannot be used with --force'],
      [opts.atomic && opts.subresource !== '', '--atomic cannot be used with --subresource'],
      [opts['show-diff'] && !['', 'name'].includes(opts.output), '--show-diff goes with no output format but name'],
      [opts['force-conflicts'] && !serverSide, '--force-conflicts only works with --server-side'],
      [
        dryRun === 'client' && serverSide,
        "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
      ],
      [serverSide && opts.force, '--force cannot be used with --server-side'],
      [dryRun === 'server' && opts.force, '--dry-run=server cannot be used with --force'],
      [opts.all && opts.selector !== '', 'cannot set --all and --selector at the same time'],
      [applySet !== undefined && !opts.prune, '--applyset requires --prune'],
    ];
    refuse(rules);
    await applySet?.validate();
    const hasAllowlist = this.allowed.length > 0;
    refuse([
      [opts.prune && opts.force, '--force cannot be used with --prune'],
      [applySet !== undefined && opts.all, '--all is incompatible with --applyset'],
      [applySet !== undefined && opts.selector !== '', '--selector is incompatible with --applyset'],
      [applySet !== undefined && hasAllowlist, '--prune-allowlist is incompatible with --applyset'],
      [
        opts.prune && !applySet && !opts.all && opts.selector === '',
        'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
      ],
      [
        opts.prune && !applySet && serverSide,
        "--prune is in alpha and doesn't currently work on objects created by server-side apply",
      ],
      [opts.subresource !== '' && !serverSide, '--subresource can only be specified for --server-side'],
    ]);
  }

  /** A wrong entry is found before anything is written. */
  private async checkAllowlist(): Promise<void> {
    const entries = [...this.opts['prune-allowlist'], ...this.opts['prune-whitelist']];
    if (!this.opts.prune || entries.length === 0) return;
    const { allowedKinds } = await import('../cli/apply/prune.ts');
    this.allowed = await allowedKinds(await (await this.cluster()).mapper(), entries);
  }

  private async selected(infos: Info[]): Promise<Info[]> {
    if (!this.opts.selector) return infos;
    const { parseSelector } = await import('../api/selector.ts');
    const selector = parseSelector(this.opts.selector);
    return infos.filter((i) => selector.matches(i.object!.metadata.labels ?? {}));
  }

  private applyAll(infos: readonly Info[]): Promise<unknown[]> {
    const started = this.io.nowMs();
    let state: ProgressView = { title: '' };
    const tell = (done: number, info: Info, errors: readonly unknown[]): void => {
      const each = rate(done, started, this.io.nowMs());
      const title = `${this.rehearsing ? 'trying' : 'applying'} ${done + 1} of ${infos.length}, ${each} a second`;
      const failed = errors.slice(-SHOWN_ERRORS).map((error) => `failed: ${(error as Error).message.split('\n')[0]}`);
      state = { title, rows: [infoName(info), ...failed] };
    };
    return withProgress(
      this.io,
      () => state,
      () => this.applyEach(infos, tell),
      { when: this.opts.output === '', count: infos.length },
    );
  }

  private async applyEach(
    infos: readonly Info[],
    tell: (done: number, info: Info, errors: readonly unknown[]) => void,
  ): Promise<unknown[]> {
    const errors: unknown[] = [];
    const cluster = await this.cluster();
    const serverSide = this.opts['server-side'];
    const live = new ReadAhead(cluster, infos);
    const remembers = this.opts.atomic || this.opts['show-diff'] || this.journal !== undefined;
    for (const [i, info] of infos.entries()) {
      tell(i, info, errors);
      try {
        const generateName = info.object!.metadata.generateName;
        if (info.name === '' && generateName)
          throw new CliError(`from ${generateName}: cannot use generate name with apply`);
        info.object = this.recorded(info.object!);
        if (!serverSide) await this.clientSide(cluster, info, () => live.read(i));
        else await this.serverSide(cluster, info, remembers ? await live.read(i) : undefined);
      } catch (error) {
        errors.push(error);
        if (this.opts.atomic && !this.rehearsing) break;
      }
    }
    return errors;
  }

  private done(info: Info, operation: string, before?: Unstructured, manifest?: Unstructured): void {
    if (this.rehearsing) return;
    this.applied.push({ info, operation });
    if (this.dryRun === 'none') this.record.add(info, operation, before, manifest);
    const { output } = this.opts;
    if (output !== '' && output !== 'name') return;
    const paint = this.paint!;
    this.out(paintOperation(paint, operation, this.print(info.object!, operation)));
    if (!this.opts['show-diff']) return;
    this.out(changeLines(before, info.object!, (line) => paintChange(paint, line), manifest));
  }

  private warn(text: string): void {
    if (!this.rehearsing) this.err(text);
  }

  /** With -o the objects are printed at the end: one as it is, several as a List. */
  private async printObjects(): Promise<void> {
    const objects = this.applied.map((a) => a.info.object!);
    if (objects.length === 1) this.out(this.print(objects[0]!, ''));
    if (objects.length < 2) return;
    // Upstream's List is a typed object: kind first, while its items are sorted maps.
    const items = objects.map((o) => parseJson(stringifySorted(o)) as Unstructured);
    const list = { kind: 'List', apiVersion: 'v1', metadata: {}, items } as unknown as Unstructured;
    const print = await objectPrinter({ ...printOptionsOf(this.opts), typed: true, cwd: this.io.cwd });
    this.out(print(list));
  }

  private async clientSide(cluster: Cluster, info: Info, read: () => Promise<Unstructured | undefined>): Promise<void> {
    const { opts } = this;
    const manifest = info.object!;
    const { operation, before } = await applyClientSide(cluster, info, read, {
      dryRun: this.dryRun,
      fieldManager: opts['field-manager'],
      fieldValidation: this.fieldValidation,
      overwrite: opts.overwrite,
      program: this.context.program,
      warn: (text) => this.warn(text),
      ...(opts.force
        ? {
            recreate: {
              propagationPolicy: this.propagation,
              gracePeriodSeconds: opts['grace-period'],
              timeoutMs: opts.timeout,
            },
          }
        : {}),
    });
    this.done(info, operation, before, manifest);
  }

  private async serverSide(cluster: Cluster, info: Info, before: Unstructured | undefined): Promise<void> {
    const { opts } = this;
    const body = info.object!;
    await applyServerSide(cluster, info, {
      dryRun: this.dryRun,
      fieldManager: this.changed('field-manager') ? opts['field-manager'] : SERVER_SIDE_MANAGER,
      fieldValidation: this.fieldValidation,
      force: opts['force-conflicts'],
      subresource: opts.subresource,
      warn: (text) => this.warn(text),
    });
    this.done(info, 'serverside-applied', before, body);
  }

  private async prune(): Promise<void> {
    const { prune } = await import('../cli/apply/prune.ts');
    const { opts } = this;
    const cluster = await this.cluster();
    const namespaces = new Set<string>(cluster.explicitNamespace ? [cluster.namespace] : []);
    for (const { info } of this.applied) if (info.namespace) namespaces.add(info.namespace);
    const visited = new Set(this.applied.map((a) => a.info.object!.metadata.uid ?? ''));
    // What is pruned is no part of the list of what was applied: a document of its own.
    const print = await this.printer();
    const pruning = {
      dryRun: this.dryRun,
      propagationPolicy: this.propagation,
      gracePeriodSeconds: opts['grace-period'],
      report: (object: Unstructured, mapping: Mapping) => {
        const info = { mapping, name: '', namespace: object.metadata.namespace, object };
        if (this.dryRun === 'none') this.record.add(info, 'pruned', object, undefined);
        const text = print(object, 'pruned');
        this.out(opts.output === '' ? paintOperation(this.paint!, 'pruned', text) : text);
      },
    };
    if (this.applySet) await this.applySet.prune(visited, pruning, this);
    else await prune(cluster, { kinds: this.allowed, selector: opts.selector, namespaces, visited }, pruning);
  }
}

function refuse(rules: readonly (readonly [boolean, string])[]): void {
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken) throw new CliError(broken[1]);
}

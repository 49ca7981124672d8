// `set subject`: more subjects in role bindings. Upstream: kubectl/pkg/cmd/set/set_subject.go.
import type { Subject } from 'kubernetes-types/rbac/v1.js';
import type { Unstructured } from '../../api/types.ts';
import { changeOf, sendChange } from '../../cli/apply/change.ts';
import { Command } from '../../cli/base.ts';
import { Builder, type Info } from '../../cli/builder/builder.ts';
import { CliError, throwCollected } from '../../cli/errors.ts';
import { type DryRun, dryRunFlag, dryRunOf, fieldManagerFlag, filenameFlags, selectorFlag } from '../../cli/flags.ts';
import { infoName, operationPrinter } from '../../cli/operation.ts';
import { flag, type FlagValues } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { asTyped } from '../../cli/typed.ts';

const flags = {
  all: flag.bool('Select all resources, in the namespace of the specified resource types'),
  ...dryRunFlag,
  ...fieldManagerFlag('kubectl-set'),
  ...filenameFlags('Filename, directory, or URL to files the resource to update the subjects'),
  group: flag.array('Groups to bind to the role'),
  local: flag.bool('If true, set subject will NOT contact api-server but run locally.'),
  ...printFlags,
  ...selectorFlag,
  serviceaccount: flag.array('Service accounts to bind to the role'),
  user: flag.array('Usernames to bind to the role'),
};

export default class SetSubject extends Command {
  static override summary = 'Update the user, group, or service account in a role binding or cluster role binding';
  static examples = `# Update a cluster role binding for serviceaccount1
{program} set subject clusterrolebinding admin --serviceaccount=namespace:serviceaccount1

# Update a role binding for user1, user2, and group1
{program} set subject rolebinding admin --user=user1 --user=user2 --group=group1

# Print the result (in YAML format) of updating rolebinding subjects from a local, without hitting the server
{program} create rolebinding admin --role=admin --user=admin -o yaml --dry-run=client | {program} set subject --local -f - --user=foo -o yaml`;
  static override usage =
    '(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]';
  static override flags = flags;

  private opts!: FlagValues<typeof flags>;
  private dryRun: DryRun = 'none';

  async run(): Promise<void> {
    const { flags: opts, args } = this.parse(SetSubject);
    this.opts = opts;
    this.dryRun = dryRunOf(opts['dry-run'], (t) => this.err(t));
    const print = await operationPrinter({ ...printOptionsOf(opts), typed: true, cwd: this.io.cwd }, this.dryRun);
    const infos = await this.find(args);
    this.validate(infos);
    const errors: Error[] = [];
    for (const info of infos) {
      try {
        const changed = await this.change(info);
        if (changed) this.out(print(opts.output ? asTyped(changed) : changed, 'subjects updated'));
      } catch (error) {
        errors.push(error as Error);
      }
    }
    throwCollected(errors);
  }

  private async find(args: readonly string[]): Promise<Info[]> {
    const { opts } = this;
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args,
      files: opts,
      ...(opts.local ? { local: true } : { labelSelector: opts.selector, all: opts.all }),
      fetch: 'latest',
      typed: true,
    }).build();
    throwCollected(built.errors);
    return built.infos;
  }

  private validate(infos: readonly Info[]): void {
    const { opts } = this;
    if (opts.local && this.dryRun === 'server') {
      throw new CliError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?');
    }
    if (opts.all && opts.selector) throw new CliError('cannot set --all and --selector at the same time');
    if (opts.user.length + opts.group.length + opts.serviceaccount.length === 0) {
      throw new CliError('you must specify at least one value of user, group or serviceaccount');
    }
    for (const account of opts.serviceaccount) {
      const [namespace, name, more] = account.split(':');
      if (!name || more !== undefined) throw new CliError('serviceaccount must be <namespace>:<name>');
      if (namespace === '' && infos.some((i) => i.mapping.kind === 'ClusterRoleBinding')) {
        throw new CliError('serviceaccount must be <namespace>:<name>, namespace must be specified');
      }
    }
  }

  /** Undefined when every subject is there already. */
  private async change(info: Info): Promise<Unstructured | undefined> {
    if (info.mapping.kind !== 'RoleBinding' && info.mapping.kind !== 'ClusterRoleBinding') {
      // Without a server upstream names it by its kind, and ends the line after a kind with a group.
      const local = `${infoName(info)}${info.mapping.group ? '\n' : ''}`;
      const name = this.opts.local ? local : `${info.mapping.plural}/${info.name}`;
      throw new CliError(`error: ${name} setting subjects is only supported for RoleBinding/ClusterRoleBinding\n`);
    }
    const wanted = await this.subjects();
    const change = changeOf(info, (draft) => {
      const known = (draft['subjects'] as Subject[] | undefined) ?? [];
      const missing = wanted.filter((s) => !known.some((k) => sameSubject(k, s)));
      if (missing.length > 0) draft['subjects'] = [...known, ...missing];
    });
    if (change.empty) return undefined;
    if (this.opts.local || this.dryRun === 'client') return change.draft;
    try {
      const options = { dryRun: this.dryRun, fieldManager: this.opts['field-manager'] };
      return await sendChange(await this.cluster(), info, change, options);
    } catch (error) {
      throw new CliError(`failed to patch subjects to rolebinding: ${(error as Error).message}`);
    }
  }

  private async subjects(): Promise<Subject[]> {
    const { opts } = this;
    const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
    const apiGroup = 'rbac.authorization.k8s.io';
    const needsNamespace = opts.serviceaccount.some((a) => a.startsWith(':'));
    const own = needsNamespace ? (await this.cluster()).namespace : '';
    return [
      ...sorted(opts.user).map((name) => ({ apiGroup, kind: 'User', name })),
      ...sorted(opts.group).map((name) => ({ apiGroup, kind: 'Group', name })),
      ...sorted(opts.serviceaccount).map((account) => {
        const [namespace = '', name = ''] = account.split(':');
        return { kind: 'ServiceAccount', name, namespace: namespace || own };
      }),
    ];
  }
}

const sameSubject = (a: Subject, b: Subject): boolean =>
  a.kind === b.kind &&
  a.name === b.name &&
  (a.namespace ?? '') === (b.namespace ?? '') &&
  (a.apiGroup ?? '') === (b.apiGroup ?? '');

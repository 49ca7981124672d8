// `auth reconcile`: roles and bindings of files, merged into those of the server by what they grant. Upstream:
// kubectl/pkg/cmd/auth/reconcile.go.
import { parseApiVersion, type Unstructured } from '../../api/types.ts';
import { Command } from '../../cli/base.ts';
import { Builder } from '../../cli/builder/builder.ts';
import { AggregateCliError, CliError, throwCollected } from '../../cli/errors.ts';
import { dryRunFlag, dryRunOf, filenameFlags } from '../../cli/flags.ts';
import { operationPrinter } from '../../cli/operation.ts';
import { flag } from '../../cli/pflag.ts';
import { printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { isBinding, policyRuleText, type RbacObject, type Reconciled, subjectText } from '../../api/rbac-reconcile.ts';
import { rbacTypes, reconcile } from '../../cli/rbac/reconcile.ts';
import { isRegistered, notRegistered } from '../../cli/registered.ts';
import { asTyped } from '../../cli/typed.ts';

const GROUP = 'rbac.authorization.k8s.io';

export default class Reconcile extends Command {
  static short = 'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects';
  static override summary =
    'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects';
  static description = `Missing objects are created, and the containing namespace is created for namespaced objects, if required.

Existing roles are updated to include the permissions in the input objects, and remove extra permissions if --remove-extra-permissions is specified.

Existing bindings are updated to include the subjects in the input objects, and remove extra subjects if --remove-extra-subjects is specified.

This is preferred to 'apply' for RBAC resources so that semantically-aware merging of rules and subjects is done.`;
  static examples = `# Reconcile RBAC resources from a file
{program} auth reconcile -f my-rbac-rules.yaml`;
  static override usage = '-f FILENAME';
  static override flags = {
    ...dryRunFlag,
    ...filenameFlags('Filename, directory, or URL to files identifying the resource to reconcile.'),
    ...printFlags,
    'remove-extra-permissions': flag.bool('If true, removes extra permissions added to roles'),
    'remove-extra-subjects': flag.bool('If true, removes extra subjects added to rolebindings'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Reconcile);
    if (flags.filename.length === 0 && !flags.kustomize) throw new CliError('must specify one of -f and -k');
    if (args.length > 0) throw new CliError('no arguments are allowed');
    const dryRun = dryRunOf(flags['dry-run'], (t) => this.err(t));
    if (dryRun === 'server') throw new CliError('--dry-run=server for command reconcile is not supported yet');
    const print = { ...printOptionsOf(flags), typed: true, cwd: this.io.cwd };
    const say = await operationPrinter(print, dryRun);
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      files: flags,
      local: true,
    }).build();
    const cluster = await this.cluster();
    const errors: unknown[] = [];
    for (const info of built.infos) {
      try {
        if (cluster.explicitNamespace) requireNamespace(info.object!, cluster.namespace);
        const expected = roleOrBinding(info.object!, info.source ?? '');
        if (!expected) continue;
        const extra = isBinding(expected) ? 'remove-extra-subjects' : 'remove-extra-permissions';
        const result = await reconcile(cluster, expected, { dryRun: dryRun === 'client', removeExtra: flags[extra] });
        this.out(say(asTyped(result.object as unknown as Unstructured), 'reconciled'));
        this.explain(result, flags[extra]);
      } catch (error) {
        errors.push(error);
      }
    }
    const all = [...errors, ...built.errors] as Error[];
    if (all.length > 1) throw new AggregateCliError(all);
    throwCollected(all);
  }

  private explain(result: Reconciled, removed: boolean): void {
    if (result.operation === 'none') return;
    const caveat = result.isProtected
      ? `, but object opted out (${GROUP.replace('k8s', 'kubernetes')}/autoupdate: false)`
      : '';
    const lines = [`\treconciliation required ${result.operation}${caveat}`];
    const list = (title: string, texts: readonly string[]): void => {
      if (texts.length > 0) lines.push(`\t${title}:`, ...texts.map((text) => `\t\t${text}`));
    };
    list('missing subjects added', result.missingSubjects.map(subjectText));
    if (removed) list('extra subjects removed', result.extraSubjects.map(subjectText));
    list('missing rules added', result.missingRules.map(policyRuleText));
    if (removed) list('extra rules removed', result.extraRules.map(policyRuleText));
    this.err(`${lines.join('\n')}\n`);
  }
}

/** Objects of other kinds are passed over; those that nobody knows are refused. */
function roleOrBinding(object: Unstructured, source: string): RbacObject | undefined {
  const { group, version } = parseApiVersion(object.apiVersion);
  const isRbac = group === GROUP && rbacTypes[object.kind] !== undefined;
  if (isRbac && /^v1(alpha|beta)1$/.test(version)) {
    throw new CliError(`only ${GROUP}/v1 is supported: not *${version}.${object.kind}`);
  }
  if (!isRegistered(object)) throw new CliError(notRegistered(object, source));
  return isRbac ? (object as RbacObject) : undefined;
}

/** Upstream: resource.RequireNamespace, for objects whose scope nobody has asked for. */
function requireNamespace(object: Unstructured, namespace: string): void {
  const own = object.metadata?.namespace ?? '';
  if (own === '' || own === namespace) return;
  throw new CliError(
    `the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
  );
}

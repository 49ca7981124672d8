// `auth can-i`. Upstream: kubectl/pkg/cmd/auth/cani.go.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { Command } from '../../cli/base.ts';
import { policyRows } from '../../cli/describe/_rbac.ts';
import { CliError, PlainError } from '../../cli/errors.ts';
import { allNamespacesFlag } from '../../cli/flags.ts';
import { flag } from '../../cli/pflag.ts';
import { Columns } from '../../cli/print/columns.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1';
const resourceVerbs = new Set(
  'get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest'.split(
    ' ',
  ),
);
const urlVerbs = new Set('get put post head options delete patch *'.split(' '));

interface Resource {
  group: string;
  plural: string;
  namespaced?: boolean;
}

export default class CanI extends Command {
  static override summary = 'Check whether an action is allowed';
  static description = `VERB is a logical Kubernetes API verb like 'get', 'list', 'watch', 'delete', etc. TYPE is a Kubernetes resource. Shortcuts and groups will be resolved. NONRESOURCEURL is a partial URL that starts with "/". NAME is the name of a particular Kubernetes resource. This command pairs nicely with impersonation. See --as global flag.`;
  static examples = `# Check to see if I can create pods in any namespace
{program} auth can-i create pods --all-namespaces

# Check to see if I can list deployments in my current namespace
{program} auth can-i list deployments.apps

# Check to see if I can do everything in my current namespace ("*" means all)
{program} auth can-i '*' '*'

# Check to see if I can read pod logs
{program} auth can-i get pods --subresource=log

# List all allowed actions in namespace "foo"
{program} auth can-i --list --namespace=foo

# May the service account "foo" of the namespace "dev" list the pods of the namespace "prod"?
{program} auth can-i list pods --as=system:serviceaccount:dev:foo -n prod

# May I read the job "bar" of the namespace "foo"?
{program} auth can-i get jobs.batch/bar -n foo

# May I read the URL /logs/?
{program} auth can-i get /logs/

# May I approve certificates of a group?
{program} auth can-i approve certificates.k8s.io`;
  static override usage = 'VERB [TYPE | TYPE/NAME | NONRESOURCEURL]';
  static override flags = {
    ...allNamespacesFlag,
    list: flag.bool('If true, prints all allowed actions.'),
    'no-headers': flag.bool('If true, prints allowed actions without headers'),
    quiet: flag.bool('If true, suppress output and just return the exit code.', { short: 'q' }),
    subresource: flag.string('SubResource such as pod/log or deployment/scale'),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(CanI);
    if (flags.list) {
      if (args.length > 0) throw new CliError('list option must be specified with no arguments');
      if (flags.quiet || flags['all-namespaces'] || flags.subresource) {
        throw new CliError("list option can't be specified with neither quiet, all-namespaces nor subresource options");
      }
      return this.list(flags['no-headers']);
    }
    if (args.length !== 2) {
      throw new CliError(
        `you must specify two arguments: verb resource or verb resource/resourceName.\nSee '${this.context.program} auth can-i -h' for help and examples.`,
      );
    }
    const [verb, what] = args as [string, string];
    if (flags['no-headers']) throw new CliError('--no-headers cannot be set without --list specified');
    const cluster = await this.cluster();
    const spec = what.startsWith('/')
      ? this.urlSpec(verb, what, flags.subresource)
      : await this.resourceSpec(verb, what, flags.subresource, flags['all-namespaces'] ? '' : cluster.namespace);
    const body = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec };
    const { status } = await cluster.json<{ status: { allowed?: boolean; reason?: string; evaluationError?: string } }>(
      'POST',
      `${REVIEWS}/selfsubjectaccessreviews`,
      { body },
    );
    const reason = status.reason ? ` - ${status.reason}` : '';
    const failure = status.evaluationError ? ` - ${status.evaluationError}` : '';
    if (!flags.quiet) this.out(status.allowed ? 'yes\n' : `no${reason}${failure}\n`);
    if (!status.allowed) throw new PlainError('');
  }

  private urlSpec(verb: string, path: string, subresource: string): unknown {
    if (subresource) throw new CliError('--subresource can not be used with NonResourceURL');
    if (!urlVerbs.has(verb)) this.err(`Warning: verb '${verb}' is not a known verb\n\n`);
    return { nonResourceAttributes: { path, verb } };
  }

  private async resourceSpec(verb: string, what: string, subresource: string, namespace: string): Promise<unknown> {
    const [typeText = '', name = ''] = what.split(/\/(.*)/s);
    const resource = await this.resource(typeText);
    if (namespace !== '' && resource.namespaced === false) {
      const group = resource.group ? ` in group '${resource.group}'` : '';
      this.err(`Warning: resource '${resource.plural}' is not namespace scoped${group}\n\n`);
    }
    if (!resourceVerbs.has(verb)) this.err(`Warning: verb '${verb}' is not a known verb\n\n`);
    return {
      resourceAttributes: { namespace, verb, group: resource.group, resource: resource.plural, subresource, name },
    };
  }

  /** A type that the server does not know is asked about all the same. */
  private async resource(text: string): Promise<Resource> {
    if (text === '*') return { group: '*', plural: '*' };
    const cluster = await this.cluster();
    try {
      return await (await cluster.mapper()).resource(text.toLowerCase());
    } catch {
      const [plural = '', ...group] = text.toLowerCase().split('.');
      const where = group.length > 0 ? ` in group '${group.join('.')}'` : '';
      this.err(`Warning: the server doesn't have a resource type '${plural}'${where}\n\n`);
      return { group: group.join('.'), plural };
    }
  }

  private async list(noHeaders: boolean): Promise<void> {
    const cluster = await this.cluster();
    const body = {
      kind: 'SelfSubjectRulesReview',
      apiVersion: 'authorization.k8s.io/v1',
      spec: { namespace: cluster.namespace },
    };
    interface Rules {
      resourceRules?: PolicyRule[];
      nonResourceRules?: PolicyRule[];
      incomplete?: boolean;
      evaluationError?: string;
    }
    const { status } = await cluster.json<{ status: Rules }>('POST', `${REVIEWS}/selfsubjectrulesreviews`, { body });
    const columns = new Columns();
    if (!noHeaders) columns.add(['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']);
    for (const row of policyRows([...(status.resourceRules ?? []), ...(status.nonResourceRules ?? [])])) {
      const [resource = '', ...sub] = row.resource.split('/');
      const name =
        row.resource === ''
          ? ''
          : `${resource}${row.group ? `.${row.group}` : ''}${sub.length > 0 ? `/${sub.join('/')}` : ''}`;
      columns.add([name, ...[row.nonResourceUrls, row.resourceNames, row.verbs].map((l) => `[${l.join(' ')}]`)]);
    }
    this.out(columns.flush());
    if (status.incomplete) {
      this.err(`warning: the list may be incomplete: ${status.evaluationError ?? ''}\n`);
    }
  }
}

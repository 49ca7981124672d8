// `create rolebinding`. Upstream: kubectl/pkg/cmd/create/create_rolebinding.go.
import { CliError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';
import { subjectFlags, subjectsOf } from './_rbac.ts';

const RoleBindings = type('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding');

export default class CreateRoleBinding extends Generator {
  static override summary = 'Create a role binding for a particular role or cluster role';
  static examples = `# Create a role binding for user1, user2, and group1 using the admin cluster role
{program} create rolebinding admin --clusterrole=admin --user=user1 --user=user2 --group=group1

# Create a role binding for service account monitoring:sa-dev using the admin role
{program} create rolebinding admin-binding --role=admin --serviceaccount=monitoring:sa-dev`;
  static override usage =
    'NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    clusterrole: flag.string('ClusterRole this RoleBinding should reference'),
    role: flag.string('Role this RoleBinding should reference'),
    ...subjectFlags('role'),
  };
  protected override failure = 'failed to create rolebinding: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateRoleBinding);
    const name = this.oneName();
    if ((flags.clusterrole === '') === (flags.role === '')) {
      throw new CliError('exactly one of clusterrole or role must be specified');
    }
    const roleRef = {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: flags.clusterrole ? 'ClusterRole' : 'Role',
      name: flags.clusterrole || flags.role,
    };
    const subjects = subjectsOf(flags);
    const object = { metadata: this.metadata(name), ...(subjects.length > 0 ? { subjects } : {}), roleRef };
    await this.create(RoleBindings, typed(RoleBindings, object), flags);
  }
}

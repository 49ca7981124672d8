// `create clusterrolebinding`. Upstream: kubectl/pkg/cmd/create/create_clusterrolebinding.go.
import { flag } from '../../cli/pflag.ts';
import { Generator, generatorFlags, type, typed } from './_generator.ts';
import { subjectFlags, subjectsOf } from './_rbac.ts';

const ClusterRoleBindings = type('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false);

export default class CreateClusterRoleBinding extends Generator {
  static override summary = 'Create a cluster role binding for a particular cluster role';
  static examples = `# Create a cluster role binding for user1, user2, and group1 using the cluster-admin cluster role
{program} create clusterrolebinding cluster-admin --clusterrole=cluster-admin --user=user1 --user=user2 --group=group1`;
  static override usage =
    'NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]';
  static override flags = {
    ...generatorFlags,
    clusterrole: flag.string('ClusterRole this ClusterRoleBinding should reference'),
    ...subjectFlags('clusterrole'),
  };
  protected override failure = 'failed to create clusterrolebinding: ';

  async run(): Promise<void> {
    const { flags } = this.parse(CreateClusterRoleBinding);
    this.requireFlags('clusterrole');
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: flags.clusterrole };
    const subjects = subjectsOf(flags);
    const metadata = this.metadata(this.oneName(), {}, false);
    const object = { metadata, ...(subjects.length > 0 ? { subjects } : {}), roleRef };
    await this.create(ClusterRoleBindings, typed(ClusterRoleBindings, object), flags);
  }
}

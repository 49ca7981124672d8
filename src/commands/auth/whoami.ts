// `auth whoami`. Upstream: kubectl/pkg/cmd/auth/whoami.go.
import { isNotFound, isReason } from '../../api/status.ts';
import type { Unstructured } from '../../api/types.ts';
import { Command } from '../../cli/base.ts';
import type { Cluster } from '../../cli/cluster.ts';
import { CliError } from '../../cli/errors.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { Columns } from '../../cli/print/columns.ts';

/** The newest first; servers before 1.28 have an older one only, and those before 1.26 none. */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];

async function review(cluster: Cluster): Promise<Unstructured> {
  for (const version of VERSIONS) {
    const apiVersion = `authentication.k8s.io/${version}`;
    try {
      return await cluster.json('POST', `/apis/${apiVersion}/selfsubjectreviews`, {
        body: { kind: 'SelfSubjectReview', apiVersion },
      });
    } catch (error) {
      if (isReason(error, 'Forbidden')) {
        throw new CliError(
          'the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it',
        );
      }
      if (!isNotFound(error)) throw error;
    }
  }
  throw new CliError(
    'the selfsubjectreviews API is not enabled in the cluster\nenable APISelfSubjectReview feature gate and authentication.k8s.io/v1alpha1 or authentication.k8s.io/v1beta1 API',
  );
}

interface UserInfo {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

export default class WhoAmI extends Command {
  static override summary = 'Experimental: Check who you are and your attributes (groups, extra)';
  static short = 'Experimental: Check self subject attributes';
  static description = `The server is asked who you are (SelfSubjectReview); an error is printed when it has no such API.`;
  static examples = `# Get your subject attributes
{program} auth whoami

# Get your subject attributes in JSON format
{program} auth whoami -o json`;
  static override flags = printFlags;

  async run(): Promise<void> {
    const { flags } = this.parse(WhoAmI);
    const print =
      flags.output || flags.template
        ? await objectPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd })
        : undefined;
    const answer = await review(await this.cluster());
    if (print) return this.out(print(answer));
    const user = (answer['status'] as { userInfo?: UserInfo } | undefined)?.userInfo ?? {};
    const columns = new Columns();
    columns.add(['ATTRIBUTE', 'VALUE']);
    if (user.username) columns.add(['Username', user.username]);
    if (user.uid) columns.add(['UID', user.uid]);
    if (user.groups?.length) columns.add(['Groups', `[${user.groups.join(' ')}]`]);
    for (const key of Object.keys(user.extra ?? {}).sort()) {
      columns.add([`Extra: ${key}`, `[${user.extra![key]!.join(' ')}]`]);
    }
    this.out(columns.flush());
  }
}

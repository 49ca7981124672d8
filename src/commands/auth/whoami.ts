// `auth whoami`. Upstream: kubectl/pkg/cmd/auth/whoami.go.
import type { Unstructured } from '../../api/types.ts';
import { Command } from '../../cli/base.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../../cli/print/object.ts';
import { Columns } from '../../cli/print/columns.ts';

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
    const answer = await (
      await this.cluster()
    ).json<Unstructured>('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
    });
    if (flags.output || flags.template) {
      const print = await objectPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd });
      return this.out(print(answer));
    }
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

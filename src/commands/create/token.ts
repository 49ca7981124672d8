// `create token`. Upstream: kubectl/pkg/cmd/create/create_token.go.
import type { Unstructured } from '../../api/types.ts';
import { Command } from '../../cli/base.ts';
import { CliError, UsageError } from '../../cli/errors.ts';
import { flag } from '../../cli/pflag.ts';
import { objectPrinter, printFlags, printOptionsOf } from '../../cli/print/object.ts';

const boundKinds: Record<string, string> = { Node: 'v1', Pod: 'v1', Secret: 'v1' };

export default class CreateToken extends Command {
  static override summary = 'Request a service account token';
  static examples = `# Request a token to authenticate to the kube-apiserver as the service account "myapp" in the current namespace
{program} create token myapp

# Request a token with a custom expiration
{program} create token myapp --duration 10m

# Request a token with a custom audience
{program} create token myapp --audience https://example.com

# A token of a service account in another namespace
{program} create token myapp --namespace myns

# A token that ends with a Secret
{program} create token myapp --bound-object-kind Secret --bound-object-name mysecret

# A token that ends with this very Secret, and not one of the same name
{program} create token myapp --bound-object-kind Secret --bound-object-name mysecret --bound-object-uid 0d4691ed-659b-4935-a832-355f77ee47cc`;
  static override usage = 'SERVICE_ACCOUNT_NAME';
  static override flags = {
    audience: flag.array(
      'Audience of the requested token. If unset, defaults to requesting a token for use with the Kubernetes API server. May be repeated to request a token valid for multiple audiences.',
    ),
    'bound-object-kind': flag.string(
      'Kind of an object to bind the token to. Supported kinds are Node, Pod, Secret. If set, --bound-object-name must be provided.',
    ),
    'bound-object-name': flag.string(
      'Name of an object to bind the token to. The token will expire when the object is deleted. Requires --bound-object-kind.',
    ),
    'bound-object-uid': flag.string(
      'UID of an object to bind the token to. Requires --bound-object-kind and --bound-object-name. If unset, the UID of the existing object is used.',
    ),
    duration: flag.duration(
      'Requested lifetime of the issued token. If not set or if set to 0, the lifetime will be determined by the server automatically. The server may return a token with a longer or shorter lifetime.',
    ),
    ...printFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(CreateToken);
    if (args.length !== 1) throw new UsageError(`exactly one NAME is required, got ${args.length}`);
    const kind = flags['bound-object-kind'];
    const name = flags['bound-object-name'];
    if (flags.duration < 0) throw new CliError('--duration must be greater than or equal to 0');
    if (flags.duration % 1000 !== 0) throw new CliError('--duration cannot be expressed in units less than seconds');
    if (flags.audience.includes('')) throw new CliError('--audience must not be an empty string');
    if (!kind && name) throw new CliError('--bound-object-name can only be set if --bound-object-kind is provided');
    if (!kind && flags['bound-object-uid']) {
      throw new CliError('--bound-object-uid can only be set if --bound-object-kind is provided');
    }
    if (kind && !boundKinds[kind]) throw new CliError('supported --bound-object-kind values are Node, Pod, Secret');
    if (kind && !name) throw new CliError('--bound-object-name is required if --bound-object-kind is provided');
    const uid = flags['bound-object-uid'];
    const spec = {
      audiences: flags.audience.length > 0 ? flags.audience : null,
      ...(flags.duration > 0 ? { expirationSeconds: flags.duration / 1000 } : {}),
      ...(kind ? { boundObjectRef: { kind, apiVersion: boundKinds[kind], name, ...(uid ? { uid } : {}) } } : {}),
    };
    const cluster = await this.cluster();
    const path = `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/serviceaccounts/${encodeURIComponent(args[0]!)}/token`;
    const body = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec };
    let answer: Unstructured;
    try {
      answer = await cluster.json('POST', path, { body });
    } catch (error) {
      throw new CliError(`failed to create token: ${(error as Error).message}`);
    }
    const token = (answer['status'] as { token?: string } | undefined)?.token;
    if (!token) throw new CliError('failed to create token: no token in server response');
    if (!flags.output) return this.out(`${token}\n`);
    const print = await objectPrinter({ ...printOptionsOf(flags), typed: true, cwd: this.io.cwd });
    this.out(print(answer));
  }
}

// `explain`: from the server's own OpenAPI documents. Upstream: kubectl/pkg/cmd/explain/explain.go.
import { isNotFound } from '../api/status.ts';
import { explainFromOpenApi } from '../api/schema/explain.ts';
import { explainFromOpenApiV2 } from '../api/schema/explain-v2.ts';
import { Command } from '../cli/base.ts';
import type { Cluster } from '../cli/cluster.ts';
import { dottedPath } from '../cli/dotted-path.ts';
import { didYouMean, withHint } from '../cli/hints.ts';
import { nearest } from '../cli/suggest.ts';
import { CliError, PlainError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';

export default class Explain extends Command {
  static override summary = 'Describe fields and structure of various resources';
  static short = 'Get documentation for a resource';
  static description = `This command describes the fields associated with each supported API resource. Fields are identified via a simple JSONPath identifier:

  <type>.<fieldName>[.<fieldName>]

Information about each field is retrieved from the server in OpenAPI format.

"{program} api-resources" lists the types.`;
  static examples = `# Get the documentation of the resource and its fields
{program} explain pods

# Get all the fields in the resource
{program} explain pods --recursive

# Get the explanation for deployment in supported api versions
{program} explain deployments --api-version=apps/v1

# Get the documentation of a specific field of a resource
{program} explain pods.spec.containers

# The layout of earlier days
{program} explain deployment --output=plaintext-openapiv2`;
  static override usage =
    'TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]';
  static override flags = {
    'api-version': flag.string('Use given api-version (group/version) of the resource.'),
    output: flag.string('Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).', {
      short: 'o',
      default: 'plaintext',
    }),
    recursive: flag.bool(
      'When true, print the name of all the fields recursively. Otherwise, print the available fields with their description.',
    ),
  };

  async run(): Promise<void> {
    const { flags, args } = this.parse(Explain);
    const [subject] = args;
    if (subject === undefined) {
      throw new CliError(
        `You must specify the type of resource to explain. Use "${this.context.program} api-resources" for a complete list of supported resources.\n`,
      );
    }
    if (!['plaintext', 'plaintext-openapiv2'].includes(flags.output)) {
      throw new CliError(`unrecognized format: ${flags.output}`);
    }
    if (args.length > 1) throw new CliError('We accept only this format: explain RESOURCE\n');
    const cluster = await this.cluster();
    const mapper = await cluster.mapper();
    const [resource = '', ...rest] = dottedPath(subject, 'first node');
    if (resource === '') throw new CliError('a resource must be present, got: /, Resource=');
    const found = await mapper.resource(resource).catch((error: unknown) => {
      // Upstream does not put `error: ` before this one.
      throw error instanceof CliError ? new PlainError(error.message) : error;
    });
    const path = withoutGroup(rest, found.group);
    const wanted = flags['api-version'] ? this.version(flags['api-version']) : found;
    const { group, version } = wanted;
    const document = flags.output === 'plaintext' ? await this.document(cluster, wanted, found.plural) : undefined;
    if (!document) {
      const old = JSON.parse(await cluster.text('GET', '/openapi/v2')) as object;
      return this.out(explainFromOpenApiV2(old, { group, version, kind: found.kind }, path, flags.recursive));
    }
    try {
      this.out(explainFromOpenApi(document, { group, version, resource: found.plural }, path, flags.recursive));
    } catch (error) {
      const head = `${group ? `GROUP:      ${group}\n` : ''}KIND:       ${found.kind}\nVERSION:    ${version}\n\n`;
      if (!/^field .* does not exist$/.test((error as Error).message)) throw error;
      this.out(head);
      const above = (depth: number): string =>
        explainFromOpenApi(document, { group, version, resource: found.plural }, path.slice(0, depth), false);
      throw withHint(error as Error, this.io.stderr.isTTY ? nearestField(path, above) : undefined);
    }
  }

  private version(text: string): { group: string; version: string } {
    const parts = text.split('/');
    if (parts.length > 2) throw new CliError(`unexpected GroupVersion string: ${text}`);
    return parts.length === 1 ? { group: '', version: text } : { group: parts[0]!, version: parts[1]! };
  }

  /** Of a group and version, in OpenAPI v3; undefined from a server that knows no v3 at all. */
  private async document(
    cluster: Cluster,
    { group, version }: { group: string; version: string },
    plural: string,
  ): Promise<object | undefined> {
    const address = group === '' ? `/openapi/v3/api/${version}` : `/openapi/v3/apis/${group}/${version}`;
    try {
      return await cluster.json<object>('GET', address);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (await hasV3(cluster))
        throw new CliError(`couldn't find resource for "${group}/${version}, Resource=${plural}"`);
      return undefined;
    }
  }
}

async function hasV3(cluster: Cluster): Promise<boolean> {
  try {
    await cluster.json('GET', '/openapi/v3');
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Words after the resource: its group may stand before the fields, as in `deployments.apps.spec`. */
function withoutGroup(words: readonly string[], group: string): string[] {
  const parts = group === '' ? [] : group.split('.');
  const named = parts.length > 0 && parts.every((part, i) => words[i] === part);
  return words.slice(named ? parts.length : 0).filter((word) => word !== '');
}

/** The field that was meant by the first that is not there; `above` explains so many fields of the path. */
function nearestField(path: readonly string[], above: (depth: number) => string): string | undefined {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    try {
      const names = [...above(depth).matchAll(/^ {2}(\w+)\t/gm)].map(([, name]) => name!);
      const near = nearest(path[depth]!, names);
      return didYouMean(near && [...path.slice(0, depth), near].join('.'));
    } catch {
      // The fault is further up.
    }
  }
  return undefined;
}

// The grammar of arguments that name resources: `TYPE`, `TYPE NAME...`, `TYPE/NAME...`, `t1,t2 name`. Pure; what the
// words mean on a server is mapper.ts. Upstream: cli-runtime/pkg/resource/builder.go ResourceTypeOrNameArgs.
import { CliError } from '../errors.ts';

export interface Tuple {
  resource: string;
  name: string;
}
export interface ParsedArgs {
  types: string[];
  names: string[];
  tuples: Tuple[];
}

const splitTypes = (arg: string): string[] => arg.split(',').filter((t) => t !== '');

export function parseResourceArgs(input: readonly string[], program: string): ParsedArgs {
  const args = combine(input);
  const slashes = args.filter((a) => a.includes('/')).length;
  if (slashes > 0 && slashes !== args.length) {
    throw new CliError(
      `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '${program} get resource/<resource_name>' instead of '${program} get resource resource/<resource_name>'`,
    );
  }
  if (slashes > 0) return { types: [], names: [], tuples: args.map(parseTuple) };
  return { types: splitTypes(args[0] ?? ''), names: args.slice(1), tuples: [] };
}

/** `a,b name` is `a/name b/name`. */
function combine(args: readonly string[]): readonly string[] {
  if (args.length < 2) return args;
  const types = splitTypes(args[0]!);
  if (types.length < 2) return args;
  return types.flatMap((type) => args.slice(1).map((name) => `${type}/${name}`));
}

export function parseTuple(arg: string): Tuple {
  const parts = arg.split('/');
  if (parts.length !== 2) {
    throw new CliError('arguments in resource/name form may not have more than one slash');
  }
  const [resource, name] = parts as [string, string];
  if (resource === '' || name === '' || splitTypes(resource).length !== 1) {
    throw new CliError('arguments in resource/name form must have a single resource and name');
  }
  return { resource, name };
}

// What exec, attach, port-forward and cp share: from an argument to the pod and container that are meant.
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Command } from '../cli/base.ts';
import { Builder } from '../cli/builder/builder.ts';
import { CliError } from '../cli/errors.ts';
import { flag } from '../cli/pflag.ts';
import { attachablePod } from '../cli/pods.ts';
import type { Unstructured } from '../api/types.ts';

export const podRunningTimeoutFlag = {
  'pod-running-timeout': flag.duration(
    'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
    { default: 60_000 },
  ),
};

export abstract class PodCommand extends Command {
  /** Upstream: cmdutil.GetPodRunningTimeoutFlag, as its callers word it. */
  protected checkTimeout(timeoutMs: number): void {
    if (timeoutMs <= 0) this.usageError('--pod-running-timeout must be higher than zero');
  }

  /** The object that `NAME` or `TYPE/NAME` or a file names; a name alone is of the default type. */
  protected async namedObject(
    name: string | undefined,
    filename: readonly string[] = [],
    defaultType = 'pods',
  ): Promise<Unstructured> {
    const built = await new Builder(() => this.cluster(), this.io, this.context.program, {
      args: name === undefined ? [] : [name],
      defaultType,
      files: { filename },
      fetch: 'latest',
      typed: true,
    }).build();
    if (built.errors.length > 0) throw built.errors[0];
    if (built.infos.length > 1) throw new CliError(`cannot ${this.context.path[0]} into multiple objects at a time`);
    return built.infos[0]!.object!;
  }

  protected async podOf(object: Unstructured, timeoutMs: number): Promise<Pod> {
    return attachablePod(await this.cluster(), object, timeoutMs);
  }
}

/** The path of a pod's streaming subresource. Lists repeat a key. */
export function streamPath(
  pod: Pod,
  subresource: string,
  query: readonly (readonly [string, string | boolean])[],
): string {
  const { name = '', namespace = '' } = pod.metadata ?? {};
  const search = new URLSearchParams();
  for (const [key, value] of query) if (value !== false) search.append(key, String(value));
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${subresource}`;
  return search.size > 0 ? `${path}?${search}` : path;
}

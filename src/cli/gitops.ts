// What the GitOps verbs share: the two kinds, finding objects by name, asking for a reconcile and waiting for it.
import { isNotFound } from '../api/status.ts';
import type { ResourceType, Unstructured } from '../api/types.ts';
import type { Cluster } from './cluster.ts';
import { CliError } from './errors.ts';
import { flag } from './pflag.ts';

export const DEFAULT_NAMESPACE = 'sampan-system';
const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';

const type = (group: string, plural: string, kind: string): ResourceType => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
export const gitopsKinds = {
  gitrepository: type('source.toolkit.fluxcd.io', 'gitrepositories', 'GitRepository'),
  kustomization: type('kustomize.toolkit.fluxcd.io', 'kustomizations', 'Kustomization'),
} as const;
export type GitOpsKind = keyof typeof gitopsKinds;

export interface GitOpsObject extends Unstructured {
  spec: {
    suspend?: boolean;
    url?: string;
    path?: string;
    sourceRef?: { kind: string; name: string; namespace?: string };
  };
  status?: {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    artifact?: { revision: string };
    lastAppliedRevision?: string;
    lastHandledReconcileAt?: string;
    inventory?: { entries: { id: string; v: string }[] };
  };
}

const aliases: Record<string, GitOpsKind> = {
  gitrepository: 'gitrepository',
  gitrepositories: 'gitrepository',
  gitrepo: 'gitrepository',
  source: 'gitrepository',
  kustomization: 'kustomization',
  kustomizations: 'kustomization',
  ks: 'kustomization',
};

export function gitopsKind(text: string): GitOpsKind {
  const kind = aliases[text.toLowerCase()];
  if (!kind) throw new CliError(`unknown kind "${text}": must be gitrepository or kustomization`);
  return kind;
}

/** `NAME` (a Kustomization), `KIND NAME` or `KIND/NAME`. */
export function parseTarget(args: readonly string[]): { kind: GitOpsKind; name: string } {
  if (args.length === 2) return { kind: gitopsKind(args[0]!), name: args[1]! };
  const [first = ''] = args;
  if (args.length !== 1 || first === '') throw new CliError('give a name: NAME, or KIND NAME');
  const slash = first.indexOf('/');
  return slash < 0
    ? { kind: 'kustomization', name: first }
    : { kind: gitopsKind(first.slice(0, slash)), name: first.slice(slash + 1) };
}

/** The namespace of -n, or ours: GitOps objects seldom live where people work. */
export const gitopsNamespace = (cluster: Cluster): string =>
  cluster.explicitNamespace ? cluster.namespace : DEFAULT_NAMESPACE;

export async function readObject(cluster: Cluster, kind: GitOpsKind, name: string): Promise<GitOpsObject> {
  const namespace = gitopsNamespace(cluster);
  try {
    return (await cluster.client.get(gitopsKinds[kind], { namespace, name })) as GitOpsObject;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CliError(`${kind} "${name}" not found in namespace "${namespace}" (-n chooses another)`);
  }
}

export const readyOf = (object: GitOpsObject) => object.status?.conditions?.find((c) => c.type === 'Ready');

/** Asks for a reconcile now and waits until it has ended. Throws CliError with the reason when it failed. */
export async function reconcile(
  cluster: Cluster,
  kind: GitOpsKind,
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<GitOpsObject> {
  const namespace = gitopsNamespace(cluster);
  const requested = new Date().toISOString();
  const patch = { metadata: { annotations: { [REQUESTED_AT]: requested } } };
  await cluster.client.patch(gitopsKinds[kind], { namespace, name }, 'merge', patch);
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const object = await readObject(cluster, kind, name);
    const ready = readyOf(object);
    if (object.status?.lastHandledReconcileAt === requested && ready?.status !== 'Unknown') {
      if (ready?.status === 'True') return object;
      throw new CliError(`${kind} ${name} is not ready: ${ready?.message ?? 'no condition'}`);
    }
    signal.throwIfAborted();
    if (Date.now() > deadline)
      throw new CliError(`timed out waiting for ${kind} ${name}: ${ready?.message ?? 'no condition yet'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const timeoutFlag = { timeout: flag.duration('How long to wait.', { default: 300_000 }) };

// ServiceAccount: the token subresource (TokenRequest). Upstream: pkg/registry/core/serviceaccount/storage/token.go.
import { Nodes, Pods, Secrets } from '../../../api/resources.ts';
import { StatusError, badRequest, conflict, notFound } from '../../../api/status.ts';
import type { KubeObject, Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import { timestamp } from '../verbs/metadata.ts';
import { type SubresourceContext, type TokenIssuer, defineHooks } from '../types.ts';

interface TokenRequestSpec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string };
}
type Claims = Parameters<TokenIssuer['issue']>[0];

const DEFAULT_SECONDS = 3_600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

export default defineHooks({ group: '', plural: 'serviceaccounts', subresources: { token } });

async function token(context: SubresourceContext): Promise<Unstructured> {
  const { tokens } = context.options;
  if (!tokens) throw new StatusError('NotFound', 'the server could not find the requested resource', {});
  const account = await context.read();
  const body = await context.body();
  const spec: TokenRequestSpec = { ...(body?.['spec'] as TokenRequestSpec | undefined) };
  check(spec);
  const claims: Claims = {
    namespace: context.namespace,
    serviceAccount: { name: context.name, uid: account.metadata.uid! },
    expirationSeconds: spec.expirationSeconds ?? DEFAULT_SECONDS,
    ...(spec.audiences?.length ? { audiences: spec.audiences } : {}),
  };
  if (spec.boundObjectRef) bind(context, claims, spec.boundObjectRef);
  const status = context.dryRun ? undefined : await tokens.issue(claims);
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      name: context.name,
      namespace: context.namespace,
      creationTimestamp: timestamp((context.options.clock ?? Date).now()),
    },
    spec: {
      audiences: claims.audiences ?? [tokens.issuer],
      expirationSeconds: claims.expirationSeconds,
      boundObjectRef: spec.boundObjectRef ?? null,
    },
    status: status ?? { token: '', expirationTimestamp: null },
  };
}

function check({ expirationSeconds }: TokenRequestSpec): void {
  if (expirationSeconds === undefined) return;
  const errors = new FieldErrors();
  const field = 'spec.expirationSeconds';
  if (expirationSeconds < MIN_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes');
  }
  if (expirationSeconds > MAX_SECONDS) {
    errors.invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  }
  if (!errors.empty) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors);
}

const BINDABLE = { Pod: Pods, Secret: Secrets, Node: Nodes } as const;

function bind(
  context: SubresourceContext,
  claims: Claims,
  reference: NonNullable<TokenRequestSpec['boundObjectRef']>,
): void {
  const { kind, name = '', uid, apiVersion } = reference;
  if ((kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') || (apiVersion !== undefined && apiVersion !== 'v1')) {
    throw badRequest(`cannot bind token to object of type ${apiVersion ?? ''}, Kind=${kind ?? ''}`);
  }
  const type = BINDABLE[kind];
  const object: KubeObject | undefined = context.lister.get(
    type as never,
    kind === 'Node' ? undefined : context.namespace,
    name,
  );
  if (!object) throw notFound({ group: '', plural: type.plural }, name);
  if (uid && uid !== object.metadata!.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', plural: type.plural }, name, why);
  }
  claims.boundObject = { kind, name, uid: object.metadata!.uid! };
  if (kind !== 'Pod') return;
  const pod = object as { spec?: { serviceAccountName?: string; nodeName?: string } };
  if (pod.spec?.serviceAccountName !== context.name) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(context.name)} to pod running with different serviceaccount name.`,
    );
  }
  const node = pod.spec.nodeName ? context.lister.get(Nodes, undefined, pod.spec.nodeName) : undefined;
  if (node) claims.node = { name: node.metadata!.name!, uid: node.metadata!.uid! };
}

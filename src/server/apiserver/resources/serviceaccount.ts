// ServiceAccount: the token subresource (TokenRequest). Upstream: pkg/registry/core/serviceaccount/storage/token.go.
import { Nodes, Pods, Secrets } from '../../../api/resources.ts';
import { StatusError, badRequest, conflict, notFound } from '../../../api/status.ts';
import { type KubeObject, type Unstructured, parseApiVersion } from '../../../api/types.ts';
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
/** What admission asks for in the name of pods that did not; upstream: WarnOnlyBoundTokenExpirationPeriod. */
const MOUNTED_SECONDS = 60 * 60 + 7;
/** Old clients read their token once: those tokens last a year. Upstream: ExpirationExtensionSeconds. */
const EXTENDED_SECONDS = 365 * 24 * 60 * 60;

export default defineHooks({ group: '', plural: 'serviceaccounts', subresources: { token } });

async function token(context: SubresourceContext): Promise<Unstructured> {
  const { tokens } = context.options;
  if (!tokens) throw new StatusError('NotFound', 'the server could not find the requested resource', {});
  const account = await context.read();
  const body = await context.body();
  const spec: TokenRequestSpec = { ...(body?.['spec'] as TokenRequestSpec | undefined) };
  const { name: tokenName, uid: wantedUid } = body?.metadata ?? {};
  if (tokenName && tokenName !== context.name) throw mustMatch('name', tokenName, context.name);
  const { uid = '' } = account.metadata;
  if (wantedUid && wantedUid !== uid) {
    const why = `the UID in the token request (${wantedUid}) does not match the UID of the service account (${uid})`;
    throw conflict({ group: KIND.group, plural: KIND.kind }, context.name, why);
  }
  check(spec);
  const claims: Claims = {
    namespace: context.namespace,
    serviceAccount: { name: context.name, uid },
    expirationSeconds: spec.expirationSeconds ?? DEFAULT_SECONDS,
    ...(spec.audiences?.length ? { audiences: spec.audiences } : {}),
  };
  if (spec.boundObjectRef) bind(context, claims, spec.boundObjectRef);
  if (isMounted(claims, tokens.issuer)) claims.extendedSeconds = EXTENDED_SECONDS;
  const status = context.dryRun ? undefined : await tokens.issue(claims);
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      name: context.name,
      namespace: context.namespace,
      uid,
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

const KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

function mustMatch(field: 'name', value: string, account: string): StatusError {
  const errors = new FieldErrors();
  errors.invalid(`metadata.${field}`, value, `must match the service account ${field} if specified`);
  return invalid(KIND, account, errors);
}

const isMounted = ({ boundObject, expirationSeconds, audiences }: Claims, issuer: string): boolean =>
  boundObject?.kind === 'Pod' &&
  expirationSeconds === MOUNTED_SECONDS &&
  (audiences === undefined || audiences.join() === issuer);

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
  if (!errors.empty) throw invalid(KIND, '', errors);
}

const BINDABLE = { Pod: Pods, Secret: Secrets, Node: Nodes } as const;

function bind(
  context: SubresourceContext,
  claims: Claims,
  reference: NonNullable<TokenRequestSpec['boundObjectRef']>,
): void {
  const { kind, name = '', uid, apiVersion } = reference;
  if ((kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') || (apiVersion !== undefined && apiVersion !== 'v1')) {
    const { group, version } = parseApiVersion(apiVersion ?? '');
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind ?? ''}`);
  }
  const type = BINDABLE[kind];
  const object: KubeObject | undefined = context.lister.get(
    type as never,
    kind === 'Node' ? undefined : context.namespace,
    name,
  );
  if (!object) throw notFound({ group: '', plural: type.plural }, name);
  const pod = kind === 'Pod' ? (object as { spec?: { serviceAccountName?: string; nodeName?: string } }) : undefined;
  if (pod && pod.spec?.serviceAccountName !== context.name) {
    const account = JSON.stringify(context.name);
    throw badRequest(
      `cannot bind token for serviceaccount ${account} to pod running with different serviceaccount name.`,
    );
  }
  if (uid && uid !== object.metadata!.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', plural: kind }, name, why);
  }
  claims.boundObject = { kind, name, uid: object.metadata!.uid! };
  const nodeName = pod?.spec?.nodeName;
  if (!nodeName) return;
  // A node that is not there is named all the same: it tells who reads the token where the pod is meant to be.
  claims.node = { name: nodeName, uid: context.lister.get(Nodes, undefined, nodeName)?.metadata?.uid ?? '' };
}

// Fills Secrets of type kubernetes.io/service-account-token with a token, the cluster's CA and the namespace, and
// deletes those whose account is gone. Nobody gets one unasked. Upstream: pkg/controller/serviceaccount/tokens_controller.go.
import type { Secret, ServiceAccount } from 'kubernetes-types/core/v1.js';
import { Secrets, ServiceAccounts } from '../../api/resources.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { objectKey, splitKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { type ControllerEnvironment, type SignSecretToken, defineControllerModule } from './_types.ts';

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';

const isTokenSecret = (secret: Secret): boolean => secret.type === TYPE;
const encoded = (text: string): string => Buffer.from(text).toString('base64');

interface Tools {
  sign: SignSecretToken;
  rootCa?: string;
}

async function reconcile(context: ControllerContext, key: string, tools: Tools): Promise<void> {
  const secret = context.lister(Secrets).get(key);
  if (!secret || !isTokenSecret(secret) || secret.metadata?.deletionTimestamp) return;
  const { namespace, annotations = {} } = secret.metadata ?? {};
  const account = await accountOf(context, namespace, annotations[NAME] ?? '');
  if (!account || (annotations[UID] && annotations[UID] !== account.metadata?.uid)) {
    await remove(context, secret);
    return;
  }
  const next = await filled(secret, account, tools);
  if (next) await context.client.update(Secrets, next);
}

/** The cache may be older than the Secret: what it lacks is asked for. */
async function accountOf(
  { client, lister }: ControllerContext,
  namespace: string | undefined,
  name: string,
): Promise<ServiceAccount | undefined> {
  const cached = lister(ServiceAccounts).get(`${namespace}/${name}`);
  if (cached || name === '') return cached;
  try {
    return await client.get(ServiceAccounts, { name, namespace });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function remove({ client }: ControllerContext, secret: Secret): Promise<void> {
  const { uid, resourceVersion } = secret.metadata ?? {};
  try {
    await client.delete(Secrets, splitKey(objectKey(secret)), { preconditions: { uid, resourceVersion } });
  } catch (error) {
    // Changed a moment ago: its event brings us back.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** The Secret with what it lacks; undefined when it lacks nothing. */
async function filled(secret: Secret, account: ServiceAccount, { sign, rootCa }: Tools): Promise<Secret | undefined> {
  const { namespace = '', name = '', annotations = {} } = secret.metadata ?? {};
  const serviceAccount = { name: account.metadata?.name ?? '', uid: account.metadata?.uid ?? '' };
  const { data = {} } = secret;
  const ca = rootCa === undefined ? data['ca.crt'] : encoded(rootCa);
  const isWhole =
    data['token'] && data['namespace'] && data['ca.crt'] === ca && annotations[UID] === serviceAccount.uid;
  if (isWhole) return undefined;
  return {
    ...secret,
    metadata: {
      ...secret.metadata,
      annotations: { ...annotations, [NAME]: serviceAccount.name, [UID]: serviceAccount.uid },
    },
    data: {
      ...data,
      ...(ca === undefined ? {} : { 'ca.crt': ca }),
      namespace: data['namespace'] || encoded(namespace),
      token: data['token'] || encoded(await sign({ namespace, secret: name, serviceAccount })),
    },
  };
}

export default defineControllerModule({
  name: 'service-account-token',
  setup({ signSecretToken, rootCa }: ControllerEnvironment) {
    if (!signSecretToken) return [];
    const tools: Tools = { sign: signSecretToken, ...(rootCa === undefined ? {} : { rootCa }) };
    return [
      defineController<Secret>({
        name: 'service-account-token',
        for: Secrets,
        filter: isTokenSecret,
        watches: [
          // An account that goes, or comes back as another, takes its tokens along.
          watch(ServiceAccounts, (account, old, { lister }) =>
            old
              ? []
              : lister(Secrets)
                  .list(account.metadata?.namespace)
                  .filter((s) => isTokenSecret(s) && s.metadata?.annotations?.[NAME] === account.metadata?.name)
                  .map(objectKey),
          ),
        ],
        workers: 1,
        reconcile: (context, key) => reconcile(context, key, tools),
      }),
    ];
  },
});

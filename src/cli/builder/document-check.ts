// How a document is looked at before it is sent. Upstream: cmdutil Factory.Validator, paramVerifyingSchema of
// kubectl/pkg/validation.
import type { Cluster } from '../cluster.ts';
import type { FieldValidation } from '../flags.ts';
import type { Io } from '../io.ts';
import { klog } from '../klog.ts';
import type { Models } from './client-validation.ts';

/** What is wrong with a document; undefined when nothing is. */
export type DocumentCheck = (value: unknown) => Promise<string | undefined>;

/** Undefined where nothing is to be validated. The server is asked for its models once, and only if it has to be. */
export function documentCheck(
  connect: () => Promise<Cluster>,
  io: Io,
  directive: FieldValidation,
): DocumentCheck | undefined {
  if (directive === 'Ignore') return undefined;
  let models: Promise<Models | undefined> | undefined;
  return async (value) => {
    const { clientValidation, kindProblem } = await import('./client-validation.ts');
    const wrong = kindProblem(value);
    if (wrong !== undefined) return wrong;
    models ??= modelsOf(connect);
    let own: Models | undefined;
    try {
      own = await models;
    } catch (error) {
      return `failed to download openapi: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (own && directive === 'Warn') {
      const skipped =
        'cannot perform warn validation if server-side field validation is unsupported, skipping validation';
      klog(io, 'W', 'schema.go:145', skipped);
    }
    return clientValidation(value, directive, own);
  };
}

/** Undefined, too, where no server answers: whoever asks it next tells of that. */
async function modelsOf(connect: () => Promise<Cluster>): Promise<Models | undefined> {
  const cluster = await connect();
  const mapper = await cluster.mapper().catch(() => undefined);
  // A server that has this kind (1.28) validates fields always (1.27): it is not asked for megabytes.
  if (!mapper || mapper.knows('authentication.k8s.io', 'v1', 'SelfSubjectReview')) return undefined;
  const { serverModels } = await import('./server-models.ts');
  return serverModels(cluster);
}

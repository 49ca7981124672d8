// POST of a resource. The order is upstream's: decode, mutating admission, prepare, managed fields, validation,
// validating admission, store. Upstream: handlers/create.go, registry/generic/registry/store.go (Create).
import { CustomResourceDefinitions } from '../../../api/resources.ts';
import { alreadyExists, badRequest, qualifiedResource, StatusError } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { cloneJson, storedForm } from '../cache/encoding.ts';
import { attributesOf, forbiddenRequest } from '../chain/authorization.ts';
import { negotiateFor } from '../content/negotiate.ts';
import { inOwnVersion } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { Admission } from './admit.ts';
import { writtenResponse } from './answer.ts';
import { type Written, keyOf, noExtras, put, wouldBe } from './commit.ts';
import { decodeObject, settleNamespace } from './decode-object.ts';
import { hookContext } from './hook-context.ts';
import { trackUpdate } from './managed-fields.ts';
import { dedupOwners } from './owner-references.ts';
import { generateName, timestamp, validateMeta } from './metadata.ts';
import { type WriteOptions, writeOptions } from './options.ts';

/** Upstream's maxNameGenerationCreateAttempts. */
const NAME_ATTEMPTS = 8;

export async function create(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = writeOptions(context, 'CreateOptions');
  if (endpoint.namespaced && context.info.namespace === '') {
    throw badRequest('an empty namespace may not be set during creation');
  }
  const draft = await decodeObject(context, endpoint, options.fieldValidation);
  settleNamespace(context, endpoint, draft);
  const written = await createObject(context, endpoint, draft, options);
  return writtenResponse(context, 201, endpoint, written, negotiated);
}

/** Stores a draft of the stored version; also what a patch or update that may create ends in. */
export async function createObject(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  options: WriteOptions,
  track: (draft: Unstructured) => Promise<void> | void = (d) =>
    trackUpdate(context, endpoint, d, undefined, options, ''),
): Promise<Written> {
  const { metadata } = draft;
  if (metadata.resourceVersion)
    throw new StatusError('', 'resourceVersion should not be set on objects to be created', undefined, 500);
  delete metadata.resourceVersion;
  await context.server.feed.fresh();
  refuseTerminating(context, endpoint);
  dedupOwners(context, draft, 'as sent');
  // What admission and the server add is owned by nobody.
  const tracked = track(draft);
  if (tracked) await tracked;
  const admission = admissionOf(context, endpoint, draft, options);
  await admission.mutate();
  dedupOwners(context, draft, 'after admission');
  const generated = !metadata.name && metadata.generateName ? metadata.generateName : undefined;
  for (let attempt = 1; ; attempt++) {
    const last = generated === undefined || attempt === NAME_ATTEMPTS;
    const trial = last ? draft : cloneJson(draft);
    if (generated !== undefined) trial.metadata.name = generateName(generated, context.server.newNameSuffix());
    const written = await store(context, endpoint, trial, options, admission);
    if (written) return written;
    if (!last) continue;
    throw noUniqueName(endpoint, trial.metadata.name!);
  }
}

export function admissionOf(
  context: RequestContext,
  endpoint: Endpoint,
  object: Unstructured,
  options: WriteOptions,
): Admission {
  const { name = '' } = object.metadata;
  // A request about a namespace is one in that namespace.
  const itself = endpoint.group === '' && endpoint.plural === 'namespaces';
  return new Admission(context, endpoint, {
    operation: 'CREATE',
    name,
    ...(itself ? { namespace: name } : {}),
    subresource: '',
    object,
    options: { ...options },
    dryRun: options.dryRun,
  });
}

/** What an update or apply of an object that is not there ends in: the user must be allowed to create it, too. */
export async function createInstead(...parameters: Parameters<typeof createObject>): Promise<Written> {
  const [context] = parameters;
  const attributes = { ...attributesOf(context), verb: 'create' };
  const decision = await context.server.options.authorizer.authorize(attributes);
  if (!decision.allowed) throw forbiddenRequest(attributes, decision.reason);
  return createObject(...parameters);
}

/** A custom resource whose definition is being deleted takes no new objects. */
function refuseTerminating(context: RequestContext, endpoint: Endpoint): void {
  if (!endpoint.kind.custom) return;
  const { group, plural } = endpoint.definition;
  const crd = context.server.admission.lister.get(CustomResourceDefinitions, undefined, `${plural}.${group}`);
  if (!crd?.metadata.deletionTimestamp) return;
  const message = 'create not allowed while custom resource definition is terminating';
  throw new StatusError('MethodNotAllowed', message, {});
}

/** Upstream's BeforeCreate: what the server alone decides. */
function prepare(context: RequestContext, endpoint: Endpoint, draft: Unstructured): void {
  const { definition } = endpoint;
  const { metadata } = draft;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  metadata.creationTimestamp = timestamp(context.server.now());
  metadata.uid = context.server.newUid();
  definition.prepareCreate?.(draft, (message) => void context.warnings.push(message));
  if (countsGenerations(endpoint, draft, 'on create')) metadata.generation = 1;
  else delete metadata.generation;
}

export function countsGenerations(
  { definition, kind }: Endpoint,
  object: Unstructured,
  when: 'on create' | 'on update',
): boolean {
  const { generation } = definition;
  if (typeof generation === 'string') return generation === when;
  return generation ?? (kind.custom || object['spec'] !== undefined);
}

async function store(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  options: WriteOptions,
  admission: Admission,
): Promise<Written | undefined> {
  const { server } = context;
  const { cache, hooks } = endpoint.kind;
  const name = draft.metadata.name ?? '';
  prepare(context, endpoint, draft);
  const own = inOwnVersion([draft], endpoint);
  check(context, endpoint, (own instanceof Promise ? await own : own)[0]!, name);
  await admission.validate(draft);
  const key = keyOf(draft.metadata.namespace ?? '', name);
  for (;;) {
    const extras = noExtras();
    let revision: number | undefined;
    try {
      const reserved = admission.reserve(extras);
      if (reserved) await reserved;
      // A name that is taken is refused before anything is allocated for it.
      const present = cache.get(key);
      if (present) return taken(endpoint, draft, name, isTerminating(present.glance()));
      // What a hook put into a draft that was not written is void.
      const attempt = hooks?.beginCreate ? cloneJson(draft) : draft;
      await hooks?.beginCreate?.(attempt, hookContext(context, name, options.dryRun, extras));
      if (options.dryRun) return wouldBe(attempt);
      const { written, result } = await put(server, endpoint.kind, key, storedForm(attempt), 0, extras);
      if (written) revision = result.revision;
      if (written) return written;
      if (result.current?.[0]) return taken(endpoint, draft, name, false);
      // Only a key of the hook's or of a plug-in's moved: it is read again, when the cache shows it.
      await server.feed.fresh();
    } finally {
      extras.settle?.(revision);
    }
  }
}

function check(context: RequestContext, endpoint: Endpoint, draft: Unstructured, name: string): void {
  const { definition } = endpoint;
  const errors = new FieldErrors();
  validateMeta(definition, draft.metadata, errors);
  definition.validate?.(draft, errors);
  definition.validateCreate?.(draft, errors);
  endpoint.served.validate?.(draft, undefined, errors);
  // Upstream asks the object what it is: a custom one may say something else.
  if (!errors.empty) throw invalid({ group: endpoint.group, kind: draft.kind }, name, errors);
  if (definition.warnings) context.warnings.push(...definition.warnings(draft, undefined));
}

const isTerminating = ({ metadata }: Unstructured): boolean => metadata.deletionTimestamp !== undefined;

/** Upstream: store.Create, rest.CheckGeneratedNameError. Answers nothing when another name may be tried. */
function taken(endpoint: Endpoint, draft: Unstructured, name: string, terminating: boolean): undefined {
  if (draft.metadata.generateName) return undefined;
  const error = alreadyExists(endpoint.qualified, name);
  if (terminating) error.status.message = `object is being deleted: ${error.status.message}`;
  throw error;
}

const noUniqueName = ({ qualified }: Endpoint, name: string): StatusError => {
  const why = 'already exists, the server was not able to generate a unique name for the object';
  return new StatusError('AlreadyExists', `${qualifiedResource(qualified)} "${name}" ${why}`, {
    name,
    group: qualified.group,
    kind: qualified.plural,
    retryAfterSeconds: 1,
  });
};

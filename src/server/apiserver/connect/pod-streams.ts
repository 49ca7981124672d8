// log, exec, attach and portforward of a pod: which container is meant, and what the node's daemon is asked for.
// Upstream: pkg/registry/core/pod/strategy.go (LogLocation, streamLocation, validateContainer).
import type { Pod } from 'kubernetes-types/core/v1.js';
import { INVALID_EXEC_USER, parseExecUser } from '../../../api/exec-user.ts';
import { Nodes } from '../../../api/resources.ts';
import { StatusError, badRequest } from '../../../api/status.ts';
import { unexpectedResponse } from '../../../api/unexpected-response.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Response } from '../../../wire/http.ts';
import { wantsSocket } from '../../../wire/one-way-socket.ts';
import type { Attributes } from '../../auth/types.ts';
import { forbiddenRequest } from '../chain/authorization.ts';
import type { SubresourceContext } from '../types.ts';
import { logSocket, withoutUpgrade } from './log-socket.ts';
import { forwardToNode } from './kubelet.ts';

const on = (value: string | null): boolean => value !== null && value !== 'false' && value !== '0' && value !== '';

function containerOf(pod: Pod, asked: string): string {
  const name = pod.metadata?.name ?? '';
  const names = (list: readonly { name: string }[] | undefined): string[] => (list ?? []).map((c) => c.name);
  const containers = names(pod.spec?.containers);
  const initial = names(pod.spec?.initContainers);
  const ephemeral = names(pod.spec?.ephemeralContainers);
  if (asked !== '') {
    if ([...containers, ...initial, ...ephemeral].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  if (containers.length === 1) return containers[0]!;
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  let message = `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]`;
  if (initial.length > 0) message += ` or one of the init containers: [${initial.join(' ')}]`;
  throw badRequest(message);
}

function podPath(root: string, pod: Pod, container?: string): string {
  const { namespace = '', name = '' } = pod.metadata ?? {};
  const parts = [namespace, name, ...(container === undefined ? [] : [container])].map(encodeURIComponent);
  return `/${root}/${parts.join('/')}`;
}

const withQuery = (path: string, query: URLSearchParams): string => (query.size > 0 ? `${path}?${query}` : path);

export async function log(context: SubresourceContext): Promise<Response> {
  const { request } = context;
  if (!wantsSocket(request)) return logBody(context);
  return logSocket(request, await logBody({ ...context, request: withoutUpgrade(request) }));
}

async function logBody(context: SubresourceContext): Promise<Response> {
  const { query } = context.request;
  checkLogOptions(query);
  const pod = (await context.read()) as unknown as Pod;
  const container = containerOf(pod, query.get('container') ?? '');
  // Not scheduled yet: upstream answers an empty log.
  if (!pod.spec?.nodeName) return emptyLog();
  const passed = new URLSearchParams();
  for (const name of ['follow', 'previous', 'timestamps']) if (on(query.get(name))) passed.set(name, 'true');
  for (const name of ['sinceSeconds', 'sinceTime', 'tailLines', 'limitBytes', 'stream']) {
    const value = query.get(name);
    if (value !== null && value !== '') passed.set(name, value);
  }
  const path = withQuery(podPath('containerLogs', pod, container), passed);
  const unverified = on(query.get('insecureSkipTLSVerifyBackend'));
  return checked(await forwardToNode(context, pod.spec.nodeName, path, unverified), pod.metadata?.name ?? '');
}

const MAX_ERROR_BYTES = 50_000;

/** A node says in plain text why there is no log: a Status for the client. Upstream: rest/response_checker.go. */
async function checked(response: Response, name: string): Promise<Response> {
  if (response.status >= 200 && response.status <= 206) return response;
  const chunks: Uint8Array[] = [];
  const bytes = response.body?.bytes() ?? [];
  let length = 0;
  for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_ERROR_BYTES) break;
  }
  const text = Buffer.concat(chunks).toString('utf8', 0, MAX_ERROR_BYTES);
  if (response.status === 400) throw badRequest(text);
  if (response.status === 500) {
    throw new StatusError('InternalError', `Internal error occurred: ${text}`, { causes: [{ message: text }] });
  }
  const { reason, message } = unexpectedResponse(response.status, text);
  throw new StatusError(reason, `${message} ( pods/log ${name})`, { name, kind: 'pods/log' }, response.status);
}

function emptyLog(): Response {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: { bytes: () => new Uint8Array() } };
}

/** Upstream: pkg/apis/core/validation ValidatePodLogOptions. */
function checkLogOptions(query: URLSearchParams): void {
  const errors = new FieldErrors();
  const number = (name: string, least: number, why: string): void => {
    const value = query.get(name);
    if (value === null || value === '') return;
    if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    if (Number(value) < least) errors.invalid(name, Number(value), why);
  };
  number('tailLines', 0, 'must be greater than or equal to 0');
  number('limitBytes', 1, 'must be greater than 0');
  const since = [query.get('sinceSeconds'), query.get('sinceTime')].filter((v) => v !== null && v !== '');
  if (since.length > 1) errors.forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  number('sinceSeconds', 1, 'must be greater than 0');
  if (!errors.empty) throw invalid({ group: '', kind: 'PodLogOptions' }, '', errors);
}

async function stream(context: SubresourceContext, root: 'exec' | 'attach'): Promise<Response> {
  const { query } = context.request;
  const pod = (await context.read()) as unknown as Pod;
  const container = containerOf(pod, query.get('container') ?? '');
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata?.name ?? ''} does not have a host assigned`);
  const passed = new URLSearchParams();
  for (const [name, kubelets] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const) {
    if (on(query.get(name))) passed.set(kubelets, '1');
  }
  if (root === 'exec') {
    for (const word of query.getAll('command')) passed.append('command', word);
    await passOwn(context, pod.spec.nodeName, passed);
  }
  return forwardToNode(context, pod.spec.nodeName, withQuery(podPath(root, pod, container), passed));
}

/**
 * What the API does not have: `user`, as whom the command runs, and `nodeFiles`, with which the node itself does what cp
 * runs where the container has no tar. Being another user of the container than its own needs a right of its own.
 */
async function passOwn(context: SubresourceContext, nodeName: string, passed: URLSearchParams): Promise<void> {
  const { query } = context.request;
  const user = query.get('user');
  if (user !== null) {
    if (!parseExecUser(user)) {
      throw badRequest(`invalid user ${JSON.stringify(user)}: must be ${INVALID_EXEC_USER}`);
    }
    const refusal = await refusedUser(context);
    if (refusal) throw refusal;
    const version = context.lister.get(Nodes, undefined, nodeName)?.status?.nodeInfo?.kubeletVersion ?? '';
    // A kubelet would ignore it.
    if (!version.includes('+sampan')) {
      throw badRequest(`node ${JSON.stringify(nodeName)} (${version}) cannot run a command as another user`);
    }
    passed.set('user', user);
  }
  if (query.has('nodeFiles')) passed.set('nodeFiles', (await refusedUser(context)) ? 'own' : 'any');
}

async function refusedUser(context: SubresourceContext): Promise<StatusError | undefined> {
  const { user, namespace, name, options } = context;
  const what = { group: '', version: 'v1', resource: 'pods', subresource: 'exec', namespace, name };
  const attributes: Attributes = { ...what, user, verb: 'impersonate' };
  const { allowed, reason } = await options.authorizer.authorize(attributes);
  return allowed ? undefined : forbiddenRequest(attributes, reason);
}

export const exec = (context: SubresourceContext): Promise<Response> => stream(context, 'exec');
export const attach = (context: SubresourceContext): Promise<Response> => stream(context, 'attach');

export async function portforward(context: SubresourceContext): Promise<Response> {
  const pod = (await context.read()) as unknown as Pod;
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata?.name ?? ''} does not have a host assigned`);
  const passed = new URLSearchParams();
  for (const port of context.request.query.getAll('ports')) passed.append('port', port);
  return forwardToNode(context, pod.spec.nodeName, withQuery(podPath('portForward', pod), passed));
}

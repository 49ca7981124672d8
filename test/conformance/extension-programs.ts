// What upstream's suite runs in pods of its agnhost image, as HTTPS servers of the test: the admission and conversion
// webhooks (test/images/agnhost/webhook, crd-conversion-webhook), reached through a Service and its EndpointSlice.
import type { Unstructured } from '../../src/api/types.ts';
import { hostAddress } from '../../src/server/addresses.ts';
import { type Call, type HttpsTestServer, startHttpsServer } from '../support/https-server.ts';
import type { Api } from './api.ts';

export interface ServiceProgram extends HttpsTestServer {
  /** For clientConfig. */
  reference(path: string): { service: object; caBundle: string };
}

/** A server behind the service `name`; it listens on the address of this machine, which endpoints may name. */
export async function serveBehind(
  api: Api,
  namespace: string,
  name: string,
  answer: Parameters<typeof startHttpsServer>[0],
  more: { clientCa?: string } = {},
): Promise<ServiceProgram> {
  const host = await hostAddress();
  if (host === undefined) throw new Error('this machine has no address but loopback, which endpoints may not have');
  const server = await startHttpsServer(answer, { ...more, names: [`${name}.${namespace}.svc`], host });
  await api.post(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { ports: [{ port: 8443, targetPort: server.port }] },
  });
  await api.post(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [host] }],
    ports: [{ name: '', port: server.port }],
  });
  const reference = (path: string) => ({ service: { namespace, name, path, port: 8443 }, caBundle: server.caBundle });
  return { ...server, reference };
}

interface Review {
  apiVersion: string;
  request: {
    uid: string;
    object: Unstructured & { data?: Record<string, string> };
    oldObject: Unstructured & { data?: Record<string, string> };
  };
}

/** Upstream's webhook image, path by path. */
export function admissionProgram({ path, body }: Call): object | Promise<object> {
  const { apiVersion, request } = body as Review;
  const respond = (response: object): object => ({
    kind: 'AdmissionReview',
    apiVersion,
    response: { uid: request.uid, ...response },
  });
  const allow = (): object => respond({ allowed: true });
  const deny = (message: string): object => respond({ allowed: false, status: { message } });
  const patch = (...operations: object[]): object =>
    respond({
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
    });
  const object = request.object ?? request.oldObject;
  const data = object?.data ?? {};
  const unwanted = data['webhook-e2e-test'] === 'webhook-disallow';
  switch (path) {
    case '/pods':
      return denyPods(object, allow, deny);
    case '/pods/attach':
      return deny("attaching to pod 'to-be-attached-pod' is not allowed");
    case '/configmaps':
      return unwanted ? deny('the configmap contains unwanted key and value') : allow();
    case '/custom-resource':
      return unwanted ? deny('the custom resource contains unwanted data') : allow();
    case '/crd': {
      const { labels = {} } = object.metadata;
      return labels['webhook-e2e-test'] === 'webhook-disallow' ? deny('the crd contains unwanted label') : allow();
    }
    case '/mutating-configmaps':
    case '/mutating-custom-resource': {
      const stage = data['mutation-start'] !== 'yes' ? undefined : data['mutation-stage-1'] === 'yes' ? 2 : 1;
      return stage === undefined ? allow() : patch({ op: 'add', path: `/data/mutation-stage-${stage}`, value: 'yes' });
    }
    case '/mutating-pods':
      return patch({
        op: 'add',
        path: '/spec/initContainers',
        value: [{ name: 'webhook-added-init-container', image: 'webhook-added-image', resources: {} }],
      });
    case '/always-allow-delay-5s':
      return new Promise((resolve) => setTimeout(() => resolve(allow()), 1_200));
    case '/always-deny':
      return deny('this webhook denies all requests');
    default:
      return allow();
  }
}

function denyPods(
  object: Unstructured,
  allow: () => object,
  deny: (message: string) => object,
): object | Promise<object> {
  const { labels = {} } = object.metadata;
  const { containers } = object['spec'] as { containers: { name: string }[] };
  // A hanging webhook answers long after it was given up.
  if (labels['webhook-e2e-test'] === 'wait-forever')
    return new Promise((resolve) => setTimeout(() => resolve(allow()), 20_000).unref());
  const problems: string[] = [];
  if (containers.some((c) => c.name === 'webhook-disallow')) problems.push('the pod contains unwanted container name');
  if (labels['webhook-e2e-test'] === 'webhook-disallow') problems.push('the pod contains unwanted label');
  return problems.length > 0 ? deny(`${problems.join('; ')};`) : allow();
}

/** Upstream's converter: v1 has hostPort, v2 host and port. */
export function conversionProgram({ body }: Call): object {
  const { apiVersion, kind, request } = body as {
    apiVersion: string;
    kind: string;
    request: { uid: string; desiredAPIVersion: string; objects: Unstructured[] };
  };
  const convertedObjects = request.objects.map((object) => convert(object, request.desiredAPIVersion));
  return { apiVersion, kind, response: { uid: request.uid, result: { status: 'Success' }, convertedObjects } };
}

function convert(object: Unstructured, apiVersion: string): Unstructured {
  const { hostPort, host, port, ...rest } = object as Unstructured &
    Record<'hostPort' | 'host' | 'port', string | undefined>;
  if (apiVersion.endsWith('/v2')) {
    const [h, p] = (hostPort ?? ':').split(':');
    return { ...rest, apiVersion, host: h, port: p };
  }
  return { ...rest, apiVersion, hostPort: `${host ?? ''}:${port ?? ''}` };
}

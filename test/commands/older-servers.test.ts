// The CLI against a server as Kubernetes 1.20 was: no OpenAPI v3, no aggregated discovery, no validation of fields, and
// some kinds in older versions only. What is expected here is what kubectl 1.32 prints against kube-apiserver 1.20.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Handler, Request, Response } from '../../src/wire/http.ts';
import { readBytes } from '../../src/client/rest.ts';
import { type CliResult, runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let modern: TestServer;
let server: TestServer;
const sent: { path: string; body: unknown }[] = [];

beforeAll(async () => {
  modern = await startTestServer();
  server = { ...modern, handler: older(modern.handler) };
});
afterAll(() => modern.close());

const cli = (line: string, stdin?: string): Promise<CliResult> =>
  runCli(words(line), { server, ...(stdin === undefined ? {} : { stdin }) });
const manifest = (object: object): string => JSON.stringify(object);

const ABSENT = /^\/openapi\/v3|selfsubjectreviews|\/autoscaling\/v2\/|\/ephemeralcontainers/;
const NOT_FOUND = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };

function older(handler: Handler): Handler {
  return async (request) => {
    sent.push({ path: request.path, body: await request.body?.shared?.() });
    if (ABSENT.test(request.path)) {
      return json(404, { ...NOT_FOUND, message: 'the server could not find the requested resource', details: {} });
    }
    const accept = request.headers['accept']?.includes('apidiscovery') ? 'application/json' : request.headers['accept'];
    const asked: Request = { ...request, headers: { ...request.headers, ...(accept ? { accept } : {}) } };
    const response = await handler(asked);
    if (request.path === '/openapi/v2') {
      const old = await edited(response, (text) => text.replaceAll('fieldValidation', 'absent'));
      return { ...old, headers: { 'content-type': 'text/plain; charset=utf-8' } };
    }
    if (request.path === '/apis') return edited(response, withoutNewAutoscalers);
    if (request.path === '/apis/authentication.k8s.io/v1') {
      return edited(response, (text) => text.replaceAll('SelfSubjectReview', 'Absent'));
    }
    if (request.path !== '/api/v1') return response;
    return edited(response, (text) => text.replace(/(?<="pods\/eviction".{0,60}"version":")v1(?=")/, 'v1beta1'));
  };
}

interface Groups {
  groups: { versions: { groupVersion: string }[]; preferredVersion: { groupVersion: string } }[];
}

function withoutNewAutoscalers(text: string): string {
  const list = JSON.parse(text) as Groups;
  for (const group of list.groups) {
    group.versions = group.versions.filter(({ groupVersion }) => groupVersion !== 'autoscaling/v2');
    group.preferredVersion = group.versions[0]!;
  }
  return JSON.stringify(list);
}

const json = (status: number, value: object): Response => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: { bytes: () => Buffer.from(JSON.stringify(value)) },
});

async function edited(response: Response, edit: (text: string) => string): Promise<Response> {
  return json(response.status, JSON.parse(edit((await readBytes(response)).toString('utf8'))) as object);
}

describe('fields that nobody on the server validates', () => {
  const strange = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd' }, datas: { a: '1' } };
  const refusal = (why: string): string =>
    `error: error validating "STDIN": error validating data: ${why}; if you choose to ignore these errors, turn validation off with --validate=false\n`;

  it.each(['apply', 'create', 'replace'])('are refused by %s before anything is sent', async (command) => {
    sent.length = 0;
    expect(await cli(`${command} -f -`, manifest(strange))).toEqual({
      code: 1,
      stdout: '',
      stderr: refusal('ValidationError(ConfigMap): unknown field "datas" in io.k8s.api.core.v1.ConfigMap'),
    });
    expect(sent.filter(({ path }) => path.includes('configmaps'))).toEqual([]);
  });

  it('are told all together, with wrong types and absent fields', async () => {
    const spec = { replicas: 'two', template: { spec: { containers: [{ name: 'c', ports: [{ port: 1 }] }] } } };
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'odd' }, spec };
    const { stderr } = await cli('apply -f -', manifest(object));
    expect(stderr).toBe(
      refusal(
        '[ValidationError(Deployment.spec.replicas): invalid type for io.k8s.api.apps.v1.DeploymentSpec.replicas: got "string", expected "integer", ValidationError(Deployment.spec.template.spec.containers[0].ports[0]): unknown field "port" in io.k8s.api.core.v1.ContainerPort, ValidationError(Deployment.spec.template.spec.containers[0].ports[0]): missing required field "containerPort" in io.k8s.api.core.v1.ContainerPort, ValidationError(Deployment.spec): missing required field "selector" in io.k8s.api.apps.v1.DeploymentSpec]',
      ),
    );
  });

  it('go with --validate=warn, which says that it can do nothing, and with --validate=false', async () => {
    const warned = await cli('create -f - --validate=warn --dry-run=server', manifest(strange));
    expect(warned.stdout).toBe('configmap/odd created (server dry run)\n');
    expect(warned.stderr).toMatch(
      /^W.* schema\.go:145\] cannot perform warn validation if server-side field validation is unsupported, skipping validation\n/,
    );
    const off = await cli('create -f - --validate=false --dry-run=server', manifest(strange));
    expect(off).toMatchObject({ code: 0, stdout: 'configmap/odd created (server dry run)\n' });
  });

  it('are the server’s where it validates them: it is not asked for its models', async () => {
    const paths: string[] = [];
    const watched: TestServer = {
      ...modern,
      handler: (request) => {
        paths.push(request.path);
        return modern.handler(request);
      },
    };
    const { code, stderr } = await runCli(words('apply -f -'), { server: watched, stdin: manifest(strange) });
    expect([code, stderr]).toEqual([1, expect.stringContaining('strict decoding error: unknown field "datas"')]);
    expect(paths.filter((path) => path.startsWith('/openapi'))).toEqual([]);
  });
});

it('auth whoami looks for each version of its kind, and says that there is none', async () => {
  expect(await cli('auth whoami')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error: the selfsubjectreviews API is not enabled in the cluster\nenable APISelfSubjectReview feature gate and authentication.k8s.io/v1alpha1 or authentication.k8s.io/v1beta1 API\n',
  });
});

it('debug says that the cluster has no ephemeral containers', async () => {
  await cli('run p --image=i');
  expect(await cli('debug p --image=busybox -c d --profile=general')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error: ephemeral containers are disabled for this cluster (error from server: "the server could not find the requested resource")\n',
  });
  expect((await cli('debug absent --image=busybox -c d --profile=general')).stderr).toBe(
    'Error from server (NotFound): pods "absent" not found\n',
  );
});

it('describe shows an autoscaler in its version 1', async () => {
  await cli('create deployment web --image=i');
  await cli('autoscale deployment web --min=2 --max=5 --cpu-percent=70');
  const { stdout } = await cli('describe hpa web');
  expect(stdout.replaceAll(/ +/g, ' ')).toContain(
    'Reference: Deployment/web\nTarget CPU utilization: 70%\nCurrent CPU utilization: <unknown>%\nMin replicas: 2\nMax replicas: 5\nDeployment pods: 0 current / 0 desired\n',
  );
});

it('drain evicts in the version that the server knows', async () => {
  await cli('create -f -', manifest({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }));
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
  await cli('create -f -', manifest({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'q' }, spec }));
  sent.length = 0;
  const { stdout } = await cli('drain n --force --grace-period=0 --timeout=9s');
  expect(stdout).toBe('node/n cordoned\nevicting pod default/q\npod/q evicted\nnode/n drained\n');
  expect(sent.find(({ path }) => path.endsWith('/eviction'))?.body).toMatchObject({ apiVersion: 'policy/v1beta1' });
});

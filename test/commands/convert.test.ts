// No kubectl-convert is here to record from: what is expected is read from upstream's conversions and its printer.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/api/codec/yaml.ts';
import { runCli, words } from '../cli/run-cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const INGRESS = `apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: { name: old }
spec:
  backend: { serviceName: web, servicePort: 80 }
`;
const HPA = `apiVersion: autoscaling/v2beta2
kind: HorizontalPodAutoscaler
metadata: { name: h }
spec:
  maxReplicas: 3
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: d }
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }]
`;
let cwd: string;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  cwd = mkdtempSync(join(tmpdir(), 'convert-'));
  const files = {
    'ingress.yaml': INGRESS,
    'hpa.yaml': HPA,
    'two.yaml': `${INGRESS}---\n${HPA}`,
    'deployment.yaml':
      'apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: { name: d }\nspec: { template: { metadata: { labels: { a: b } }, spec: { containers: [{ name: c, image: x, none: 1 }] } } }\n',
    'boat.yaml': 'apiVersion: sea.example.com/v1\nkind: Boat\nmetadata: { name: b }\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
});
afterAll(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await server.close();
});
const cli = (line: string, stdin?: string) => runCli(words(line), { cwd, ...(stdin ? { stdin } : {}) });

describe('convert', () => {
  it('gives the version that the kind prefers, typed, without a server', async () => {
    expect(await cli('convert -f ingress.yaml')).toEqual({
      code: 0,
      stderr: '',
      stdout: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  creationTimestamp: null
  name: old
spec:
  defaultBackend:
    service:
      name: web
      port:
        number: 80
status:
  loadBalancer: {}
`,
    });
  });
  it('goes to the version that is asked for, and back', async () => {
    const { stdout } = await cli('convert -f hpa.yaml --output-version autoscaling/v1');
    expect(parseYaml(stdout)).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { maxReplicas: 3, minReplicas: 1, targetCPUUtilizationPercentage: 50 },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    });
    const back = await cli(
      'convert -f - --output-version autoscaling/v2 -o jsonpath={.items[0].spec.metrics[0]}',
      stdout,
    );
    expect(JSON.parse(back.stdout)).toMatchObject({ resource: { target: { averageUtilization: 50 } } });
  });
  it('fills in the defaults of the version that a manifest is in', async () => {
    const { stdout } = await cli('convert -f deployment.yaml');
    expect(parseYaml(stdout)).toMatchObject({
      apiVersion: 'apps/v1',
      spec: {
        selector: { matchLabels: { a: 'b' } },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
        template: { metadata: { creationTimestamp: null }, spec: { containers: [{ resources: {} }] } },
      },
      status: {},
    });
    expect(stdout).not.toContain('none');
  });
  it('makes a List of several', async () => {
    const { stdout } = await cli('convert -f two.yaml -o json');
    expect(stdout).toMatch(/^\{\n {4}"kind": "List",\n {4}"apiVersion": "v1",\n {4}"metadata": \{\},\n {4}"items": \[/);
    expect(stdout).toContain('"apiVersion": "autoscaling/v2"');
    expect((await cli('convert -f two.yaml -o name')).stdout).toBe(
      'ingress.networking.k8s.io/old\nhorizontalpodautoscaler.autoscaling/h\n',
    );
  });
  it.each([
    ['convert', 'must specify one of -f and -k'],
    ['convert -f ingress.yaml --output-version a/b/c', 'unexpected GroupVersion string: a/b/c'],
    [
      'convert -f ingress.yaml --output-version extensions/v1',
      'no kind "Ingress" is registered for version "extensions/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      'convert -f ingress.yaml --output-version apps/v1',
      'networking.Ingress is not suitable for converting to "apps/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      'convert -f boat.yaml',
      'unable to decode "boat.yaml": no kind "Boat" is registered for version "sea.example.com/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
  ])('%s', async (line, message) => {
    expect(await cli(line)).toEqual({ code: 1, stdout: '', stderr: `error: ${message}\n` });
  });
  it('asks the server for the kind when it is not to be local', async () => {
    const { stderr } = await runCli(words('convert -f boat.yaml --local=false'), { cwd, server });
    expect(stderr).toContain(
      'no matches for kind "Boat" in version "sea.example.com/v1"\nensure CRDs are installed first',
    );
    const { stdout } = await runCli(words('convert -f ingress.yaml --local=false -o name'), { cwd, server });
    expect(stdout).toBe('ingress.networking.k8s.io/old\n');
  });
});

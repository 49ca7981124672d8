// A CI job without terminal, root or Docker: up --runtime simulated, apply, wait, down.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort, run, sampan, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder('ci');
const dataDir = join(folder.path, 'data');
const env = { ...process.env, CI: 'true', KUBECONFIG: join(folder.path, 'kubeconfig'), HOME: folder.path };
const cli = (...args: string[]) => run(sampan, args, { env });
let port = 0;

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example/web:1}]}
`;

/** `pid (name) state …`; empty when the process is gone, Z when its parent has not collected it. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

beforeAll(async () => {
  port = await freePort();
  writeFileSync(join(folder.path, 'web.yaml'), manifest);
});
afterAll(async () => {
  await cli('down', '--data-dir', dataDir);
  folder.remove();
});

describe('a CI job', () => {
  it('starts a cluster, and says plainly what it did', async () => {
    const up = await cli('up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port));
    expect(up.stderr).toBe('');
    expect(up.code).toBe(0);
    expect(up.stdout).toContain(`Control plane is ready at https://127.0.0.1:${port}\n`);
    expect(up.stdout).toContain('The cluster is running.');

    expect(up.stdout).not.toMatch(/\u001b/);
  });

  it('says so when it runs already', async () => {
    const again = await cli('up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port));
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout.trimStart()).toMatch(/^The cluster was running already\./);
  });

  it('applies, waits, and fails with an exit code', async () => {
    expect(await cli('apply', '-f', join(folder.path, 'web.yaml'))).toMatchObject({
      code: 0,
      stdout: 'deployment.apps/web created\n',
    });
    expect(await cli('wait', '--for=condition=Available', 'deployment/web', '--timeout=20s')).toMatchObject({
      code: 0,
      stdout: 'deployment.apps/web condition met\n',
    });
    const late = await cli('wait', '--for=condition=Never', 'deployment/web', '--timeout=200ms');
    expect(late.code).toBe(1);
    expect(late.stderr).toContain('timed out waiting for the condition on deployments/web');
  });

  it('starts again what was killed, with everything that was stored', async () => {
    const [pid] = readFileSync(join(dataDir, 'run/server.pid'), 'utf8').split(' ');
    process.kill(Number(pid), 'SIGKILL');
    await eventually(() => /^\S+ \S+ Z|^$/.test(stateOf(Number(pid))));
    const up = await cli('up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port));
    expect(up).toMatchObject({ code: 0, stderr: '' });
    expect((await cli('get', 'deployment', 'web', '-o', 'name')).stdout).toBe('deployment.apps/web\n');
  });

  it('refuses a port in use with one line', async () => {
    const other = join(folder.path, 'other');
    const up = await cli('up', '--runtime', 'simulated', '--data-dir', other, '--port', String(port));
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(new RegExp(`^error: .*${port}.*in use.*\\n$`));
    await cli('down', '--data-dir', other);
  });

  it('ends without a trace but its data', async () => {
    const down = await cli('down', '--data-dir', dataDir);
    expect(down).toMatchObject({ code: 0, stderr: '' });
    expect(down.stdout).toContain('The cluster is down.');
    expect((await cli('config', 'get-contexts', '-o', 'name')).stdout).toBe('');
    expect(existsSync(join(dataDir, 'store'))).toBe(true);
    const twice = await cli('down', '--data-dir', dataDir);
    expect(twice.code).toBe(0);
  });
});

// Credential plug-ins: a program that prints an ExecCredential. Upstream: client-go/plugin/pkg/client/auth/exec.
import { spawn } from 'node:child_process';
import type { ClientConfig, ExecConfig } from './config.ts';
import { Unreachable } from './failures.ts';

export interface ExecCredential {
  token?: string;
  clientCertificate?: string;
  clientKey?: string;
  /** Milliseconds since the epoch; undefined is for ever. */
  expiresAtMs?: number;
}

const GROUP = 'client.authentication.k8s.io';
const supported = [`${GROUP}/v1`, `${GROUP}/v1beta1`];

const NOT_INSTALLED = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`;

/** Runs the plug-in. Throws in upstream's words when it fails. */
export async function runExecPlugin(exec: ExecConfig, config: ClientConfig): Promise<ExecCredential> {
  if (!supported.includes(exec.apiVersion)) {
    throw new Error(`exec plugin: invalid apiVersion "${exec.apiVersion}"`);
  }
  const interactive = exec.interactiveMode !== 'Never' && process.stdin.isTTY === true;
  if (exec.interactiveMode === 'Always' && !interactive) {
    throw failure('exec plugin cannot support interactive mode: standard input is not a terminal');
  }
  const env = { ...process.env, KUBERNETES_EXEC_INFO: `${JSON.stringify(infoFor(exec, config, interactive))}\n` };
  for (const { name, value } of exec.env ?? []) (env as NodeJS.ProcessEnv)[name] = value ?? '';
  const output = await run(exec, env, interactive);
  return credentialOf(await parse(output, exec));
}

const failure = (why: string): Error => new Unreachable(`getting credentials: ${why}`);

function infoFor(exec: ExecConfig, config: ClientConfig, interactive: boolean): unknown {
  const cluster = {
    server: config.server,
    ...(config.tlsServerName ? { 'tls-server-name': config.tlsServerName } : {}),
    ...(config.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(config.certificateAuthority
      ? { 'certificate-authority-data': Buffer.from(config.certificateAuthority).toString('base64') }
      : {}),
    ...(config.proxyUrl ? { 'proxy-url': config.proxyUrl } : {}),
    ...(config.disableCompression ? { 'disable-compression': true } : {}),
  };
  return {
    kind: 'ExecCredential',
    apiVersion: exec.apiVersion,
    spec: { ...(exec.provideClusterInfo ? { cluster } : {}), interactive },
  };
}

function run(exec: ExecConfig, env: NodeJS.ProcessEnv, interactive: boolean): Promise<string> {
  const { command } = exec;
  return new Promise((resolve, reject) => {
    const stdin = interactive ? 'inherit' : 'ignore';
    const child = spawn(command, exec.args ?? [], { env, stdio: [stdin, 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => reject(failure(`exec: ${notStarted(exec, error)}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(failure(`exec: executable ${command} failed with exit code ${code ?? -1}`));
    });
  });
}

function notStarted({ command, installHint }: ExecConfig, { code, message }: NodeJS.ErrnoException): string {
  const why = code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : message;
  if (command.includes('/')) return `fork/exec ${command}: ${why}`;
  if (code !== 'ENOENT') return `executable ${command} failed: ${why}`;
  return `executable ${command} not found${NOT_INSTALLED}${installHint ? `\n\n${installHint}` : ''}`;
}

interface CredentialStatus {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

async function parse(output: string, exec: ExecConfig): Promise<CredentialStatus> {
  const value = await read(output);
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value;
    throw failure(
      `decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion = '', kind = '', status } = (value ?? {}) as ExecCredentialOutput;
  const known = kind === '' || (kind === 'ExecCredential' && (apiVersion === '' || supported.includes(apiVersion)));
  if (!known) {
    throw failure(
      `decoding stdout: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/client/auth/exec/exec.go:62"`,
    );
  }
  if (apiVersion !== exec.apiVersion) {
    const got = `plugin returned version ${apiVersion || `${GROUP}/__internal`}`;
    throw failure(`exec plugin is configured to use API version ${exec.apiVersion}, ${got}`);
  }
  if (!status) throw failure("exec plugin didn't return a status field");
  return status;
}

interface ExecCredentialOutput {
  apiVersion?: string;
  kind?: string;
  status?: CredentialStatus;
}

/** JSON, or the YAML that upstream's decoder takes as well. */
async function read(output: string): Promise<unknown> {
  try {
    return JSON.parse(output) as unknown;
  } catch {
    const { parse: parseYaml } = await import('yaml');
    try {
      return (parseYaml(output) ?? {}) as unknown;
    } catch (error) {
      throw failure(`decoding stdout: ${(error as Error).message.split('\n')[0]}`);
    }
  }
}

function credentialOf(status: CredentialStatus): ExecCredential {
  const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp: expires } = status;
  const expiresAtMs = expires ? Date.parse(expires) : undefined;
  if (Number.isNaN(expiresAtMs)) {
    const layout = '2006-01-02T15:04:05Z07:00';
    throw failure(`decoding stdout: parsing time "${expires}" as "${layout}": cannot parse "${expires}" as "2006"`);
  }
  if (!token && !certificate && !key) throw failure("exec plugin didn't return a token or cert/key pair");
  if (!certificate !== !key) throw failure('exec plugin returned only certificate or key, not both');
  for (const [pem, what] of [
    [certificate, 'certificate'],
    [key, 'key'],
  ] as const) {
    if (pem && !pem.includes('-----BEGIN ')) {
      throw failure(`failed parsing client key/certificate: tls: failed to find any PEM data in ${what} input`);
    }
  }
  return {
    ...(token ? { token } : {}),
    ...(certificate ? { clientCertificate: certificate } : {}),
    ...(key ? { clientKey: key } : {}),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}

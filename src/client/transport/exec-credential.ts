// Credential plug-ins: a program that prints an ExecCredential. Upstream: client-go/plugin/pkg/client/auth/exec.
import { spawn } from 'node:child_process';
import type { ClientConfig, ExecConfig } from './config.ts';

export interface ExecCredential {
  token?: string;
  clientCertificate?: string;
  clientKey?: string;
  /** Milliseconds since the epoch; undefined is for ever. */
  expiresAtMs?: number;
}

const supported = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** Runs the plug-in. Throws an Error with upstream's words when it fails. */
export async function runExecPlugin(exec: ExecConfig, config: ClientConfig): Promise<ExecCredential> {
  if (!supported.includes(exec.apiVersion)) {
    throw new Error(`exec plugin: invalid apiVersion "${exec.apiVersion}"`);
  }
  const interactive = exec.interactiveMode !== 'Never' && process.stdin.isTTY === true;
  const cluster = {
    server: config.server,
    ...(config.tlsServerName ? { 'tls-server-name': config.tlsServerName } : {}),
    ...(config.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(config.certificateAuthority
      ? { 'certificate-authority-data': Buffer.from(config.certificateAuthority).toString('base64') }
      : {}),
  };
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, ...(exec.provideClusterInfo ? { cluster } : {}) },
  };
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } as NodeJS.ProcessEnv;
  for (const { name, value } of exec.env ?? []) env[name] = value;
  const output = await run(exec, env, interactive);
  const credential = parse(output, exec);
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = credential;
  if (!token && !clientCertificateData) throw new Error("exec plugin didn't return a token or cert/key pair");
  return {
    ...(token ? { token } : {}),
    ...(clientCertificateData ? { clientCertificate: clientCertificateData } : {}),
    ...(clientKeyData ? { clientKey: clientKeyData } : {}),
    ...(expirationTimestamp ? { expiresAtMs: Date.parse(expirationTimestamp) } : {}),
  };
}

function run(exec: ExecConfig, env: NodeJS.ProcessEnv, interactive: boolean): Promise<string> {
  const hint = exec.installHint ? `\n\n${exec.installHint}` : '';
  return new Promise((resolve, reject) => {
    const stdin = interactive ? 'inherit' : 'ignore';
    const child = spawn(exec.command, exec.args ?? [], { env, stdio: [stdin, 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? `executable ${exec.command} not found${hint}` : error.message;
      reject(new Error(`getting credentials: exec: ${why}`));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new Error(`getting credentials: exec: executable ${exec.command} failed with exit code ${code}`));
    });
  });
}

interface CredentialStatus {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

function parse(output: string, exec: ExecConfig): CredentialStatus {
  let credential: { apiVersion?: string; kind?: string; status?: CredentialStatus };
  try {
    credential = JSON.parse(output) as typeof credential;
  } catch (error) {
    throw new Error(`getting credentials: decoding stdout: ${(error as Error).message}`);
  }
  if (credential.apiVersion !== exec.apiVersion) {
    const got = `plugin returned version ${credential.apiVersion ?? ''}`;
    throw new Error(`exec plugin is configured to use API version ${exec.apiVersion}, ${got}`);
  }
  if (!credential.status) throw new Error("exec plugin didn't return a status field");
  return credential.status;
}

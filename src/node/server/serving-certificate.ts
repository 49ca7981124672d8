// The certificate of the node's own server: signed by the cluster's CA through a request, kept in D/nodes/<name>/,
// renewed before it expires or when the node's address has changed. Upstream: pkg/kubelet/certificate/kubelet.go.
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../client/controller.ts';
import type { Logger } from '../../client/log.ts';
import type { Client } from '../../client/rest.ts';
import { type KeyAndCertificate, expiresAtMs, requestCertificate, rotateAtMs } from '../join/certificate-request.ts';

export interface ServingOptions {
  client: Client;
  nodeName: string;
  /** D/nodes/<name>. */
  folder: string;
  address: string;
  /** PEM: a kept certificate of another cluster is of no use. */
  authority: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

/** Each attempt leaves a request on the server: ask ever less often. */
const RETRY_MS = 5000;
const MAX_RETRY_MS = 900_000;

/** The kept one when it still serves, else a new one; tries until the signers answer. */
export async function openServingCertificate(options: ServingOptions): Promise<KeyAndCertificate> {
  const kept = await readKept(options.folder);
  if (kept && serves(kept, options)) return kept;
  return renew(options);
}

/** Calls `use` with each new certificate until the signal aborts. */
export async function rotateServingCertificate(
  first: KeyAndCertificate,
  options: ServingOptions,
  use: (next: KeyAndCertificate) => void,
): Promise<void> {
  const { clock, signal } = options;
  for (let current = first; !signal.aborted;) {
    const at = rotateAtMs(current.certificate);
    // A timer holds no more than 24 days.
    while (clock.now() < at) await clock.sleep(Math.min(at - clock.now(), 24 * 3600 * 1000), signal);
    current = await renew(options);
    use(current);
  }
}

async function renew(options: ServingOptions): Promise<KeyAndCertificate> {
  const { client, nodeName, address, clock, log, signal } = options;
  for (let retryMs = RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
    signal.throwIfAborted();
    try {
      const made = await requestCertificate({
        client,
        nodeName,
        signer: 'kubernetes.io/kubelet-serving',
        addresses: [address],
        dnsNames: [nodeName],
        signal,
      });
      await keep(options.folder, made);
      return made;
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ node: nodeName, error: String(error) }, 'cannot get the serving certificate; trying again');
      await clock.sleep(retryMs, signal);
    }
  }
}

function serves(kept: KeyAndCertificate, { authority, address, nodeName, clock }: ServingOptions): boolean {
  try {
    const certificate = new X509Certificate(kept.certificate);
    const signed = authority === '' || certificate.verify(new X509Certificate(authority).publicKey);
    const named = certificate.checkIP(address) !== undefined && certificate.checkHost(nodeName) !== undefined;
    return signed && named && rotateAtMs(kept.certificate) > clock.now() && expiresAtMs(kept.certificate) > clock.now();
  } catch {
    return false;
  }
}

async function readKept(folder: string): Promise<KeyAndCertificate | undefined> {
  try {
    const text = await readFile(join(folder, 'kubelet-server.pem'), 'utf8');
    const key = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----\n?/.exec(text)?.[0];
    const certificate = /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n?/.exec(text)?.[0];
    return key && certificate ? { key, certificate } : undefined;
  } catch {
    return undefined;
  }
}

/** Key and certificate in one file, replaced at once, so that they always belong together. */
async function keep(folder: string, made: KeyAndCertificate): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const path = join(folder, 'kubelet-server.pem');
  await writeFile(`${path}.tmp`, made.key + made.certificate, { mode: 0o600 });
  await chmod(`${path}.tmp`, 0o600);
  await rename(`${path}.tmp`, path);
}

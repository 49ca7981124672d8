// Who a client says it is, for each request anew: tokens rotate, plug-ins' credentials expire.
import { readFileSync, statSync } from 'node:fs';
import type { Headers } from '../../wire/http.ts';
import type { ClientConfig } from './config.ts';
import type { RequestHeaders } from './exchange.ts';
import type { ExecCredential } from './exec-credential.ts';

export class Credentials {
  private readonly config: ClientConfig;
  /** Called when there is another certificate: connections with the old one must not be used again. */
  private readonly onCertificate: () => void;
  private fromPlugin?: ExecCredential;
  private asking?: Promise<void>;
  private tokenFile?: { token: string; mtimeMs: number; checkedAtMs: number };

  constructor(config: ClientConfig, onCertificate: () => void) {
    this.config = config;
    this.onCertificate = onCertificate;
  }

  get certificate(): string | undefined {
    return this.fromPlugin?.clientCertificate ?? this.config.clientCertificate;
  }
  get key(): string | undefined {
    return this.fromPlugin?.clientKey ?? this.config.clientKey;
  }

  async headers(own: Headers): Promise<RequestHeaders> {
    const headers: RequestHeaders = { ...own };
    const { username, password, impersonate } = this.config;
    if (this.plugin && isStale(this.fromPlugin)) await this.askPlugin();
    const token = this.fromPlugin?.token ?? this.readTokenFile() ?? this.config.token;
    if (token) headers['authorization'] = `Bearer ${token}`;
    else if (username !== undefined) {
      headers['authorization'] = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
    }
    if (impersonate?.user) headers['impersonate-user'] = impersonate.user;
    if (impersonate?.uid) headers['impersonate-uid'] = impersonate.uid;
    if (impersonate?.groups?.length) headers['impersonate-group'] = impersonate.groups;
    for (const [name, values] of Object.entries(impersonate?.extra ?? {})) {
      headers[`impersonate-extra-${encodeURIComponent(name)}`] = values;
    }
    return headers;
  }

  /** After a 401: true when there is another credential than the one that these headers had. */
  async renew(refused: RequestHeaders): Promise<boolean> {
    if (!this.plugin) return false;
    const current = this.fromPlugin?.token;
    if (current === undefined || refused['authorization'] === `Bearer ${current}`) await this.askPlugin();
    return true;
  }

  /** Whatever else says who it is outweighs the plug-in. Upstream: exec.roundTripper.RoundTrip. */
  private get plugin(): ClientConfig['exec'] {
    const { exec, token, tokenFile, username, clientCertificate } = this.config;
    return (token ?? tokenFile ?? username ?? clientCertificate) ? undefined : exec;
  }

  /** Once for all requests that wait: a plug-in may ask the user something. */
  private askPlugin(): Promise<void> {
    return (this.asking ??= this.runPlugin().finally(() => (this.asking = undefined)));
  }

  private async runPlugin(): Promise<void> {
    const { runExecPlugin } = await import('./exec-credential.ts');
    const before = this.certificate;
    this.fromPlugin = await runExecPlugin(this.plugin!, this.config);
    if (this.certificate !== before) this.onCertificate();
  }

  /** The file's token, looked at again at most once a second. A file that went leaves the token that was known. */
  private readTokenFile(): string | undefined {
    const { tokenFile } = this.config;
    if (!tokenFile) return undefined;
    const now = Date.now();
    if (this.tokenFile && now - this.tokenFile.checkedAtMs < 1000) return this.tokenFile.token;
    try {
      const { mtimeMs } = statSync(tokenFile);
      const token = this.tokenFile?.mtimeMs === mtimeMs ? this.tokenFile.token : readFileSync(tokenFile, 'utf8').trim();
      this.tokenFile = { token, mtimeMs, checkedAtMs: now };
      return token;
    } catch (error) {
      const known = this.tokenFile?.token ?? this.config.token;
      if (known) return known;
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(code === 'ENOENT' ? `open ${tokenFile}: no such file or directory` : message, { cause: error });
    }
  }
}

const isStale = (credential: ExecCredential | undefined): boolean =>
  credential === undefined || (credential.expiresAtMs !== undefined && credential.expiresAtMs < Date.now());

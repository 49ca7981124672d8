// Which proxy leads to a server: kubeconfig's proxy-url, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
// Upstream: golang.org/x/net/http/httpproxy. How a proxy is spoken to is tunnel.ts.
import { BlockList, isIP } from 'node:net';
import { Unreachable } from './failures.ts';

/** Without the scheme's socks5h, which client-go does not let pass where proxies are configured. */
const SCHEMES = ['http:', 'https:', 'socks5:'];

/** The proxy for this server, if any. Throws for those that cannot be used. */
export function proxyFor(server: URL, configured: string | undefined, env: NodeJS.ProcessEnv): URL | undefined {
  if (configured) return proxyUrl(configured);
  const named = variable(env, server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (!named || isExempt(server, variable(env, 'NO_PROXY'))) return undefined;
  const withScheme = /^(https?|socks5h?):/.test(named) ? named : `http://${named}`;
  return proxyUrl(withScheme.replace(/^socks5h:/, 'socks5:'));
}

const variable = (env: NodeJS.ProcessEnv, name: string): string => env[name] || env[name.toLowerCase()] || '';

function proxyUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Unreachable(`invalid proxy address ${JSON.stringify(text)}`);
  }
  if (!SCHEMES.includes(url.protocol)) {
    throw new Error(
      `invalid proxy-url ${text}: unsupported scheme "${url.protocol.slice(0, -1)}", must be http, https, or socks5`,
    );
  }
  return url;
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

/** What is on this machine is never reached through a proxy of the environment. */
export function isLocal(host: string): boolean {
  return host === 'localhost' || bare(host) === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isExempt(server: URL, rules: string): boolean {
  const host = bare(server.hostname);
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (isLocal(host)) return true;
  return rules.split(',').some((rule) => matches(rule.trim().toLowerCase(), host, port));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '') return false;
  if (rule === '*') return true;
  if (rule.includes('/')) return isInRange(rule, host);
  const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(isIP(rule) === 6 ? `[${rule}]` : rule) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  if (isIP(bare(name)) > 0) return bare(name) === host;
  const suffix = name.replace(/^\*\./, '.');
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isInRange(range: string, host: string): boolean {
  const [network = '', prefix = ''] = range.split('/');
  const family = isIP(host);
  if (family === 0 || isIP(network) !== family || !/^\d+$/.test(prefix)) return false;
  const list = new BlockList();
  const type = family === 6 ? 'ipv6' : 'ipv4';
  try {
    list.addSubnet(network, Number(prefix), type);
  } catch {
    return false;
  }
  return list.check(host, type);
}

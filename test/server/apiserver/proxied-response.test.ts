// A site below `…/proxy/`: its redirects and links lead back through the proxy; and the address that it is asked under.
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  forwardedRequest,
  proxiedResponse,
  redirectToRoot,
  rewriteUrl,
} from '../../../src/server/apiserver/connect/proxied-response.ts';
import { NEVER_ABORTED } from '../../../src/wire/http.ts';
import type { Request, Response } from '../../../src/wire/http.ts';

const placed = { prefix: '/api/v1/namespaces/n/pods/p:80/proxy', siteHost: '10.0.0.1:80', requestHost: 'api:6443' };

async function page(
  html: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response & { text: Buffer }> {
  const bytes = Buffer.from(html as Uint8Array);
  const answer: Response = {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-length': String(bytes.length), ...headers },
    // In small pieces, which end in the middle of tags and characters.
    body: {
      bytes: () =>
        (async function* () {
          for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
        })(),
    },
  };
  const response = proxiedResponse(answer, placed);
  const chunks: Uint8Array[] = [];
  const body = response.body!.bytes();
  for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(chunk);
  return { ...response, text: Buffer.concat(chunks) };
}

describe('rewriteUrl', () => {
  it.each([
    ['/a/b', `${placed.prefix}/a/b`],
    ['/', `${placed.prefix}/`],
    ['/a/?x=1#y', `${placed.prefix}/a/?x=1#y`],
    ['a/b', 'a/b'],
    ['', ''],
    ['#top', '#top'],
    ['http://10.0.0.1:80/a', `${placed.prefix}/a`],
    ['//10.0.0.1:80/a', `${placed.prefix}/a`],
    ['https://api:6443/a', `https://api:6443${placed.prefix}/a`],
    [`https://api:6443${placed.prefix}/a`, `https://api:6443${placed.prefix}/a`],
    [`${placed.prefix}/a`, `${placed.prefix}/a`],
    ['https://elsewhere.example/a', 'https://elsewhere.example/a'],
    ['mailto:a@b', 'mailto:a@b'],
  ])('%s', (from, to) => expect(rewriteUrl(from, placed)).toBe(to));
});

describe('proxiedResponse', () => {
  it('rewrites links of pages and leaves every other byte', async () => {
    const html = `<!doctype html><A HREF='/x'>ü</A><a  href="y">r</a><script>"<a href='/no'>"</script><!-- <a href="/no"> --><img src=/z.png>`;
    const { text, headers } = await page(html);
    expect(text.toString()).toBe(
      `<!doctype html><a href="${placed.prefix}/x">ü</A><a  href="y">r</a><script>"<a href='/no'>"</script><!-- <a href="/no"> --><img src="${placed.prefix}/z.png">`,
    );
    expect(headers['content-length']).toBeUndefined();
  });

  it('unpacks and packs what is compressed', async () => {
    const { text } = await page(gzipSync('<a href="/x">'), { 'content-encoding': 'gzip' });
    expect(gunzipSync(text).toString()).toBe(`<a href="${placed.prefix}/x">`);
  });

  it('passes codings that it does not know, and what is no page', async () => {
    const other = await page('<a href="/x">', { 'content-encoding': 'br' });
    expect(other.text.toString()).toBe('<a href="/x">');
    const json = await page('{"a":"<a href=/x>"}', { 'content-type': 'application/json' });
    expect([json.text.toString(), json.headers['content-length']]).toEqual(['{"a":"<a href=/x>"}', '19']);
  });

  it('rewrites redirects and drops what browsers would believe of other origins', () => {
    const answer = { status: 302, headers: { location: '/login', 'access-control-allow-origin': '*', etag: 'e' } };
    expect(proxiedResponse(answer, placed)).toEqual({
      status: 302,
      headers: { location: `${placed.prefix}/login`, etag: 'e' },
    });
  });
});

describe('the request', () => {
  const request: Request = {
    method: 'GET',
    path: placed.prefix,
    query: new URLSearchParams('a=b'),
    headers: { 'x-forwarded-for': '1.2.3.4' },
    signal: NEVER_ABORTED,
    remoteAddress: '5.6.7.8',
  };

  it('is redirected to the slash, if it only reads', () => {
    expect(redirectToRoot(request)?.headers['location']).toBe(`${placed.prefix}/?a=b`);
    expect(redirectToRoot({ ...request, method: 'POST' })).toBeUndefined();
  });

  it('tells the site its address and its caller', () => {
    expect(forwardedRequest(request).headers).toEqual({
      'x-forwarded-for': '1.2.3.4, 5.6.7.8',
      'x-forwarded-uri': placed.prefix,
    });
  });
});

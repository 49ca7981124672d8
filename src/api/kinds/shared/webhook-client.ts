// Where a webhook is: a URL or a service, and the bundle that it is trusted by. Of admission webhooks and of conversion.
// Upstream: apiserver pkg/util/webhook/validation.go.
import { parseUrl } from '../../cel/library/url.ts';
import { dns1123SubdomainErrors, portNumberErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';

export interface WebhookClientConfig {
  url?: string;
  service?: ServiceReference;
}

export function validateClientConfig(errors: FieldErrors, path: string, { url, service }: WebhookClientConfig): void {
  if ((url == null) === (service == null)) errors.required(path, 'exactly one of url or service is required');
  else if (url != null) webhookUrl(errors, `${path}.url`, url);
  else webhookService(errors, `${path}.service`, service!);
}

const FORM = '; desired format: https://host[/path]';
const PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;
/** What is no URL of a request is still a URL. */
const RELATIVE = /: (?:empty url|invalid URI for request)$/;

/** Upstream: ValidateWebhookURL. */
function webhookUrl(errors: FieldErrors, field: string, text: string): void {
  const problem = parseUrl(text.split('#', 1)[0]!);
  if (typeof problem === 'string' && !RELATIVE.test(problem)) {
    return errors.required(field, `url must be a valid URL: ${problem}${FORM}`);
  }
  const [, scheme = '', user, host = '', query, fragment] = PARTS.exec(text) ?? [];
  if (scheme.toLowerCase() !== 'https') {
    errors.invalid(field, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`);
  }
  if (host === '') errors.invalid(field, host, `host must be specified${FORM}`);
  if (user !== undefined) errors.invalid(field, user, 'user information is not permitted in the URL');
  if (fragment) errors.invalid(field, fragment, 'fragments are not permitted in the URL');
  if (query) errors.invalid(field, query, 'query parameters are not permitted in the URL');
}

export interface ServiceReference {
  name?: string;
  namespace?: string;
  port?: number;
  path?: string;
}

/** Upstream: ValidateWebhookService. */
function webhookService(errors: FieldErrors, path: string, service: ServiceReference): void {
  if (!service.name) errors.required(`${path}.name`);
  if (!service.namespace) errors.required(`${path}.namespace`);
  const port = service.port ?? 443;
  const bad = portNumberErrors(port);
  if (bad.length) errors.invalid(`${path}.port`, port, `port is not valid: ${bad.join(', ')}`);
  const url = service.path;
  if (url == null || url === '' || url === '/') return;
  const field = `${path}.path`;
  if (url === '//') return errors.invalid(field, url, 'segment[0] may not be empty');
  if (!url.startsWith('/')) errors.invalid(field, url, "must start with a '/'");
  const steps = url.slice(1).replace(/\/$/, '').split('/');
  steps.forEach((step, i) => {
    if (step === '') return errors.invalid(field, url, `segment[${i}] may not be empty`);
    for (const why of dns1123SubdomainErrors(step)) errors.invalid(field, url, `segment[${i}]: ${why}`);
  });
}

/** True when the base64 text holds a certificate. */
export const isCaBundle = (bundle: string): boolean =>
  /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(Buffer.from(bundle, 'base64').toString());

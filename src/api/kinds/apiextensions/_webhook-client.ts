// Where a conversion webhook is: a URL or a service, and the bundle that it is trusted by.
// Upstream: apiserver pkg/util/webhook/validation.go.
import { parseUrl } from '../../cel/library/url.ts';
import { portNumberErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import type { Conversion } from './_types.ts';

type ClientConfig = NonNullable<NonNullable<Conversion['webhook']>['clientConfig']>;

const FORM = '; desired format: https://host[/path]';

export function validateClientConfig({ url, service }: ClientConfig, path: string, errors: FieldErrors): void {
  if ((url === undefined) === (service === undefined)) {
    errors.required(path, 'exactly one of url or service is required');
  } else if (url !== undefined) validateUrl(url, `${path}.url`, errors);
  else if (service) validateService(service, `${path}.service`, errors);
}

function validateUrl(text: string, path: string, errors: FieldErrors): void {
  const [withoutFragment = '', fragment = ''] = text.split(/#(.*)/s);
  const url = parseUrl(withoutFragment);
  if (typeof url === 'string') return errors.required(path, `url must be a valid URL: ${url}${FORM}`);
  if (url.scheme !== 'https') errors.invalid(path, url.scheme, `'https' is the only allowed URL scheme${FORM}`);
  if (url.host === '') errors.invalid(path, url.host, `host must be specified${FORM}`);
  const user = /^[^:]*:\/\/([^/?]*)@/.exec(withoutFragment)?.[1];
  if (user !== undefined) errors.invalid(path, user, `user information is not permitted in the URL`);
  if (fragment !== '') errors.invalid(path, fragment, 'fragments are not permitted in the URL');
  if (url.query !== '') errors.invalid(path, url.query, 'query parameters are not permitted in the URL');
}

function validateService(service: NonNullable<ClientConfig['service']>, path: string, errors: FieldErrors): void {
  if (!service.name) errors.required(`${path}.name`, 'service name is required');
  if (!service.namespace) errors.required(`${path}.namespace`, 'service namespace is required');
  const port = portNumberErrors(service.port ?? 443);
  if (port.length > 0) errors.invalid(`${path}.port`, service.port, `port is not valid: ${port.join(', ')}`);
  if (service.path !== undefined && service.path !== '' && !service.path.startsWith('/')) {
    errors.invalid(`${path}.path`, service.path, "must start with a '/'");
  }
}

/** True when the base64 text holds a certificate. */
export const isCaBundle = (bundle: string): boolean =>
  /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(Buffer.from(bundle, 'base64').toString());

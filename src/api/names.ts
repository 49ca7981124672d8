// Which strings may name things: DNS labels and subdomains, qualified names, label values, ports, environment
// variables, keys. Each rule answers upstream's messages, none when the value is good.
// Upstream: apimachinery/pkg/util/validation/validation.go, pkg/api/validation/objectmeta.go.
import type { FieldErrors } from './validation.ts';

const NONE: readonly string[] = Object.freeze([]);

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`;
const dns1123LabelUnderscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const dns1123SubdomainUnderscore = `${dns1123LabelUnderscore}(\\.${dns1123LabelUnderscore})*`;
const dns1035Label = '[a-z]([-a-z0-9]*[a-z0-9])?';
const qualifiedName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualifiedName})?`;
const wildcardSubdomain = `\\*\\.${dns1123Subdomain}`;
const percent = '[0-9]+%';
const httpHeaderName = '[-A-Za-z0-9]+';
const configMapKey = '[-._a-zA-Z0-9]+';
const cIdentifier = '[A-Za-z_][A-Za-z0-9_]*';
const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

const whole = (source: string): RegExp => new RegExp(`^(?:${source})$`);
const LABEL = whole(dns1123Label);
const SUBDOMAIN = whole(dns1123Subdomain);
const SUBDOMAIN_UNDERSCORE = whole(dns1123SubdomainUnderscore);
const LABEL_1035 = whole(dns1035Label);
const QUALIFIED = whole(qualifiedName);
const LABEL_VALUE = whole(labelValue);
const WILDCARD = whole(wildcardSubdomain);
const PERCENT = whole(percent);
const HTTP_HEADER = whole(httpHeaderName);
const CONFIG_MAP_KEY = whole(configMapKey);
const C_IDENTIFIER = whole(cIdentifier);
const HTTP_PATH = whole(httpPath);
const PORT_NAME = /^[-a-z0-9]+$/;
const ONE_LETTER = /[a-z]/;
const PRINTABLE = /^[ -<>-~]+$/;

export const maxLengthMessage = (length: number): string => `must be no more than ${length} characters`;
export const rangeMessage = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

/** Upstream's RegexError: what the value must look like, examples, and the expression. */
export function regexMessage(message: string, source: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${source}')`;
  const list = examples.map((e) => `'${e}', `).join(' or ');
  return `${message} (e.g. ${list}regex used for validation is '${source}')`;
}

const LABEL_MESSAGE = regexMessage(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  dns1123Label,
  'my-name',
  '123-abc',
);
const SUBDOMAIN_MESSAGE = regexMessage(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  dns1123Subdomain,
  'example.com',
);
const LABEL_1035_MESSAGE = regexMessage(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  dns1035Label,
  'my-name',
  'abc-123',
);
const QUALIFIED_MESSAGE = regexMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedName,
  'MyName',
  'my.name',
  '123-abc',
);
const LABEL_VALUE_MESSAGE = regexMessage(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValue,
  'MyValue',
  'my_value',
  '12345',
);

export function dns1123LabelErrors(value: string): readonly string[] {
  const matches = LABEL.test(value);
  if (matches && value.length <= 63) return NONE;
  const errors: string[] = value.length > 63 ? [maxLengthMessage(63)] : [];
  if (!matches) errors.push(SUBDOMAIN.test(value) ? 'must not contain dots' : LABEL_MESSAGE);
  return errors;
}

export function dns1123SubdomainErrors(value: string): readonly string[] {
  const matches = SUBDOMAIN.test(value);
  if (matches && value.length <= 253) return NONE;
  const errors: string[] = value.length > 253 ? [maxLengthMessage(253)] : [];
  if (!matches) errors.push(SUBDOMAIN_MESSAGE);
  return errors;
}

/** Search domains of DNS. Upstream: IsDNS1123SubdomainWithUnderscore. */
export function dns1123UnderscoreErrors(value: string): readonly string[] {
  const matches = SUBDOMAIN_UNDERSCORE.test(value);
  if (matches && value.length <= 253) return NONE;
  const errors: string[] = value.length > 253 ? [maxLengthMessage(253)] : [];
  if (!matches) {
    const message =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
    errors.push(regexMessage(message, dns1123SubdomainUnderscore, 'example.com'));
  }
  return errors;
}

export function dns1035LabelErrors(value: string): readonly string[] {
  const matches = LABEL_1035.test(value);
  if (matches && value.length <= 63) return NONE;
  const errors: string[] = value.length > 63 ? [maxLengthMessage(63)] : [];
  if (!matches) errors.push(LABEL_1035_MESSAGE);
  return errors;
}

export function wildcardDns1123SubdomainErrors(value: string): readonly string[] {
  if (value.length <= 253 && WILDCARD.test(value)) return NONE;
  const errors: string[] = value.length > 253 ? [maxLengthMessage(253)] : [];
  if (!WILDCARD.test(value)) {
    const message =
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
    errors.push(regexMessage(message, wildcardSubdomain, '*.example.com'));
  }
  return errors;
}

/** A label or annotation key: `[prefix/]name`. Upstream: IsQualifiedName. */
export function qualifiedNameErrors(value: string): readonly string[] {
  const slash = value.indexOf('/');
  if (slash < 0 && value.length <= 63 && QUALIFIED.test(value)) return NONE;
  const errors: string[] = [];
  let name = value;
  if (slash >= 0) {
    if (value.indexOf('/', slash + 1) >= 0) {
      return [
        `a qualified name ${QUALIFIED_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ];
    }
    const prefix = value.slice(0, slash);
    name = value.slice(slash + 1);
    if (prefix === '') errors.push('prefix part must be non-empty');
    else for (const message of dns1123SubdomainErrors(prefix)) errors.push(`prefix part ${message}`);
  }
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push(`name part ${maxLengthMessage(63)}`);
  if (!QUALIFIED.test(name)) errors.push(`name part ${QUALIFIED_MESSAGE}`);
  return errors;
}

export function labelValueErrors(value: string): readonly string[] {
  const matches = LABEL_VALUE.test(value);
  if (matches && value.length <= 63) return NONE;
  const errors: string[] = value.length > 63 ? [maxLengthMessage(63)] : [];
  if (!matches) errors.push(LABEL_VALUE_MESSAGE);
  return errors;
}

export function portNumberErrors(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? NONE : [rangeMessage(1, 65535)];
}

export function portNameErrors(port: string): readonly string[] {
  const errors: string[] = [];
  if (port.length > 15) errors.push(maxLengthMessage(15));
  if (!PORT_NAME.test(port)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!ONE_LETTER.test(port)) errors.push('must contain at least one letter (a-z)');
  if (port.includes('--')) errors.push('must not contain consecutive hyphens');
  if (port.startsWith('-') || port.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function percentErrors(value: string): readonly string[] {
  if (PERCENT.test(value)) return NONE;
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return [regexMessage(message, percent, '1%', '93%')];
}

export function httpHeaderNameErrors(value: string): readonly string[] {
  if (HTTP_HEADER.test(value)) return NONE;
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return [regexMessage(message, httpHeaderName, 'X-Header-Name')];
}

/** Since 1.34 (RelaxedEnvironmentVariableValidation) all printable ASCII but `=` is allowed. */
export function envVarNameErrors(value: string): readonly string[] {
  if (PRINTABLE.test(value)) return NONE;
  if (value === '') return ['environment variable name must be non-empty'];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function cIdentifierErrors(value: string): readonly string[] {
  if (C_IDENTIFIER.test(value)) return NONE;
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return [regexMessage(message, cIdentifier, 'my_name', 'MY_NAME', 'MyName')];
}

function parentDirectoryErrors(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export function configMapKeyErrors(value: string): readonly string[] {
  if (value.length <= 253 && CONFIG_MAP_KEY.test(value) && !value.startsWith('.')) return NONE;
  const errors: string[] = value.length > 253 ? [maxLengthMessage(253)] : [];
  if (!CONFIG_MAP_KEY.test(value)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(regexMessage(message, configMapKey, 'key.name', 'KEY_NAME', 'key-name'));
  }
  return [...errors, ...parentDirectoryErrors(value)];
}

/** A name that is one segment of a URL path (RBAC objects). Upstream: path.IsValidPathSegmentName. */
export function pathSegmentErrors(value: string): readonly string[] {
  if (value === '.') return [`may not be '.'`];
  if (value === '..') return [`may not be '..'`];
  const errors: string[] = [];
  for (const part of ['/', '%']) if (value.includes(part)) errors.push(`may not contain '${part}'`);
  return errors.length ? errors : NONE;
}

/** `example.com/path` (signer names, domain-prefixed conditions). Upstream: IsDomainPrefixedPath. */
export function domainPrefixedPath(errors: FieldErrors, field: string, value: string): void {
  if (value === '') return errors.required(field);
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    return errors.invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")');
  }
  for (const message of dns1123SubdomainErrors(value.slice(0, slash))) {
    errors.invalid(field, value.slice(0, slash), message);
  }
  const path = value.slice(slash + 1);
  if (!HTTP_PATH.test(path)) errors.invalid(field, path, regexMessage('Invalid path', httpPath));
}

/** Upstream: metav1 validation.ValidateLabels. */
export function validateLabels(errors: FieldErrors, field: string, labels: Record<string, string> | undefined): void {
  if (!labels) return;
  for (const key in labels) {
    const value = labels[key] ?? '';
    for (const message of qualifiedNameErrors(key)) errors.invalid(field, key, message);
    for (const message of labelValueErrors(value)) errors.invalid(`${field}`, value, message);
  }
}

const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/** Upstream: api/validation.ValidateAnnotations; keys are checked in lower case, sizes summed. */
export function validateAnnotations(
  errors: FieldErrors,
  field: string,
  annotations: Record<string, string> | undefined,
): void {
  if (!annotations) return;
  let bytes = 0;
  for (const key in annotations) {
    for (const message of qualifiedNameErrors(key.toLowerCase())) errors.invalid(field, key, message);
    bytes += byteLength(key) + byteLength(annotations[key] ?? '');
  }
  if (bytes > ANNOTATIONS_LIMIT_BYTES) errors.tooLong(field, ANNOTATIONS_LIMIT_BYTES);
}

/** The length in UTF-8, without encoding. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (code >= 0xd800 && code < 0xdc00 && i + 1 < text.length) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

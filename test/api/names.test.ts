import { describe, expect, it } from 'vitest';
import * as names from '../../src/api/names.ts';
import { FieldErrors } from '../../src/api/validation.ts';

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('names', () => {
  it.each([
    [names.dns1123SubdomainErrors, 'a.b-c', []],
    [names.dns1123SubdomainErrors, 'A', [SUBDOMAIN]],
    [names.dns1123LabelErrors, 'a.b', ['must not contain dots']],
    [names.dns1123LabelErrors, 'a'.repeat(64), ['must be no more than 63 characters']],
    [names.dns1035LabelErrors, 'a-1', []],
    [names.qualifiedNameErrors, 'example.com/Name', []],
    [names.qualifiedNameErrors, '/x', ['prefix part must be non-empty']],
    [names.qualifiedNameErrors, 'E/x', [`prefix part ${SUBDOMAIN}`]],
    [names.labelValueErrors, '', []],
    [names.portNameErrors, 'http-80', []],
    [names.portNameErrors, '80', ['must contain at least one letter (a-z)']],
    [names.configMapKeyErrors, '..a', ["must not start with '..'"]],
    [names.configMapKeyErrors, '.ok', []],
    [names.envVarNameErrors, '1 odd', []],
    [names.pathSegmentErrors, 'system:x', []],
    [names.pathSegmentErrors, 'a/b', ["may not contain '/'"]],
  ])('%o %j', (rule, value, expected) => expect(rule(value)).toEqual(expected));

  it('says how a name of two parts must look', () => {
    expect(names.qualifiedNameErrors('a/b/c')[0]).toMatch(
      /^a qualified name must consist of .* with an optional DNS subdomain prefix and '\/' \(e.g. 'example.com\/MyName'\)$/,
    );
    expect(names.dns1035LabelErrors('1a')[0]).toMatch(/^a DNS-1035 label must .*'abc-123', regex/);
  });

  it('measures annotations in bytes', () => {
    const errors = new FieldErrors();
    names.validateAnnotations(errors, 'metadata.annotations', { a: 'ü'.repeat(131072) });
    expect(errors.list.map((e) => e.body)).toEqual(['Too long: may not be more than 262144 bytes']);
    expect(names.byteLength('aü€😀')).toBe(new TextEncoder().encode('aü€😀').length);
  });
});

// Requests for certificates: what they ask, who may say what of them, and what stays as it is.
import { describe, expect, it } from 'vitest';
import csr from '../../../../src/api/kinds/certificates/certificatesigningrequest.ts';
import type { KubeObject } from '../../../../src/api/types.ts';
import { FieldErrors } from '../../../../src/api/validation.ts';
import { create, status, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const pem = (type: string) => Buffer.from(`-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`).toString('base64');
const make = (spec: Fields = {}, state: Fields = {}) => ({
  metadata: { name: 'x' },
  spec: { request: pem('CERTIFICATE REQUEST'), signerName: 'a.b/c', usages: ['client auth'], ...spec },
  status: state,
});
const said = (...list: string[]) => ({ conditions: list.map((type) => ({ type, status: 'True', reason: 'r' })) });
const approve = (old: object, state: Fields): string[] => {
  const errors = new FieldErrors();
  csr.validateSubresource!['approval']!({ ...old, status: state } as never, old as never, errors);
  return errors.list.map((e) => `${e.field}: ${e.body}`);
};

describe('a new request', () => {
  it.each<[object, string[]]>([
    [make(), []],
    [
      make({ request: 'eA==', usages: ['fly', 'any', 'any'], expirationSeconds: 599 }),
      [
        'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
        expect.stringMatching(
          /^spec.usages\[0\]: Unsupported value: "fly": supported values: "any", "cert sign"/,
        ) as never,
        'spec.usages[2]: Duplicate value: "any"',
        'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
      ],
    ],
    [make({ usages: [] }), ['spec.usages: Required value']],
    [
      make({ signerName: 'a.b' }),
      [
        `spec.signerName: Invalid value: "a.b": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ],
    ],
    [
      make({ signerName: 'A.b/c' }),
      [
        expect.stringMatching(
          /^spec.signerName: Invalid value: "A.b": validating label "A": a lowercase RFC 1123/,
        ) as never,
      ],
    ],
    [
      make({ signerName: 'ab/c.D' }),
      [
        'spec.signerName: Invalid value: "ab": should be a domain with at least two segments separated by dots',
        expect.stringMatching(
          /^spec.signerName: Invalid value: "c.D": validating label "D": a lowercase RFC 1123/,
        ) as never,
      ],
    ],
  ])('%#', (document, expected) => {
    expect(create(csr, document).errors).toEqual(expected);
  });

  it('names no legacy signer in version 1', () => {
    const { validate } = csr.served[0]!;
    const legacy = make({ signerName: 'kubernetes.io/legacy-unknown' });
    const check = (old: object | undefined): number => {
      const errors = new FieldErrors();
      validate!(legacy as never, old as never, errors);
      return errors.list.length;
    };
    expect([check(undefined), check(legacy)]).toEqual([1, 0]);
  });
});

describe('a request that is there', () => {
  const issued = { ...said('Approved'), certificate: pem('CERTIFICATE') };
  it.each<[string, string[], string[]]>([
    ['approved where that is done', approve(make(), said('Approved')), []],
    [
      'both approved and denied',
      approve(make({}, said('Approved')), said('Approved', 'Denied')),
      ['status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'],
    ],
    [
      'unapproved',
      approve(make({}, said('Approved')), said()),
      ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    ],
    [
      'certified with its approval',
      approve(make(), { ...said('Approved'), certificate: pem('CERTIFICATE') }),
      ['status.certificate: Forbidden: updates may not set certificate content'],
    ],
    ['certified', status(csr, make({}, said('Approved')), issued), []],
    ['failed', status(csr, make({}, said('Approved')), said('Approved', 'Failed')), []],
    [
      'approved by its status',
      status(csr, make(), said('Approved')),
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      'certified again',
      status(csr, make({}, issued), {
        ...issued,
        certificate: Buffer.from(`${Buffer.from(issued.certificate, 'base64')}\n`).toString('base64'),
      }),
      ['status.certificate: Forbidden: updates may not modify existing certificate content'],
    ],
    [
      'certified with a key',
      status(csr, make({}, said('Approved')), { ...issued, certificate: pem('PRIVATE KEY') }),
      [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
      ],
    ],
    [
      'said strangely of',
      status(csr, make(), {
        conditions: [
          { type: '' },
          { type: 'Failed', status: 'False' },
          { type: 'A', status: 'Maybe' },
          { type: 'A', status: 'True' },
        ],
      }),
      [
        'status.conditions[0].type: Required value',
        'status.conditions[0].status: Required value',
        'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
        'status.conditions[2].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        'status.conditions[3].type: Duplicate value: "A"',
      ],
    ],
    ['the same', update(csr, make({}, issued) as unknown as KubeObject, make()).errors, []],
  ])('may or may not be %s', (_, errors, expected) => {
    expect(errors).toEqual(expected);
  });

  it('keeps its approval on updates of the status, which say when conditions came', () => {
    const approved = { type: 'Approved', status: 'True', reason: 'R', lastUpdateTime: 'a', lastTransitionTime: 'b' };
    const draft = {
      status: {
        conditions: [
          { type: 'Approved', status: 'True', reason: 'other' },
          { type: 'Failed', status: 'True' },
        ],
      },
    };
    csr.prepareStatus!(draft as never, { status: { conditions: [approved] } } as never, 'now');
    const failed = { type: 'Failed', status: 'True', lastUpdateTime: 'now', lastTransitionTime: 'now' };
    expect(draft.status.conditions).toEqual([approved, failed]);
    const again = { status: { conditions: [{ type: 'Failed', status: 'True' }] } };
    csr.prepareStatus!(
      again as never,
      { status: { conditions: [{ ...failed, lastTransitionTime: 'then' }] } } as never,
      'now',
    );
    expect(again.status.conditions).toEqual([{ ...failed, lastTransitionTime: 'then' }]);
  });

  it('may not have its approval reworded', () => {
    const old = make({}, said('Approved'));
    const now = { conditions: [{ type: 'Approved', status: 'True', reason: 'other' }] };
    expect(status(csr, old, now)).toEqual([
      expect.stringMatching(
        /^status.conditions: Forbidden: updates may not modify a condition of type "Approved"\n- .*reason/,
      ),
    ]);
  });
});

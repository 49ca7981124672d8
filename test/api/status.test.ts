// A Status as Go prints it: what is empty is not told.
import { describe, expect, it } from 'vitest';
import { alreadyExists, forbidden, notFound } from '../../src/api/status.ts';

const services = { group: '', plural: 'services' };
const deployments = { group: 'apps', plural: 'deployments' };

describe('details', () => {
  it.each([
    ['of the core group', alreadyExists(services, 'a'), { name: 'a', kind: 'services' }],
    ['of another group', notFound(deployments, 'a'), { name: 'a', group: 'apps', kind: 'deployments' }],
    ['of no object', forbidden(deployments, '', 'no'), { group: 'apps', kind: 'deployments' }],
  ])('%s', (_, error, details) => expect(error.status.details).toStrictEqual(details));
});

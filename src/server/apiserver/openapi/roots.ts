// The operations that are about no resource: what there is, which version this is, and the keys of tokens. Upstream:
// apiserver pkg/endpoints/discovery (legacy, root, group, version), pkg/routes/{version,openidmetadata}.go.
import { apiVersionOf, type GroupVersion } from '../../../api/types.ts';
import { operationGroup, tagOf } from './names.ts';
import { ANSWER_TYPES } from './operations.ts';
import { TEXT, type Operation } from './types.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

function operation(path: string, id: string, tag: string, description: string, rest: Partial<Operation>): Operation {
  return {
    path,
    method: 'get',
    id,
    tag,
    description,
    parameters: [],
    pathParameters: [],
    bodyTypes: ANSWER_TYPES,
    codes: [200],
    answer: TEXT,
    ...rest,
  };
}

/** `AppsV1` without its version. */
const groupId = (group: string): string => operationGroup(group, '');
const groupTag = (group: string): string => tagOf(group, '').slice(0, -1);

/** By the path of their document in version 3: `api`, `apis`, `version` and two for tokens. */
export function serverOperations(): [document: string, operation: Operation][] {
  const json = ['application/json'];
  const keys = { bodyTypes: [] };
  return [
    [
      'api',
      operation('/api/', 'getCoreAPIVersions', 'core', 'get available API versions', { answer: `${META}.APIVersions` }),
    ],
    [
      'apis',
      operation('/apis/', 'getAPIVersions', 'apis', 'get available API versions', { answer: `${META}.APIGroupList` }),
    ],
    [
      'version',
      operation('/version/', 'getCodeVersion', 'version', 'get the version information for this server', {
        bodyTypes: json,
        produces: json,
        answer: 'io.k8s.apimachinery.pkg.version.Info',
      }),
    ],
    [
      '.well-known/openid-configuration',
      operation(
        '/.well-known/openid-configuration/',
        'getServiceAccountIssuerOpenIDConfiguration',
        'WellKnown',
        'get what verifiers of service account tokens need to know of their issuer',
        { ...keys, produces: json },
      ),
    ],
    [
      'openid/v1/jwks',
      operation(
        '/openid/v1/jwks/',
        'getServiceAccountIssuerOpenIDKeyset',
        'openid',
        'get the public keys of service account tokens',
        { ...keys, produces: ['application/jwk-set+json'] },
      ),
    ],
  ];
}

export function groupOperation(group: string): Operation {
  const id = `get${groupId(group)}APIGroup`;
  return operation(`/apis/${group}/`, id, groupTag(group), 'get information of a group', {
    answer: `${META}.APIGroup`,
  });
}

export function versionOperation({ group, version }: GroupVersion): Operation {
  const path = `${group === '' ? '/api' : '/apis'}/${apiVersionOf({ group, version })}/`;
  const id = `get${operationGroup(group, version)}APIResources`;
  return operation(path, id, tagOf(group, version), 'get available resources', { answer: `${META}.APIResourceList` });
}

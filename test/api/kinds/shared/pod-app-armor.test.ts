// Profiles of AppArmor that are annotations, and what is said of them. Upstream: TestApplyAppArmorVersionSkew.
import { expect, it } from 'vitest';
import pod from '../../../../src/api/kinds/core/pod.ts';
import { create, warningsOf } from '../lifecycle.ts';

const KEY = 'container.apparmor.security.beta.kubernetes.io/c';
const WARNING = `metadata.annotations[${KEY}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
const field = (appArmorProfile: object | undefined) => ({ securityContext: { appArmorProfile } });
const of = (annotation: string | undefined, container: object = {}, spec: object = {}) => ({
  metadata: { name: 'p', annotations: annotation === undefined ? {} : { [KEY]: annotation } },
  spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
});
interface Spec {
  containers: { securityContext?: { appArmorProfile?: object } }[];
}
const runtime = { type: 'RuntimeDefault' };
const localhost = { type: 'Localhost', localhostProfile: 'foo' };

it.each<[string, object, object | undefined, string[]]>([
  ['none', of(undefined), undefined, []],
  ['a field', of(undefined, field(runtime)), runtime, []],
  ['an annotation', of('runtime/default'), runtime, [WARNING]],
  ['an annotation of a profile on the node', of('localhost/foo'), localhost, [WARNING]],
  ['an annotation that switches it off', of('unconfined'), { type: 'Unconfined' }, [WARNING]],
  ['both, the same', of('runtime/default', field(runtime)), runtime, []],
  ['both, not the same', of('unconfined', field(runtime)), runtime, []],
  ['what the pod has', of('runtime/default', {}, field(runtime)), undefined, []],
  ['other than the pod has', of('localhost/foo', {}, field(runtime)), localhost, [WARNING]],
  ['an annotation without a name', of('localhost/'), undefined, [WARNING]],
  ['an annotation of no meaning', of('garbage'), undefined, [WARNING]],
  ['an annotation on Windows', of('runtime/default', {}, { os: { name: 'windows' } }), undefined, []],
])('%s', (_what, document, expected, warnings) => {
  const { containers } = create(pod, document).object['spec'] as Spec;
  expect(containers[0]!.securityContext?.appArmorProfile).toEqual(expected);
  expect(warningsOf(pod, document)).toEqual(warnings);
});

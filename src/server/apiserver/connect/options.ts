// What admission is shown of a connection: its options as the API object that upstream decodes the query into.
// Upstream: pkg/apis/core (PodExecOptions and its like), registered per subresource by rest.Connecter's NewConnectOptions.
import type { GroupVersionKind, Unstructured } from '../../../api/types.ts';

export interface ConnectOptions {
  kind: GroupVersionKind;
  object: Unstructured;
}

/** The subresources that are streams. */
export const CONNECTS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);

const STREAMS = ['stdin', 'stdout', 'stderr', 'tty'];

/** `kind` is the resource's: Pod, Service, Node. `rest` is what follows `proxy` in the path. */
export function connectOptions(
  kind: string,
  subresource: string,
  query: URLSearchParams,
  rest: string,
): ConnectOptions {
  const name = nameOf(kind, subresource);
  const fields: Record<string, unknown> = {};
  if (subresource === 'proxy') {
    if (rest !== '') fields['path'] = rest;
  } else if (subresource === 'portforward') {
    const ports = query.getAll('ports').flatMap((list) => list.split(',').map(Number));
    if (ports.length > 0) fields['ports'] = ports;
  } else {
    for (const stream of STREAMS) if (isOn(query.get(stream))) fields[stream] = true;
    if (query.get('container')) fields['container'] = query.get('container');
    if (subresource === 'exec') fields['command'] = query.getAll('command');
  }
  return {
    kind: { group: '', version: 'v1', kind: name },
    object: { kind: name, apiVersion: 'v1', ...fields } as unknown as Unstructured,
  };
}

const isOn = (value: string | null): boolean => value !== null && value !== '' && value !== 'false' && value !== '0';

function nameOf(kind: string, subresource: string): string {
  if (subresource === 'proxy') return `${kind}ProxyOptions`;
  const names: Readonly<Record<string, string>> = { exec: 'Exec', attach: 'Attach', portforward: 'PortForward' };
  return `${kind}${names[subresource] ?? ''}Options`;
}

// The names and the wording of the remote command protocols. Upstream: apimachinery/pkg/util/remotecommand constants.go.
import type { RemoteStatus } from './streams.ts';

export const V5 = 'v5.channel.k8s.io';
export const V4 = 'v4.channel.k8s.io';
export const V3 = 'v3.channel.k8s.io';
export const V2 = 'v2.channel.k8s.io';
export const V1 = 'channel.k8s.io';

export const SPDY_PROTOCOLS: readonly string[] = [V5, V4, V3, V2, V1];
export const WEBSOCKET_PROTOCOLS: readonly string[] = [
  V5,
  V4,
  V3,
  V2,
  V1,
  'v4.base64.channel.k8s.io',
  'base64.channel.k8s.io',
];

/** From v4 on the error stream carries a Status, before only the text of a failure. */
export const sendsStatus = (protocol: string): boolean => /^v[45]\./.test(protocol);
export const canResize = (protocol: string): boolean => /^v[345]\./.test(protocol);

export const CHANNELS = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** v4WriteStatusFunc and v1WriteStatusFunc. */
export function encodeStatus(protocol: string, status: RemoteStatus): Buffer {
  if (sendsStatus(protocol)) return Buffer.from(JSON.stringify({ metadata: {}, ...status }));
  return Buffer.from(status.status === 'Success' ? '' : (status.message ?? 'unknown error'));
}

/** errorDecoderV4 and its elders: nothing on the error stream is success. */
export function decodeStatus(protocol: string, bytes: Buffer): RemoteStatus {
  if (bytes.length === 0) return { status: 'Success' };
  const text = bytes.toString();
  if (!sendsStatus(protocol)) return { status: 'Failure', message: `error executing remote command: ${text}` };
  try {
    const status = JSON.parse(text) as RemoteStatus;
    if (status.status === 'Success' || status.status === 'Failure') return status;
    return { status: 'Failure', message: `error stream protocol error: unknown status "${String(status.status)}"` };
  } catch (error) {
    return { status: 'Failure', message: `error stream protocol error: ${(error as Error).message} in "${text}"` };
  }
}

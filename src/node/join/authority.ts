// Gets the cluster's CA from a server that is not trusted yet, and believes it only when its key has the hash that the
// token names. Upstream: cmd/kubeadm/app/discovery/token.
import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { ConfigMaps } from '../../api/resources.ts';
import { Client } from '../../client/rest.ts';
import { httpsTransport } from '../../client/transport/https.ts';
import { peerCertificate } from '../../client/transport/peer-certificates.ts';
import { caHashOf } from './token.ts';
import { NodeStartError } from './start-error.ts';

interface ClusterInfo {
  clusters?: { cluster?: { 'certificate-authority-data'?: string } }[];
}

/** PEM. Throws NodeStartError when the server cannot be reached or is another one. */
export async function fetchAuthority(server: string, caHash: string): Promise<string> {
  const seen = [...(await fromChain(server)), ...(await fromClusterInfo(server))];
  const found = seen.find((certificate) => caHashOf(certificate) === caHash);
  if (found) return found;
  throw new NodeStartError(
    `the server ${server} does not show the CA that the token names (sha256:${caHash.slice(0, 12)}…): ` +
      "it is another cluster's token or server, or somebody is in between; copy node.token from the server anew",
  );
}

async function fromChain(server: string): Promise<string[]> {
  try {
    const chain = await peerCertificate(server);
    return chain.map((der) => new X509Certificate(der).toString());
  } catch (error) {
    const detail = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new NodeStartError(
      `cannot reach the server ${server} (${detail}): check the address, and that the server runs`,
      { cause: error },
    );
  }
}

async function fromClusterInfo(server: string): Promise<string[]> {
  const transport = httpsTransport({ server, insecureSkipTlsVerify: true, timeoutMs: 10_000 });
  try {
    const client = new Client(transport.handler, { userAgent: 'sampan-node' });
    const info = await client.get(ConfigMaps, { namespace: 'kube-public', name: 'cluster-info' });
    const { clusters } = (parse(info.data?.['kubeconfig'] ?? '') ?? {}) as ClusterInfo;
    return (clusters ?? []).flatMap(({ cluster }) => {
      const data = cluster?.['certificate-authority-data'];
      return data ? [Buffer.from(data, 'base64').toString('utf8')] : [];
    });
  } catch {
    return [];
  } finally {
    transport.close();
  }
}

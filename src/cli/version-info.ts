// What this client says it is: the kubectl that it equals, and its own number.

export interface VersionInfo {
  major: string;
  minor: string;
  gitVersion: string;
  gitCommit: string;
  gitTreeState: string;
  buildDate: string;
  goVersion: string;
  compiler: string;
  platform: string;
}

export const clientVersion: VersionInfo = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.1+sampan.1',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node${process.versions.node}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** What requests name. Upstream: client-go/rest buildUserAgent, which says `unknown` where there is no commit. */
export const userAgent = `sampan/${clientVersion.gitVersion} (${clientVersion.platform}) kubernetes/unknown`;

export const kustomizeVersion = 'v5.5.0';

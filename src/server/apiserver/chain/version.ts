// /version: what the server says it is.
import type { Filter } from '../context.ts';
import { negotiate } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import { methodNotAllowed } from '../verbs/options.ts';

export const versionInfo = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.1+sampan.1',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

export const version: Filter = (context, next) => {
  const { path, method } = context.request;
  if (path !== '/version' && path !== '/version/') return next();
  if (method !== 'GET' && method !== 'HEAD') return Promise.reject(methodNotAllowed());
  return objectResponse(context, 200, () => versionInfo, negotiate(context.request.headers['accept']));
};

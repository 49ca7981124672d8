// What a server says that does not upgrade a connection.
import type { Response } from '../../wire/http.ts';
import { readFailure } from '../rest.ts';

/** As isUpgradeFailure knows it: it has a status. Upstream: apimachinery/pkg/util/httpstream/spdy (NewConnection). */
export async function upgradeFailure(response: Response): Promise<Error> {
  const said = await readFailure(response);
  if (typeof said !== 'string') return said;
  const text = said.trim() || 'unknown';
  return Object.assign(new Error(`unable to upgrade connection: ${text}`), { status: { code: response.status } });
}

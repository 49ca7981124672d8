// Who owns which field: called on every write, the work is api/patch's.
import type { Unstructured } from '../../../api/types.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { WriteOptions } from './options.ts';

/** Records an update (or create) in the draft's managedFields. */
export function trackUpdate(
  _context: RequestContext,
  _endpoint: Endpoint,
  _draft: Unstructured,
  _old: Unstructured | undefined,
  _options: WriteOptions,
  _subresource: string,
): void {}

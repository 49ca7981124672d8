// Labels of nodes that have newer names. Upstream: pkg/api/node/util.go (GetNodeLabelDeprecatedMessage).
import { DEPRECATED_NODE_LABELS } from './pod-warnings.ts';

export function labelKeyWarning(field: string, key: string | undefined): string[] {
  const message = DEPRECATED_NODE_LABELS[key ?? ''];
  return message === undefined ? [] : [`${field}: ${message}`];
}

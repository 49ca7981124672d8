// TEMPORARY SIGNATURES
import type { KubeObject } from '../api/types.ts';

/** Records Events about objects, aggregated and rate-limited as client-go's recorder does. Never throws. */
export interface EventRecorder {
  event(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

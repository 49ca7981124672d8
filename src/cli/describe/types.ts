// What a describer is: one file for each kind, found by the kind's name in lower case.
import type { Unstructured } from '../../api/types.ts';
import type { Cluster } from '../cluster.ts';

export interface DescribeContext {
  cluster: Cluster;
  showEvents: boolean;
  chunkSize: number;
  nowMs: number;
  /** The values of secrets, too. */
  decode?: boolean;
}

export interface Describer<T = Unstructured> {
  group: string;
  kind: string;
  /** The whole text, columns aligned, line end included. */
  describe(object: T, context: DescribeContext): Promise<string>;
}

export const defineDescriber = <T>(describer: Describer<T>): Describer<T> => describer;

// The trees that sources have fetched, shared by the loops of one process. Nothing here is lost with the process: the
// next one reads it again from the clone on disk.
import type { FileTree } from './source/tree.ts';

export class Artifacts {
  private readonly trees = new Map<string, FileTree>();
  private readonly listeners = new Set<(key: string) => void>();

  /** `kind/namespace/name` */
  static key(kind: string, namespace: string, name: string): string {
    return `${kind}/${namespace}/${name}`;
  }
  get(key: string): FileTree | undefined {
    return this.trees.get(key);
  }
  set(key: string, tree: FileTree): void {
    this.trees.set(key, tree);
    for (const listener of this.listeners) listener(key);
  }
  delete(key: string): void {
    this.trees.delete(key);
  }
  onChange(listener: (key: string) => void): void {
    this.listeners.add(listener);
  }
}

// Folders go in two steps, so that a half-removed one is never taken for a whole one.
import { rename, rm } from 'node:fs/promises';

/** Ends the name of a folder that is being removed. */
export const DOOMED = '.gone';

/** Idempotent. Links inside are removed, and not followed. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rename(folder, folder + DOOMED);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await rm(folder + DOOMED, { recursive: true, force: true });
}

// The events of a watch as a command reads them. That the connection breaks off ends a watch, as its end does; what is no
// event is an error. Upstream: apimachinery/pkg/watch/streamwatcher.go.
import type { Unstructured } from '../api/types.ts';
import { readLines } from '../client/rest.ts';
import { AnswerCut } from '../client/transport/failures.ts';
import type { Response } from '../wire/http.ts';
import { parseJson } from './cluster.ts';

export interface CliWatchEvent {
  type: string;
  object: Unstructured;
}

export async function* watchEvents(response: Response): AsyncGenerator<CliWatchEvent> {
  const bytes = response.body?.bytes();
  if (!bytes || bytes instanceof Uint8Array) return;
  try {
    for await (const line of readLines(bytes)) if (line !== '') yield eventOf(line);
  } catch (error) {
    if (!(error instanceof AnswerCut)) throw error;
  }
}

function eventOf(line: string): CliWatchEvent {
  try {
    return parseJson<CliWatchEvent>(line);
  } catch (error) {
    throw new Error(`unable to decode an event from the watch stream: ${(error as Error).message}`, { cause: error });
  }
}

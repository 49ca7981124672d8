// Every error becomes a Status answer here: those that verbs throw on purpose as they are, bugs as a logged 500.
import { type Status, StatusError, badRequest } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import { RequestBodyError } from '../../../wire/request-body.ts';
import type { Filter, RequestContext } from '../context.ts';
import { errorResponse, textResponse } from '../content/respond.ts';
import { PathError } from '../request-info.ts';
import { fromStore } from '../verbs/commit.ts';

export const panicGuard: Filter = async (context, next) => {
  try {
    return await next();
  } catch (thrown) {
    return answerError(context, thrown);
  }
};

export function answerError(context: RequestContext, thrown: unknown): Response {
  const error = asStatusError(thrown);
  if (error) return errorResponse(context, error);
  if (thrown instanceof PathError) return textResponse(context, 500, thrown.message);
  context.server.onBug(thrown, context);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return errorResponse(context, new StatusError('InternalError', `Internal error occurred: ${message}`));
}

function asStatusError(thrown: unknown): StatusError | undefined {
  const error = fromStore(thrown);
  if (error instanceof StatusError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return badRequest('the object provided is nested too deeply');
  }
  if (error instanceof RequestBodyError) return StatusError.from(error.status as unknown as Status);
  return undefined;
}

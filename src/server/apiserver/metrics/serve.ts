// Answers /metrics and /metrics/slis. Upstream: apiserver/pkg/server/routes/metrics.go, component-base/metrics/slis.
import { EXPOSITION_TYPE, family, type Sample } from '../../../api/exposition.ts';
import type { Response } from '../../../wire/http.ts';
import { checksOf, failure } from '../chain/health.ts';
import { textResponse } from '../content/respond.ts';
import type { Filter, RequestContext } from '../context.ts';
import type { Measurements } from './measure.ts';
import { metricsText } from './text.ts';

export function metrics(measurements: Measurements): Filter {
  const healthTotals = new HealthTotals();
  return async (context, next) => {
    const { path, method } = context.request;
    if (method !== 'GET' && method !== 'HEAD') return next();
    if (path === '/metrics') return exposition(context, metricsText(context.server, measurements));
    if (path === '/metrics/slis') return exposition(context, await healthTotals.text(context));
    return next();
  };
}

function exposition(context: RequestContext, text: string): Response {
  const response = textResponse(context, 200, text);
  response.headers['content-type'] = EXPOSITION_TYPE;
  return response;
}

/** Every look at the health checks counts. */
class HealthTotals {
  readonly #counts = new Map<string, number>();

  async text(context: RequestContext): Promise<string> {
    const results: Sample[] = [];
    for (const type of ['livez', 'readyz', 'healthz']) {
      for (const [name, check] of checksOf(context.server, `/${type}`)) {
        const ok = (await failure(check)) === undefined;
        results.push([{ name, type }, ok ? 1 : 0]);
        const key = JSON.stringify({ name, status: ok ? 'success' : 'error', type });
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
      }
    }
    const totals = [...this.#counts].map(([key, count]): Sample => [JSON.parse(key) as Record<string, string>, count]);
    return (
      family(
        'kubernetes_healthcheck',
        'gauge',
        '[STABLE] This metric records the result of a single healthcheck.',
        results,
      ) +
      family(
        'kubernetes_healthchecks_total',
        'counter',
        '[STABLE] This metric records the results of all healthcheck.',
        totals,
      )
    );
  }
}

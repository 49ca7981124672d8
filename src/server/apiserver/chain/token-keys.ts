// The public half of service account tokens, so that other programs can verify them. Upstream: pkg/routes/openidmetadata.go.
import type { Response } from '../../../wire/http.ts';
import type { Filter } from '../context.ts';
import { negotiate } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';

export const tokenKeys: Filter = async (context, next) => {
  const { tokens } = context.server.options;
  const { path, method } = context.request;
  if (!tokens || method !== 'GET') return next();
  const json = negotiate('application/json');
  if (path === '/openid/v1/jwks') {
    const keys = await tokens.jwks();
    return kept(await objectResponse(context, 200, () => keys, { ...json, contentType: 'application/jwk-set+json' }));
  }
  if (path !== '/.well-known/openid-configuration') return next();
  const configuration = {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
  return kept(await objectResponse(context, 200, () => configuration, json));
};

/** Who verifies tokens need not ask each time: keys change with the cluster. */
const kept = (response: Response): Response => ({
  ...response,
  headers: { ...response.headers, 'cache-control': 'public, max-age=3600' },
});

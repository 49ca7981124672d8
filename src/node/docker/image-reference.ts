// Image names as Docker reads them: `nginx` is docker.io/library/nginx:latest. Pure. Upstream:
// distribution/reference (ParseNormalizedNamed), kubernetes' parsers.ParseImageName.

export interface ImageReference {
  /** The registry's host: `docker.io`, `registry.example:5000`. */
  registry: string;
  /** `library/nginx`. */
  repository: string;
  tag?: string;
  digest?: string;
}

const DEFAULT_REGISTRY = 'docker.io';
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d+)?$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

/** Throws with upstream's sentence for a name that no registry could have. */
export function parseImageReference(image: string): ImageReference {
  const invalid = (why: string) => new Error(`couldn't parse image name ${JSON.stringify(image)}: ${why}`);
  let rest = image;
  const result: Partial<ImageReference> = {};
  const at = rest.indexOf('@');
  if (at >= 0) {
    result.digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!DIGEST.test(result.digest)) throw invalid('invalid reference format');
  }
  const slash = rest.indexOf('/');
  const first = slash < 0 ? '' : rest.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  const registry = hasHost ? first : DEFAULT_REGISTRY;
  if (hasHost) rest = rest.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  if (colon >= 0) {
    result.tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!TAG.test(result.tag)) throw invalid('invalid reference format');
  }
  if (rest.toLowerCase() !== rest) throw invalid('invalid reference format: repository name must be lowercase');
  if (!REPOSITORY.test(rest) || !HOST.test(registry)) throw invalid('invalid reference format');
  const repository = registry === DEFAULT_REGISTRY && !rest.includes('/') ? `library/${rest}` : rest;
  return { ...result, registry, repository };
}

/** What is pulled: the name with `:latest` when neither tag nor digest is given (Docker would pull every tag). */
export function withDefaultTag(image: string): string {
  const { tag, digest } = parseImageReference(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}

/** Always for `:latest` and untagged images, else IfNotPresent; for pods that no API server has defaulted. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  try {
    const { tag, digest } = parseImageReference(image);
    return digest === undefined && (tag === undefined || tag === 'latest') ? 'Always' : 'IfNotPresent';
  } catch {
    return 'IfNotPresent';
  }
}

// Whether a text can be the name of an image. Upstream: distribution/reference ReferenceRegexp.
const REFERENCE =
  /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[\da-f]{64})?$/i;

export const isImageReference = (text: string): boolean => REFERENCE.test(text);

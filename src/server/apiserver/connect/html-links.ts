// Rewrites the links of an HTML page as it streams by, and nothing else of it.
// Upstream: apimachinery/pkg/util/proxy/transport.go (atomsToAttrs, rewriteHTML).
import { Readable, pipeline } from 'node:stream';

/** Attributes that hold a URL, by element. */
const LINKS: Record<string, readonly string[]> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

async function* texts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** The page is taken for UTF-8, as upstream takes it. Tags without a link that changes stay byte for byte. */
export async function* rewriteLinks(
  page: AsyncIterable<Uint8Array>,
  rewrite: (url: string) => string,
): AsyncGenerator<Uint8Array> {
  // Loaded with the first page: most servers never see one.
  const { RewritingStream } = await import('parse5-html-rewriting-stream');
  const rewriting = new RewritingStream();
  rewriting.on('startTag', (tag, raw) => {
    let changed = false;
    for (const attribute of tag.attrs) {
      if (!LINKS[tag.tagName]?.includes(attribute.name)) continue;
      const value = rewrite(attribute.value);
      changed ||= value !== attribute.value;
      attribute.value = value;
    }
    if (changed) rewriting.emitStartTag(tag);
    else rewriting.emitRaw(raw);
  });
  pipeline(Readable.from(texts(page)), rewriting, () => undefined);
  for await (const text of rewriting as AsyncIterable<string>) yield Buffer.from(text);
}

// What `--raw` of a command that sends a file goes with. Upstream: Validate of create, replace and delete.
interface RawFlags {
  filename: readonly string[];
  recursive: boolean;
  output: string;
}

/** Each rule says when it is broken, and how that is called. */
export const rawRules = (raw: string, { filename, recursive, output }: RawFlags): [boolean, string][] => [
  [filename.length !== 1, '--raw can only use a single local file or stdin'],
  [/^https?:\/\//.test(filename[0] ?? ''), '--raw cannot read from a url'],
  [recursive, '--raw and --recursive are mutually exclusive'],
  [output !== '', '--raw and --output are mutually exclusive'],
  [
    !raw.startsWith('/') && !/^[a-z][a-z0-9+.-]*:/i.test(raw),
    `--raw must be a valid URL path: parse ${JSON.stringify(raw)}: invalid URI for request`,
  ],
];

// What the system says of a file, as Go's os.PathError says it: `open /x: permission denied`.

/** Where libuv's words are not the system's. */
const WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'is a directory',
  EEXIST: 'file exists',
  EBUSY: 'device or resource busy',
  ELOOP: 'too many levels of symbolic links',
  ENOTEMPTY: 'directory not empty',
  EMFILE: 'too many open files',
  EIO: 'input/output error',
};

/** Undefined for an error that is not of a file. */
export function fileMessage(error: unknown): string | undefined {
  const { code = '', errno, message, syscall, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || errno === undefined || syscall === undefined || path === undefined) return undefined;
  // `ENOENT: no such file or directory, open '/x'`, in either runtime.
  const why = WORDS[code] ?? /^\w+: (.+?), \w+/.exec(message)?.[1];
  return why === undefined ? undefined : `${CALLS[syscall] ?? syscall} ${path}: ${why}`;
}

const CALLS: Readonly<Record<string, string>> = { scandir: 'open', copyfile: 'open', close: 'write' };

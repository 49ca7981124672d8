// Our program as a process of its own on a pseudo-terminal.
import { join } from 'node:path';
import { root } from '../support/cli.ts';
import { onTerminals } from './interactive.ts';

onTerminals(
  `${process.execPath} --import ${join(root, 'node_modules/tsx/dist/loader.mjs')} ${join(root, 'src/cli/run.ts')}`,
);

// Our rollout commands over real histories of stateful sets and daemon sets.
import { it } from 'vitest';
import { checkRollouts } from './rollout.ts';
import { runCli } from './run-cli.ts';

it('history and undo of stateful sets and daemon sets', () => checkRollouts((args, env) => runCli(args, { env })));

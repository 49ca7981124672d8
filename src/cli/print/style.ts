// Colour for terminals: it marks what is not as it should be, and nothing else. Never in pipes, never with NO_COLOR.
import type { Io } from '../io.ts';

const bad =
  /^(?:Init:)?(?:.*(?:BackOff|Error|Err[A-Z]\w+)|Error|Failed|Evicted|OOMKilled|NotReady.*|Unknown|Lost|InvalidImageName|DeadlineExceeded|False|Init:\d+\/\d+.*Error)$/;
const waiting =
  /^(?:Pending|ContainerCreating|PodInitializing|Terminating|Init:\d+\/\d+|Unschedulable|Ready,SchedulingDisabled|Completed:.*|<pending>)$/;

/** Red for failures, yellow for what is under way or short of its replicas; undefined when colours are off. */
export function abnormalStyle(io: Io): ((cell: string) => string) | undefined {
  if (!io.stdout.isTTY || io.env['NO_COLOR'] || io.env['TERM'] === 'dumb') return undefined;
  return (cell) => {
    if (bad.test(cell)) return `\u001b[31m${cell}\u001b[39m`;
    if (waiting.test(cell)) return `\u001b[33m${cell}\u001b[39m`;
    const ratio = /^(\d+)\/(\d+)$/.exec(cell);
    return ratio && ratio[1] !== ratio[2] ? `\u001b[33m${cell}\u001b[39m` : cell;
  };
}

// A pod with scheduling gates is not tried. Upstream: pkg/scheduler/framework/plugins/schedulinggates.
import { definePlugin, unresolvable } from '../framework.ts';

export default definePlugin({
  name: 'SchedulingGates',
  preEnqueue(pod) {
    const gates = pod.pod.spec?.schedulingGates;
    if (!gates?.length) return undefined;
    return unresolvable(`waiting for scheduling gates: [${gates.map((g) => g.name).join(' ')}]`);
  },
  events: [{ resource: 'Pod', actions: ['updateGates'] }],
});

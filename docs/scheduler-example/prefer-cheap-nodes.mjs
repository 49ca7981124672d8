// A scheduler plug-in of one's own: nodes say in a label what an hour of them costs. The methods that a plug-in has are
// its extension points; what they are given is described in docs/scheduler.md.
const SKIP = Symbol.for('sampan.scheduler.skip');

const create = ({ label = 'cents-per-hour' }) => ({
  name: 'PreferCheapNodes',
  /** Called with the arguments of the configuration file; what it throws is told with the field. */
  configure(args) {
    if (args.label !== undefined && typeof args.label !== 'string') throw new Error('label must be a string');
    return create(args);
  },
  preScore: (_pod, nodes) => (nodes.some((node) => label in node.labels) ? undefined : SKIP),
  score: (_pod, node) => Number(node.labels[label] ?? 0),
  /** 0 to 100: the cheapest most. */
  normalize(scores) {
    const most = Math.max(...scores);
    for (let i = 0; i < scores.length; i++) scores[i] = most === 0 ? 100 : Math.trunc(100 - (100 * scores[i]) / most);
  },
});

export default create({});

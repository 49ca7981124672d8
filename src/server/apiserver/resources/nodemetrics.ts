// NodeMetrics: what `kubectl top nodes` asks for.
import { defineHooks } from '../types.ts';
import { nodeMetrics } from '../usage/objects.ts';

export default defineHooks({ group: 'metrics.k8s.io', plural: 'nodes', read: nodeMetrics });

// PodMetrics: what `kubectl top pods` asks for.
import { defineHooks } from '../types.ts';
import { podMetrics } from '../usage/objects.ts';

export default defineHooks({ group: 'metrics.k8s.io', plural: 'pods', read: podMetrics });

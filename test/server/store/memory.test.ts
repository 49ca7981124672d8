import { createMemoryStore } from '../../../src/server/store/memory.ts';
import { storeSuite } from './suite.ts';

storeSuite('the store in memory', { open: async () => createMemoryStore({ keepRevisions: 0 }) });

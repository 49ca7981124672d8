// Made by `npm run generate` from the files of this folder. Do not edit.
import deployment_ from './deployment.ts';
import replicaset_ from './replicaset.ts';

export default [deployment_, replicaset_] as const;

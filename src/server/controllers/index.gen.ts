// Made by `npm run generate` from the files of this folder. Do not edit.
import deployment_ from './deployment.ts';
import endpoint_ from './endpoint.ts';
import endpointslice_ from './endpointslice.ts';
import namespace_ from './namespace.ts';
import replicaset_ from './replicaset.ts';
import rootCaCertPublisher_ from './root-ca-cert-publisher.ts';
import serviceAccount_ from './service-account.ts';

export default [
  deployment_,
  endpoint_,
  endpointslice_,
  namespace_,
  replicaset_,
  rootCaCertPublisher_,
  serviceAccount_,
] as const;

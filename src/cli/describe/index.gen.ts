// Made by `npm run generate` from the files of this folder. Do not edit.
export default {
  certificatesigningrequest: () => import('./certificatesigningrequest.ts'),
  clusterrole: () => import('./clusterrole.ts'),
  clusterrolebinding: () => import('./clusterrolebinding.ts'),
  configmap: () => import('./configmap.ts'),
  deployment: () => import('./deployment.ts'),
  endpoints: () => import('./endpoints.ts'),
  endpointslice: () => import('./endpointslice.ts'),
  namespace: () => import('./namespace.ts'),
  node: () => import('./node.ts'),
  pod: () => import('./pod.ts'),
  replicaset: () => import('./replicaset.ts'),
  role: () => import('./role.ts'),
  rolebinding: () => import('./rolebinding.ts'),
  secret: () => import('./secret.ts'),
  service: () => import('./service.ts'),
  serviceaccount: () => import('./serviceaccount.ts'),
} as const;

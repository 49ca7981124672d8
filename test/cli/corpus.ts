// Command lines whose output, errors and exit codes are kubectl's: run in this order on a fresh server, in the folder
// test/cli/corpus. The goldens are recorded from the real kubectl (UPDATE=1 in corpus.kubectl.test.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type RunningServer, startServer } from '../../src/server/server.ts';

export const corpusFolder = resolve(import.meta.dirname, 'corpus');
export const goldenFile = resolve(import.meta.dirname, '../golden/kubectl/corpus.json');

export interface Outcome {
  code: number;
  stdout: string[];
  stderr: string[];
}

export const corpus: readonly string[] = `
apply -f cm.yaml
apply -f deployment.yaml -f pod.yaml
apply -f cm.yaml
apply -f crd.yaml
wait --for=condition=Established crd/boats.sea.example.com
apply -f boat.yaml
get boats
get bo sampan -o yaml
get boat.v1.sea.example.com -o name
get cm cm1
get cm cm1 -o yaml
get cm cm1 -o json
get cm -o name
get cm -l app=x --show-labels
get cm cm1 -L app,tier
get cm cm1 secret/s1
get cm/cm1 secret/s1
get cm cm1 nope
get cm nope
get cm nope --ignore-not-found
get cm cm1 --show-kind --no-headers
get cm,secret -l app=x
get deployments,svc web
get pods
get pods -o wide
get pod p1 -o wide
get svc web
get deployments web -o wide
get foo
get pods,foo
get cm/a/b
get pod/x cm
get cm -l a=b cm1
get cm -l 'app in'
get cm --field-selector foo=bar
get cm -n nope
get cm -A -l app=x
get -f cm.yaml
get -f nope.yaml
get -f bad.yaml
get -f unknown-kind.yaml
get
get --foo
get -n
get --raw foo
get cm cm1 -o foo
get cm --output-watch-events
get cm cm1 --show-labels -o json
get cm cm1 -o jsonpath={.data.a}
get cm cm1 -o jsonpath={.x
get cm -l app=x -o jsonpath={.items[*].metadata.name}
get cm cm1 -o jsonpath-as-json={.data}
get cm -l app=x -o custom-columns=A:.metadata.name,B:.data.a,C:.nope
get cm -o custom-columns=A
get cm cm1 -o go-template={{.metadata.name}}
get cm cm1 -o go-template={{.met
describe cm nope
describe deployments web
describe pod p1
describe svc web
describe secret s1
describe ns nope
describe boat sampan
describe foo
describe clusterrolebinding cluster-admin
api-versions foo
api-resources --api-group=sea.example.com -o wide
api-resources -o foo
label cm cm1 tier=db
label cm cm1 tier=db --overwrite
label cm cm1 tier=db
label cm cm1 tier-
label cm cm1
label cm cm1 a=b=c
label cm cm1 pods
label cm nope a=b
annotate cm cm1 note=x
annotate cm cm1 note=y
annotate cm cm1 note-
annotate cm cm1
scale deployments web --replicas=3
scale deployments web --replicas=1 --current-replicas=9
scale deployments nope --replicas=1
patch cm cm1 -p '{"data":{"z":"1"}}'
patch cm cm1 -p '{"data":{"z":"1"}}'
patch cm cm1 --type=json -p '[{"op":"remove","path":"/data/z"}]'
patch cm cm1 --type=foo -p '{}'
patch cm cm1
patch boat sampan -p '{"spec":{"planks":4}}'
patch boat sampan --type=merge -p '{"spec":{"planks":4}}'
set image deployments/web c=nginx:2
set image deployments/web nope=x
set image deployments/web
set env deployments/web A=c
set env deployments/web --list
set resources deployments/web --limits=cpu=2
rollout pause deployments/web
rollout pause deployments/web
rollout resume deployments/web
rollout resume deployments/web
rollout restart deployments/web
rollout restart cm/cm1
rollout history deployments/web
rollout status cm/cm1
rollout status
rollout nope
apply -f typo.yaml
apply -f typo.yaml --validate=warn
apply -f nope.yaml
apply -f unknown-kind.yaml
apply -f cm.yaml --dry-run=client
apply -f cm.yaml --dry-run=server
apply -f cm.yaml --dry-run=foo
apply -f cm.yaml -o name
apply -f cm.yaml --server-side
apply -f cm.yaml --server-side --dry-run=client
apply -f cm.yaml --force-conflicts
apply -f cm.yaml --prune
apply
apply view-last-applied cm cm1
apply view-last-applied cm cm1 -o json
diff -f deployment.yaml --field-manager=x -o yaml
create -f cm.yaml
create -f nope.yaml
create
create foo
create ns
create ns x --dry-run=client -o yaml
create cm x --from-literal=a=b --from-literal=c=d --dry-run=client -o yaml
create cm x --from-file=boat.yaml --dry-run=client -o json
create cm x --from-file=nope --dry-run=client
create cm x --from-literal=a --dry-run=client
create cm x --from-literal=a=1 --append-hash --dry-run=client -o name
create secret generic x --from-literal=a=b --dry-run=client -o yaml
create secret docker-registry x --docker-username=u --docker-password=p --dry-run=client -o yaml
create secret docker-registry x
create secret tls x
create deployment x --image=nginx:1 --port=80 -r 3 --dry-run=client -o json
create deployment x --image=nginx -n foo --dry-run=client -o yaml -- sleep 1
create deployment x --image=y --dry-run=client
create svc clusterip x --tcp=80:8080 --dry-run=client -o yaml
create svc clusterip x
create svc nodeport x --tcp=80 --node-port=30080 --dry-run=client -o yaml
create svc externalname x --external-name=a.b --dry-run=client -o yaml
create sa x --dry-run=client -o yaml
explain pods.spec.containers.image
explain boats.spec
explain pods.nope
explain foo
auth can-i get pods
auth can-i foo pods
auth can-i
auth whoami
wait cm/cm1
wait --for=foo cm/cm1
wait --for=jsonpath={.data.a}=1 cm/cm1
wait --for=jsonpath={.data.a}=2 cm/cm1 --timeout=1s
wait --for=delete cm/nope
logs
logs nope
logs p1 -c nope
exec
exec p1
exec nope -- ls
exec p1 ls
port-forward
port-forward p1 80
cp
cp a b
taint nodes
cordon nope
drain nope
certificate approve nope
config current-context
config get-contexts
config get-contexts foo
config get-clusters
config view
config view --minify -o json
config use-context foo
config set-context foo --namespace=bar
config unset
config nope
replace -f nope.yaml
replace
delete cm cm1 --dry-run=client
delete cm cm1 --dry-run=server
delete cm cm1 --now --grace-period=3
delete cm cm1 --cascade=foo
delete cm nope
delete cm nope --ignore-not-found
delete cm -l a=b
delete cm
delete
delete cm cm1 -o name
delete -f cm.yaml
delete pod p1 --force
delete deployments,svc web
delete crd boats.sea.example.com
foo
rollout --help
`
  .trim()
  .split('\n');

/** Each command line with its key in the goldens: a line that stands twice gets a number. */
export function numbered(): (readonly [key: string, line: string])[] {
  const seen = new Map<string, number>();
  return corpus.map((line) => {
    const count = (seen.get(line) ?? 0) + 1;
    seen.set(line, count);
    return [count === 1 ? line : `${line} #${count}`, line] as const;
  });
}

/** Names that differ between two runs become the same; nothing else does. */
export function normalise(text: string): string[] {
  const plain = text
    .replaceAll('sampan', 'kubectl')
    .replaceAll(/^Error: /gm, 'error: ')
    .replaceAll(/^E\d{4} .*\n/gm, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}/g, 'TIME')
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'UID')
    .replaceAll(/SHA256=[\da-f]{64}/g, 'SHA256=HASH')
    .replaceAll(/(resourceVersion"?: "?)\d+/g, '$1VERSION')
    .replaceAll(/(Resource Version:\s+)\d+/g, '$1VERSION')
    .replaceAll(/10\.96\.\d+\.\d+/g, 'ADDRESS')
    .replaceAll(/ADDRESS +/g, 'ADDRESS ')
    .replaceAll(/\b\d+(ms|s|m|h)\b/g, 'AGE')
    .replaceAll(/AGE +/g, 'AGE ')
    .replaceAll(/[ \t]+$/gm, '');
  return plain === '' ? [] : plain.replace(/\n$/, '').split('\n');
}

/** A server without controllers, so that objects stay as they are written. */
export async function startCorpusServer(): Promise<{ kubeconfig: string; close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'corpus-'));
  const server: RunningServer = await startServer({
    dataDir,
    store: 'memory',
    components: ['apiserver'],
    listen: { host: '127.0.0.1', port: 0 },
  });
  return {
    kubeconfig: join(dataDir, 'admin.kubeconfig'),
    async close() {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

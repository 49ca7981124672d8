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
apply -f cm.yaml --server-side --force-conflicts
get cm cm1 -o jsonpath={.metadata.managedFields[*].manager} --show-managed-fields
apply -f ssa-less.yaml --server-side
get cm cm1 -o jsonpath={.data}
get cm cm1 -o jsonpath={.metadata.labels}
apply -f cm.yaml
get cm -o yaml
get cm -o json
get cm -l no=such -o json
get cm -l no=such -o yaml
get cm -l no=such -o name
get cm -l no=such
get cm -n nope -o json --ignore-not-found
get cm -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name --no-headers
get cm -A --sort-by=.metadata.name --no-headers
get cm -A --sort-by={.metadata.namespace} -o name
get cm -A --sort-by=.data.nope
get cm cm1 -o template --template={{.kind}}
get cm cm1 -o jsonpath={range.items}
get cm cm1 -o jsonpath='{.metadata.name}{"\\n"}'
get cm cm1 -o jsonpath={.data['a']}
get cm -o jsonpath='{range .items[*]}{.metadata.name}{"\\t"}{.data.a}{"\\n"}{end}'
get cm cm1 -o go-template='{{range $k, $v := .data}}{{$k}}={{$v}} {{end}}'
get all
get all -n nope
get namespaces default -o name
get ns default --show-labels
get crd
get crd boats.sea.example.com -o name
get boats -A
get boats.sea.example.com sampan -o jsonpath={.spec}
get --raw /api/v1/namespaces/default -o json
get --raw /nope
get --raw /version?x=1
get cm cm1 --subresource=status
get deployments web --subresource=scale
get deployments web --subresource=scale -o yaml
get deployments web --subresource=nope
get cm cm1 cm1
get cm/cm1 cm/cm1 -o name
get pods --field-selector=status.phase=Running
get pods --field-selector=spec.nodeName=x -o name
get events
get nodes
get sa
get roles
get clusterroles cluster-admin
get clusterrolebindings cluster-admin -o wide
get deploy -o wide
get rs
get leases
get pdb
get hpa
get quota
get limits
get cs
get po,svc
get svc,po -o name
get deploy/web po/p1
get po p1 --show-labels -L app
get -f deployment.yaml -o name
get -f deployment.yaml -f cm.yaml
get --ignore-not-found cm nope -o yaml
get po --chunk-size=-1
get po --watch --sort-by=.x --foo
describe sa default
describe ns default
describe crd boats.sea.example.com
describe clusterrole cluster-admin
describe pods
describe pods nope
describe po p
describe
describe cm -o yaml
api-versions
api-resources --api-group=apps -o name
api-resources --namespaced=false --api-group= -o name
api-resources --api-group=nope
api-resources --verbs=list,create --api-group=sea.example.com --no-headers
api-resources --sort-by=foo
api-resources foo
label cm cm1 a=1 b=2
label cm cm1 a- b-
label cm cm1 nope-
label cm -l app=x seen=yes
label cm --all extra=1 --dry-run=client
label -f cm.yaml file=1
label cm cm1 file- --resource-version=1
label cm cm1 bad/key/x=1
label cm cm1 a=b --dry-run=server
label cm cm1 c=d -o name
label --local -f cm.yaml x=y -o name
annotate cm cm1 x=1 y=2
annotate cm cm1 x- y-
annotate cm cm1 --list
annotate cm cm1
annotate -f cm.yaml z=1 --dry-run=client
annotate cm cm1 z=1 -o jsonpath={.metadata.annotations.z}
annotate cm --all z- --dry-run=server
scale deploy/web --replicas=2
scale deploy/web --replicas=-1
scale deploy web
scale --replicas=2
scale cm cm1 --replicas=1
scale -f deployment.yaml --replicas=2
scale deploy web --replicas=2 --dry-run=client
scale deploy web --replicas=2 -o name
scale deploy web --replicas=2 --current-replicas=2
scale deploy web rs/x --replicas=1
autoscale deployments web --min=2 --max=5 --dry-run=client -o yaml
autoscale deployments web --min=2 --max=5 --cpu-percent=80
autoscale deployments web --max=5
autoscale svc web --max=3
autoscale deployments nope --max=2
autoscale deployments web --max=0
autoscale deployments web --min=5 --max=2
autoscale deployments web --max=x
autoscale --max=2
autoscale deployments web --max=2 --name=other --dry-run=server -o name
set selector svc web a=b
set selector svc web a=b --dry-run=client -o yaml
set selector svc web app=web
set selector cm cm1 a=b
set selector
set selector svc
set selector svc web a=b --resource-version=1
set subject clusterrolebinding cluster-admin --user=x --group=y --dry-run=server
set subject clusterrolebinding cluster-admin --user=x --dry-run=client -o yaml
set subject cm cm1 --user=x
set subject clusterrolebinding cluster-admin
set subject clusterrolebinding cluster-admin --serviceaccount=:x
set subject clusterrolebinding cluster-admin --serviceaccount=a:b:c
set image deployments web *=busybox
set image deployments web *=busybox
set image deployments web *=busybox c=x
set image pod p1 c=busybox:2
set image -f deployment.yaml c=x --local -o name
set image deployments web
set image deployments/nope c=x
set env deployments/web B=1 -c nope
set env deployments/web A-
set env deployments/web --from=configmap/cm1 --prefix=P_ --keys=a --dry-run=client -o name
set env pods --all --list
set env
set resources deployments/web --requests=cpu=1,memory=1Gi
set resources deployments/web --limits=cpu=x
set resources deployments/web
set resources cm/cm1 --limits=cpu=1
set serviceaccount deployments/web other
set sa deployments web default
set serviceaccount deployments/web
set nope
set
rollout history deployments/web --revision=9
rollout history
rollout undo deployments/web
rollout undo deployments/web --to-revision=7
rollout undo cm/cm1
rollout restart deployments
rollout restart
rollout pause cm/cm1
rollout pause
rollout resume nope/x
rollout status deployments/web --watch=false
rollout status deployments/nope
rollout status deployments/web --revision=-1
rollout
expose deployment web --port=80 --dry-run=client -o yaml
expose deployment web --port=80 --name=web2
expose deployment web --port=80 --name=web2
expose deployment nope --port=80
expose pod p1 --name=p1x --port=80 --target-port=http --dry-run=client -o name
expose cm cm1 --port=1
expose svc web --name=web3 --type=NodePort --dry-run=client -o yaml
expose deployment web --port=x
expose
run x --image=nginx --dry-run=client -o yaml
run x --image=nginx --dry-run=client -o json --port=80 --env=A=b --labels=a=b,c=d
run x
run
run x --image=nginx --restart=Foo
run x --image=nginx --dry-run=client -it
run x --image=nginx --rm
run x --image=nginx -t
run x --image=nginx --dry-run=client --command -o yaml -- sleep 1
run x --image=nginx --overrides='{"spec":{"nodeName":"n"}}' --dry-run=client -o name
create role r --verb=get,list --resource=pods,deployments.apps --dry-run=client -o yaml
create role r --verb=get --resource=nope --dry-run=client
create role r --verb=foo --resource=pods --dry-run=client
create role r
create clusterrole r --verb=get --non-resource-url=/healthz --dry-run=client -o yaml
create clusterrole r --aggregation-rule=a=b --dry-run=client -o yaml
create rolebinding rb --clusterrole=view --user=a --serviceaccount=x:y --dry-run=client -o yaml
create rolebinding rb --clusterrole=view --user=a
create rolebinding rb --role=a --clusterrole=b
create clusterrolebinding crb --clusterrole=view --group=g --dry-run=client -o json
create job j --image=busybox --dry-run=client -o yaml -- date
create job j
create job j --from=cronjob/nope
create cronjob cj --image=busybox --schedule='*/1 * * * *' --dry-run=client -o yaml
create cronjob cj --image=busybox
create quota q --hard=cpu=1,pods=2 --scopes=BestEffort --dry-run=client -o yaml
create quota q --hard=cpu
create quota q --hard=pods=2 --dry-run=server -o name
create pdb p --selector=a=b --min-available=1 --dry-run=client -o yaml
create pdb p --selector=a=b --min-available=1 --max-unavailable=2
create pdb p
create priorityclass pc --value=10 --description=d --dry-run=client -o yaml
create ingress i --rule=a.b/x*=svc:80,tls=s --dry-run=client -o yaml
create ingress i --rule=x
create ingress i
create token default --duration=1s
create token nope
create secret generic s2 --from-literal=a=b
create secret generic s2 --from-literal=a=b
create secret generic s3 --from-file=k=cm.yaml --type=x/y --dry-run=client -o name
create secret tls t --cert=nope --key=nope
create secret
create cm c2 --from-file=cm.yaml --from-literal=x=y --dry-run=client -o yaml
create cm c2 --from-env-file=nope
create cm c2 --from-literal=a=1 --from-literal=a=2
create cm
create ns ns1
create ns ns1
create sa sa1 -o name
create sa sa1 --dry-run=server
create deployment d1 --image=nginx --replicas=-1
create deployment d1
create svc clusterip s --clusterip=None --dry-run=client -o yaml
create svc clusterip s --tcp=x
create svc loadbalancer s --tcp=80 --dry-run=client -o yaml
create svc externalname s
create svc
create -f deployment.yaml --dry-run=client -o name
create -f deployment.yaml --dry-run=server
create -f typo.yaml
create -f typo.yaml --validate=ignore --dry-run=server
create -f bad.yaml
delete ns ns1 --wait=false
delete sa sa1 secret/s2
delete sa,secret nope
delete svc web2 --dry-run=client
delete svc web2 hpa/web --wait=false
delete svc web2
delete cm --all -n nope
delete cm -l none=such
delete cm cm1 -l a=b
delete cm cm1 --field-selector=a=b
delete -f nope.yaml
delete -f cm.yaml --dry-run=client -o name
delete cm cm1 --grace-period=-2 --dry-run=client
delete cm cm1 -o yaml
delete pods --all --dry-run=server
delete all --all --dry-run=client
delete nope x
patch cm cm1 -p '{"data":{"q":"1"}}' -o yaml
patch cm cm1 --type=merge -p '{"data":{"q":null}}'
patch cm cm1 -p 'x'
patch cm cm1 --type=json -p '[{"op":"replace","path":"/nope","value":1}]'
patch cm nope -p '{}'
patch cm cm1 --patch-file=nope
patch deployments web --subresource=scale --type=merge -p '{"spec":{"replicas":4}}'
patch
replace -f cm.yaml
replace -f cm.yaml --dry-run=client
replace -f deployment.yaml -o name
replace -f typo.yaml
replace --raw=/api
diff -f nope.yaml
diff
wait --for=condition=Ready pod/p1 --timeout=1s
wait --for=condition=Ready pod/nope
wait --for=condition=Ready pods -l none=such
wait --for=jsonpath='{.data.a}' cm/cm1
wait --for=jsonpath={.x cm/cm1
wait --for=create cm/cm1
wait --for=delete cm/nope cm/nope2
wait --for=condition=Available=maybe deployments/web --timeout=1s
wait --for=condition=x
wait
explain pods
explain pods.spec --recursive
explain deploy.spec.replicas
explain cm --api-version=v1
explain boats.spec.planks
explain
explain pods --output=nope
auth can-i create pods -n x
auth can-i get pods/log
auth can-i get pods --subresource=log
auth can-i get /healthz
auth can-i list nope
auth can-i --list --quiet
auth can-i get pods -q
auth whoami -o json
auth nope
debug p1 --image=busybox -c dbg
debug p1 --image=busybox -c dbg2 --profile=restricted --env=A=b -- sh
get pod p1 -o jsonpath={.spec.ephemeralContainers}
debug p1
debug p1 --image=b --profile=foo
debug p1 --image=b --copy-to=p1c -c d --profile=general
get pod p1c -o yaml
debug p1 --set-image=*=x --copy-to=p2c
debug p1 --copy-to=p3c -c c --image=y --profile=sysadmin --keep-labels -- sleep 1
get pod p3c -o yaml
debug p1 --image=b --replace
debug nope --image=x
debug --image=x
debug p1 --image=x -t
debug svc/web --image=x
debug p1 --image=X::
debug p1 --image=x --image-pull-policy=Foo
debug p1 --image=x --target=c --copy-to=z
logs p1 --tail=-2
logs p1 --since=-1s
logs p1 --limit-bytes=-1
logs p1 --since=1s --since-time=2020-01-01T00:00:00Z
logs deployments/nope
logs -l none=such
logs -l a=b p1
logs cm/cm1
logs p1 c c
logs p1 --all-containers -c c
exec p1 -c nope -- ls
exec cm/cm1 -- ls
exec deployments/nope -- ls
attach
attach nope
attach p1 a b
attach p1 -c nope
port-forward p1
port-forward nope 80
port-forward p1 x
cp p1:/a p2:/b
cp p1: x
cp nope:/a x
cp nofile p1:/x
cp :x y
cordon
drain
uncordon nope
taint nodes nope a=b:NoSchedule
taint nodes nope a
taint nodes
top pod
top nodes
top
certificate approve
certificate deny nope
cluster-info
plugin
plugin list --foo
completion --foo
proxy --port=1 -u x
proxy --port=x
config get-users
config view -o jsonpath={.current-context}
config view --raw -o name
config set current-context x --dry-run
config delete-context nope
config delete-cluster nope
config delete-user nope
config rename-context nope x
config unset nope.x.y
config use-context
config
version --client -o json --foo
version -o nope
get pods -n a -n b
get pods --namespace
get pods --request-timeout=x
get pods --context=nope
get pods --cluster=nope
get pods --user=nope
get pods --kubeconfig=/nope/kc
get pods -s http://127.0.0.1:1
get pods --token=bad
get pods -o
get pods --no-such-flag
get pods -zz
get pods --all-namespaces=maybe
get pods --as=nobody
get pods --as=nobody --as-group=system:masters
events
events --for=pod/nope
events --types=Foo
events --for=x
kustomize nope
__complete get po
__complete ro
__complete get pods -o ''
__complete rollout ''
__complete logs ''
__complete config use
__complete get cm c
__complete get cm cm1 c
__complete apply -f ''
__complete get -n ku
gett
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
apply -f sets.yaml
get sts,ds,rc
get sts,ds,rc -o wide
describe sts db
describe ds agent
describe rc legacy
rollout history sts/db
rollout history ds/agent --revision=1
rollout history rc/legacy
rollout history cm/nope
rollout undo sts/db
rollout undo ds/agent --to-revision=3
rollout undo ds/agent --to-revision=-1
rollout undo rc/legacy
rollout restart sts/db ds/agent
rollout restart rc/legacy
rollout pause sts/db
rollout status sts/db --watch=false
rollout status ds/agent --watch=false
rollout status rc/legacy
set image sts/db c=db:2
set image rc/legacy c=legacy:2
scale rc legacy --replicas=3
scale sts/db --replicas=1 --current-replicas=2
scale ds/agent --replicas=1
delete -f sets.yaml
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
    .replaceAll(/^E\d{4} .*"command failed" err="(.*)"$/gm, (_, why: string) => `error: ${why.replaceAll('\\"', '"')}`)
    .replaceAll(/^E\d{4} .*\n/gm, '')
    .replaceAll(/^([IW])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 ')
    .replaceAll(/in \d+ milliseconds/g, 'in N milliseconds')
    .replaceAll(/\/tmp\/corpus-\w+/g, 'FOLDER')
    .replaceAll(/(?:\/[^ :]*)?\/test\/cli\/corpus/g, 'CORPUS')
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

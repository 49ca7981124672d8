// Templates against what kubectl 1.32 printed. UPDATE=1 asks the kubectl of $KUBECTL or the PATH again.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseGoTemplate } from '../../src/api/gotemplate.ts';

const GOLDEN = join(import.meta.dirname, '../golden/gotemplate/kubectl.json');

const object = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { a: 'b', 'x.io/y': 'z' } },
  spec: {
    hostNetwork: true,
    off: false,
    priority: 1000000,
    three: 3,
    ratio: 1.5,
    containers: [
      { name: 'one', image: 'i1', ports: [{ containerPort: 80 }, { containerPort: 443 }] },
      { name: 'two', image: 'i2' },
    ],
    volumes: [],
    nothing: null,
    secret: 'aGVsbG8=',
    html: `<a href="x">'&'</a>`,
  },
};

const templates = [
  'text only',
  '{{.metadata.name}}',
  '{{ .metadata.name }}',
  '{{.}}',
  '{{.metadata.labels}}',
  '{{.spec.containers}}',
  '{{.spec.priority}} {{.spec.three}} {{.spec.ratio}} {{.spec.hostNetwork}}',
  '{{.spec.nothing}}',
  '{{.spec.nothing.more}}',
  '{{.spec.missing}}',
  '{{.spec.missing.more}}',
  '{{.metadata.name.more}}',
  '{{.spec.volumes}}',
  '{{range .spec.containers}}{{.name}}={{.image}};{{end}}',
  '{{range $i, $c := .spec.containers}}{{$i}}:{{$c.name}} {{end}}',
  '{{range $c := .spec.containers}}{{$c.name}} {{end}}',
  '{{range .spec.volumes}}x{{else}}none{{end}}',
  '{{range .spec.missing}}x{{else}}none{{end}}',
  '{{range $k, $v := .metadata.labels}}{{$k}}={{$v}},{{end}}',
  '{{range .spec.containers}}{{range .ports}}{{.containerPort}} {{end}}{{end}}',
  '{{range .spec.three}}x{{end}}',
  '{{range .metadata.name}}x{{end}}',
  '{{range .spec.containers}}{{if eq .name "two"}}{{break}}{{end}}{{.name}}{{end}}',
  '{{range .spec.containers}}{{if eq .name "one"}}{{continue}}{{end}}{{.name}}{{end}}',
  '{{range .spec.containers}}{{$.metadata.name}} {{end}}',
  '{{if .spec.hostNetwork}}yes{{else}}no{{end}}',
  '{{if .spec.off}}yes{{else if .spec.three}}three{{else}}no{{end}}',
  '{{if not .spec.off}}off{{end}}',
  '{{if and .spec.hostNetwork .spec.three}}both{{end}}{{if or .spec.off .spec.nothing "x"}}any{{end}}',
  '{{with .metadata}}{{.name}}{{end}}{{with .spec.volumes}}x{{else}}empty{{end}}',
  '{{with $x := .metadata.name}}{{$x}}{{end}}',
  '{{$x := .metadata.name}}{{$x}}{{$x = "y"}}{{$x}}',
  '{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}',
  '{{index .spec.containers 0}}',
  '{{(index .spec.containers 1).name}}',
  '{{index .metadata.labels "x.io/y"}}',
  '{{index .metadata.labels "nope"}}',
  '{{index .spec.containers 2}}',
  '{{index .spec.containers 9}}',
  '{{index .spec.containers "a"}}',
  '{{index .metadata.labels 1}}',
  '{{index .spec.three 1}}',
  '{{index .spec.containers 0 "name"}}',
  '{{len .spec.containers}} {{len .metadata.name}} {{len .metadata.labels}}',
  '{{len .spec.three}}',
  '{{eq .metadata.name "p"}} {{ne .metadata.name "p"}} {{eq .metadata.name "a" "p"}}',
  '{{eq .spec.three 3}}',
  '{{eq .spec.three 3.0}} {{lt .spec.ratio 2.0}} {{gt .spec.ratio 1.0}} {{le 1 1}} {{ge "b" "a"}}',
  '{{eq .spec.missing "a"}}',
  '{{lt .spec.hostNetwork true}}',
  '{{lt .metadata.name 1}}',
  '{{eq}}',
  '{{eq 1}}',
  '{{printf "%s-%v-%d" .metadata.name .spec.three 5}}',
  '{{printf "%5s|%-5s|%05d|%q|%t|%.2f|%x|%T" "a" "b" 42 "c" true .spec.ratio 255 .spec.three}}',
  '{{printf "%d" .spec.three}}',
  '{{printf "%s" .spec.missing}}',
  '{{printf "%s %s" "a"}}',
  '{{printf "%s" "a" "b"}}',
  '{{printf "%v %v" .metadata.labels .spec.containers}}',
  '{{printf "%%|%c|%U|%+d|%e|%g|%8.3f|" 65 65 5 1.5 1e10 3.14159}}',
  '{{printf 3}}',
  '{{print 1 2 "a" "b" 3}}|{{println "a" 1}}',
  '{{.metadata.name | printf "%s!" | len}}',
  '{{"quoted" | print}}{{`raw`}}{{3}}{{1.50}}{{\'a\'}}{{true}}',
  '{{.spec.secret | base64decode}}',
  '{{base64decode "%%%"}}',
  '{{base64decode .spec.three}}',
  '{{if exists .metadata "name"}}has{{end}}{{if exists . "spec" "containers" 0 "ports"}} ports{{end}}{{if exists .metadata "x"}}no{{end}}',
  '{{html .spec.html}} {{js "a\'b<"}} {{urlquery "a b&c"}}',
  '{{slice .metadata.name 0 1}} {{slice "hello" 1 3}} {{slice .spec.containers 1}}',
  '{{slice "hello" 3 1}}',
  '{{define "t"}}<{{.}}>{{end}}{{template "t" .metadata.name}}{{template "t" 1}}',
  '{{define "t"}}none{{end}}{{template "t"}}',
  '{{block "b" .metadata}}{{.name}}{{end}}',
  '{{template "none"}}',
  'a {{- .metadata.name -}} b',
  'a  {{- "x"}}  {{"y" -}}  b',
  'a{{/* comment */}}b{{- /* trimmed */ -}} c',
  '{{not true}} {{not .spec.missing}} {{and 1 0}} {{or 0 "x"}} {{and true}}',
  '{{and}}',
  '{{nil}}',
  '{{if nil}}x{{end}}',
  '{{1 2}}',
  '{{.metadata.name 1}}',
  '{{"a" .}}',
  '{{foo}}',
  '{{.metadata.name',
  '{{if true}}x',
  '{{end}}',
  '{{else}}',
  '{{if}}x{{end}}',
  '{{range}}{{end}}',
  '{{$y}}',
  '{{"unterminated}}',
  '{{.a | }}',
  '{{| .a}}',
  '{{(.a}}',
  '{{.a)}}',
  '{{!}}',
  '{{break}}',
  '{{range $i, $j, $k := .x}}{{end}}',
  '{{if $a, $b := .x}}{{end}}',
  '{{.spec.containers.name}}',
  '{{range .items}}{{.x}}{{end}}',
  'line one\n{{.metadata.name}}\n{{.metadata.name.x}}',
  '{{"a" | 1}}',
  '{{/* open',
  '{{call .metadata.name}}',
  '{{len nil}}',
  '{{index .metadata "labels" "a"}}{{"\\n"}}',
  '{{with .spec}}{{range .containers}}{{$.kind}}/{{.name}}{{"\\t"}}{{end}}{{end}}',
];

interface Case {
  template: string;
  allowMissingKeys: boolean;
  output?: string;
  error?: string;
}

function ask(file: string, template: string, allowMissingKeys: boolean): Case {
  const args = ['label', '--local', '-f', file, 'a=b', '--overwrite', '-o', `go-template=${template}`];
  args.push(`--allow-missing-template-keys=${allowMissingKeys}`);
  try {
    const output = execFileSync(process.env['KUBECTL'] ?? 'kubectl', args, { encoding: 'utf8', stdio: 'pipe' });
    return { template, allowMissingKeys, output };
  } catch (failure) {
    const { stderr } = failure as { stderr: string };
    const heads = [
      `error: error parsing template ${template}, `,
      `error: error executing template ${JSON.stringify(template)}: `,
    ];
    const head = heads.find((h) => stderr.startsWith(h)) ?? '';
    return { template, allowMissingKeys, error: stderr.slice(head.length).trim() };
  }
}

function record(): void {
  const folder = mkdtempSync(join(tmpdir(), 'gotemplate-'));
  const file = join(folder, 'pod.json');
  writeFileSync(file, JSON.stringify(object));
  const cases = templates.flatMap((t) => [ask(file, t, true), ask(file, t, false)]);
  writeFileSync(GOLDEN, `${JSON.stringify(cases, null, 1)}\n`);
  rmSync(folder, { recursive: true });
}

if (process.env['UPDATE']) record();
const cases = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Case[];

describe('templates print what kubectl prints', () => {
  it('has an answer for every template', () =>
    expect(new Set(cases.map((c) => c.template))).toEqual(new Set(templates)));
  it.each(cases.map((c) => [c.template, c.allowMissingKeys, c] as const))(
    '%j, missing keys allowed: %s',
    (_, __, expected) => {
      let actual: { output?: string; error?: string };
      try {
        const { template, allowMissingKeys } = expected;
        actual = { output: parseGoTemplate(template, { allowMissingKeys }).execute(object) };
      } catch (error) {
        actual = { error: (error as Error).message };
      }
      const { output, error } = expected;
      expect(actual).toEqual(output === undefined ? { error } : { output });
    },
  );
});

// Reads what @kubernetes/client-node's generated models and kubernetes-types say about Kubernetes' types, with the
// TypeScript parser (nested types defeat regular expressions). Knows nothing of upstream's definition names.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface ModelProperty {
  /** The JSON name. */
  name: string;
  /** The generator's type text: `string`, `Array<V1Container>`, `{ [key: string]: string; }`. */
  type: string;
  format: string;
  required: boolean;
  description?: string;
}
export interface Model {
  className: string;
  description?: string;
  properties: ModelProperty[];
}

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

/** The text of a node's doc comment. The generator escapes quotes with backslashes; upstream's text has none. */
function docOf(node: ts.Node): string | undefined {
  const docs = (node as { jsDoc?: ts.JSDoc[] }).jsDoc;
  const last = docs?.at(-1);
  const text = last && ts.getTextOfJSDocComment(last.comment);
  return text ? text.replaceAll(/\\(['"\\])/g, '$1') : undefined;
}

function propertyName(node: ts.PropertyName): string {
  return ts.isStringLiteral(node) || ts.isIdentifier(node) ? node.text : node.getText();
}

/** The entries of `X.attributeTypeMap = [{name, baseName, type, format}]` in a model's .js file. */
function attributeTypes(file: string): Map<string, { baseName: string; type: string; format: string }> {
  const found = new Map<string, { baseName: string; type: string; format: string }>();
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && node.left.getText().endsWith('.attributeTypeMap')) {
      for (const element of (node.right as ts.ArrayLiteralExpression).elements) {
        const record: Record<string, string> = {};
        for (const p of (element as ts.ObjectLiteralExpression).properties) {
          if (ts.isPropertyAssignment(p)) record[propertyName(p.name)] = (p.initializer as ts.StringLiteral).text;
        }
        const { name = '', baseName = '', type = '', format = '' } = record;
        found.set(name, { baseName, type, format });
      }
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** Every model class of @kubernetes/client-node. */
export function readModels(packageFolder: string): Model[] {
  const folder = join(packageFolder, 'dist/gen/models');
  const models: Model[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.d.ts') || file === 'ObjectSerializer.d.ts' || file === 'all.d.ts') continue;
    const types = attributeTypes(join(folder, file.replace(/\.d\.ts$/, '.js')));
    for (const statement of parse(join(folder, file)).statements) {
      if (!ts.isClassDeclaration(statement) || !statement.name) continue;
      const properties: ModelProperty[] = [];
      for (const member of statement.members) {
        if (!ts.isPropertyDeclaration(member)) continue;
        const attribute = types.get(propertyName(member.name));
        if (!attribute) continue;
        const { baseName: name, type, format } = attribute;
        const description = docOf(member);
        const property: ModelProperty = { name, type, format, required: !member.questionToken };
        properties.push(description ? { ...property, description } : property);
      }
      const description = docOf(statement);
      models.push({ className: statement.name.text, properties, ...(description ? { description } : {}) });
    }
  }
  return models;
}

/** Descriptions of kubernetes-types: `core/v1.Pod` (the type) and `core/v1.Pod.spec` (a field). */
export function readTypeDescriptions(packageFolder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(packageFolder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.d.ts')) continue;
    const module = entry.slice(0, -'.d.ts'.length);
    for (const statement of parse(join(packageFolder, entry)).statements) {
      if (!ts.isInterfaceDeclaration(statement) && !ts.isTypeAliasDeclaration(statement)) continue;
      const key = `${module}.${statement.name.text}`;
      const own = docOf(statement);
      if (own) found.set(key, own);
      if (!ts.isInterfaceDeclaration(statement)) continue;
      for (const member of statement.members) {
        const text = docOf(member);
        if (text && member.name) found.set(`${key}.${propertyName(member.name)}`, text);
      }
    }
  }
  return found;
}

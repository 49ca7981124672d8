// YAML as kubectl reads and prints it. Loaded only by commands that meet YAML: the parser is heavy.
export { splitYamlDocuments, stringifyYaml as toYaml, YamlError, parseYaml } from '../api/codec/yaml.ts';

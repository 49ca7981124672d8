import { describe, expect, it } from 'vitest';
import { flag, HelpRequested, parseFlags, splitCsv } from '../../src/cli/pflag.ts';

const table = {
  namespace: flag.string('', { short: 'n' }),
  output: flag.string('', { short: 'o' }),
  wait: flag.bool('', { default: true }),
  watch: flag.bool('', { short: 'w' }),
  all: flag.bool('', { short: 'A' }),
  'dry-run': flag.string('', { default: 'none', noOpt: 'unchanged' }),
  filename: flag.slice('', { short: 'f' }),
  'from-literal': flag.array(''),
  tail: flag.int('', { default: -1 }),
  timeout: flag.duration(''),
  v: flag.count('', { short: 'v' }),
};
const parse = (...argv: string[]) => parseFlags(table, argv);

describe('forms of a flag', () => {
  it.each([[['-n', 'x']], [['-nx']], [['-n=x']], [['--namespace', 'x']], [['--namespace=x']]])('%j', (argv) => {
    expect(parse(...argv).values['namespace']).toBe('x');
  });
  it('mixes flags and arguments', () => {
    const { values, args } = parse('pods', '-n', 'x', 'a', '--output=wide', 'b');
    expect([values['namespace'], values['output'], args]).toEqual(['x', 'wide', ['pods', 'a', 'b']]);
  });
  it('lets the last of repeated flags win', () => {
    expect(parse('-n', 'a', '--namespace=b').values['namespace']).toBe('b');
  });
  it('joins short bools', () => {
    const { values } = parse('-wAn', 'x');
    expect([values['watch'], values['all'], values['namespace']]).toEqual([true, true, 'x']);
  });
  it('takes a value for a bool only after an equals sign', () => {
    const { values, args } = parse('--wait', 'false');
    expect([values['wait'], args]).toEqual([true, ['false']]);
    expect(parse('--wait=false').values['wait']).toBe(false);
    expect(parse('--wait=F').values['wait']).toBe(false);
  });
  it('has a value for an optional one', () => {
    const { values, args } = parse('--dry-run', 'client');
    expect([values['dry-run'], args]).toEqual(['unchanged', ['client']]);
    expect(parse('--dry-run=client').values['dry-run']).toBe('client');
  });
  it('splits slices at commas and keeps arrays whole', () => {
    expect(parse('-f', 'a,b', '-f', '"c,d"').values['filename']).toEqual(['a', 'b', 'c,d']);
    expect(parse('--from-literal=a=1,2', '--from-literal=b').values['from-literal']).toEqual(['a=1,2', 'b']);
  });
  it('leaves everything behind -- alone', () => {
    const { args, dashAt } = parse('pod', '--', 'ls', '-n', '--wait');
    expect([args, dashAt]).toEqual([['pod', 'ls', '-n', '--wait'], 1]);
  });
  it('takes - as an argument and as a value', () => {
    expect(parse('-f', '-', '-').values['filename']).toEqual(['-']);
    expect(parse('-').args).toEqual(['-']);
  });
  it('counts', () => {
    expect(parse('-vv').values['v']).toBe(2);
    expect(parse('-v=6').values['v']).toBe(6);
  });
  it('reads numbers as Go does', () => {
    expect(parse('--tail=0x10').values['tail']).toBe(16);
    expect(parse('--tail=-5').values['tail']).toBe(-5);
    expect(parse('--timeout=1m30s').values['timeout']).toBe(90_000);
  });
  it('says which flags were given', () => {
    expect([...parse('--wait', '-n', 'x').changed]).toEqual(['wait', 'namespace']);
  });
});

describe('errors', () => {
  it.each([
    [['--nope'], 'unknown flag: --nope'],
    [['-z'], "unknown shorthand flag: 'z' in -z"],
    [['-wz'], "unknown shorthand flag: 'z' in -z"],
    [['-n'], "flag needs an argument: 'n' in -n"],
    [['--namespace'], 'flag needs an argument: --namespace'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['---x'], 'bad flag syntax: ---x'],
    [['--wait=x'], 'invalid argument "x" for "--wait" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    [['--tail=x'], 'invalid argument "x" for "--tail" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [['--timeout=5'], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'],
    [['-w=x'], 'invalid argument "x" for "-w, --watch" flag: strconv.ParseBool: parsing "x": invalid syntax'],
  ])('%j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(message);
  });
  it('asks for help', () => {
    expect(() => parse('--help')).toThrow(HelpRequested);
    expect(() => parse('-h')).toThrow(HelpRequested);
  });
});

it('splits CSV with quotes', () => {
  expect(splitCsv('a,"b,""c",d')).toEqual(['a', 'b,"c', 'd']);
  expect(splitCsv('')).toEqual([]);
});

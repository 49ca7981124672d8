import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '**/*.gen.ts', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  // Tables of tests are one long describe; the CLI is what talks to the console.
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['test/bench/**', 'scripts/**', 'src/cli/**', 'src/commands/**'], rules: { 'no-console': 'off' } },
);

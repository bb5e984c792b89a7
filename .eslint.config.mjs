import tseslint from 'typescript-eslint';

export default tseslint.config(
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: 'test/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and enums are printed into messages everywhere; the rule would ask for String() around each.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Yoga hands its hooks objects of free functions, typed as methods.
      '@typescript-eslint/unbound-method': 'off',
      // `_` marks a parameter that a signature forces on us.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // Each such object gets a hidden class of its own, in the old space: V8 keeps it, with all that the getter closes over
    // (a whole operation, say), until the next full collection.
    files: ['src/**'],
    ignores: ['src/simulator/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ObjectExpression > Property[kind!="init"]', message: 'An accessor belongs in a class.' },
      ],
    },
  },
  {
    // Columns are walked by index, and an index below the length is there. On typed arrays Node 20 takes twice as long
    // for `for … of`.
    files: ['src/report/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/prefer-for-of': 'off' },
  },
  {
    // A factory counts with all of its methods.
    files: ['src/http/**', 'src/query-limits/**', 'src/simulator/**', 'src/upstream/parse/**'],
    rules: { 'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }] },
  },
  {
    // The fields of one type are a table, however long.
    files: ['src/graphql/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // Benchmarks run as they are, on any Node, without a compiler.
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    // A describe() block is one function to the rule, and a test says by its query what comes back.
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);

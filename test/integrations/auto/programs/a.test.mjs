import test from 'node:test'
void test('a', () => {})

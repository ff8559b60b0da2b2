import { baseName, folderOf, rootInContents, toContentsPath } from './paths';

describe('two names of one file', () => {
  it.each([
    ['data/x.csv', 'churn/nb/a.ipynb', 'nb/a.ipynb', 'churn/data/x.csv'],
    ['data/x.csv', 'nb/a.ipynb', 'nb/a.ipynb', 'data/x.csv'],
    ['nb/x.csv', 'a.ipynb', 'nb/a.ipynb', 'x.csv'],
    ['data/x.csv', 'a.ipynb', 'nb/a.ipynb', null],
    ['x.csv', 'b.ipynb', 'a.ipynb', null]
  ])('%s beside %s = %s is %s', (path, contents, inWorkspace, expected) => {
    expect(toContentsPath(path, { contents, inWorkspace })).toBe(expected);
  });

  it.each([
    ['churn/nb/a.ipynb', 'nb/a.ipynb', 'churn'],
    ['a.ipynb', 'a.ipynb', ''],
    ['a.ipynb', 'nb/a.ipynb', null]
  ])('the root of %s = %s is %p', (contents, inWorkspace, expected) => {
    expect(rootInContents({ contents, inWorkspace })).toBe(expected);
  });

  it('takes a path apart', () => {
    expect([baseName('a/b.c'), folderOf('a/b.c'), folderOf('b.c')]).toEqual(['b.c', 'a', '']);
  });
});

import { DocumentLedger } from './ledger';

const read = (id: string) => ({ cell_type: 'code', source: id });

function sent(ledger: DocumentLedger, order: string[], path = 'a.ipynb') {
  const report = ledger.compose(path, order, read);
  if (report) {
    ledger.acknowledge(report.revision);
  }
  return report;
}

describe('reports of an open notebook', () => {
  it('begin with the whole document and no base', () => {
    const report = sent(new DocumentLedger('d'), ['a', 'b']);
    expect(report).toMatchObject({ document_id: 'd', revision: 1, order: ['a', 'b'], cells: { a: read('a'), b: read('b') } });
    expect(report).not.toHaveProperty('base_revision');
  });

  it('then hold changed cells only', () => {
    const ledger = new DocumentLedger('d');
    sent(ledger, ['a', 'b']);
    ledger.touch('b');
    expect(sent(ledger, ['a', 'b'])).toMatchObject({ base_revision: 1, revision: 2, cells: { b: read('b') } });
    expect(Object.keys(ledger.compose('a.ipynb', ['a', 'b', 'c'], read)!.cells)).toEqual(['c']);
  });

  it('are not made when nothing changed', () => {
    const ledger = new DocumentLedger('d');
    sent(ledger, ['a']);
    expect(sent(ledger, ['a'])).toBeNull();
  });

  it.each([
    ['moved cells', ['b', 'a'], 'a.ipynb'],
    ['removed cells', ['a'], 'a.ipynb'],
    ['a renamed notebook', ['a', 'b'], 'c.ipynb']
  ])('tell of %s without repeating their contents', (_, order, path) => {
    const ledger = new DocumentLedger('d');
    sent(ledger, ['a', 'b']);
    expect(sent(ledger, order, path)).toMatchObject({ path, order, cells: {} });
  });

  it('hold everything after the recorder lost the thread', () => {
    const ledger = new DocumentLedger('d');
    sent(ledger, ['a', 'b']);
    ledger.forget();
    const report = sent(ledger, ['a', 'b'])!;
    expect(Object.keys(report.cells)).toEqual(['a', 'b']);
    expect(report).not.toHaveProperty('base_revision');
  });

  it('repeat what a lost report held, against the last base that arrived', () => {
    const ledger = new DocumentLedger('d');
    sent(ledger, ['a', 'b']);
    ledger.touch('a');
    ledger.lose(ledger.compose('a.ipynb', ['a', 'b'], read)!.revision);
    ledger.touch('b');
    const report = sent(ledger, ['a', 'b'])!;
    expect(report.base_revision).toBe(1);
    expect(Object.keys(report.cells)).toEqual(['a', 'b']);
  });

  it('keep what changed while a report was under way', () => {
    const ledger = new DocumentLedger('d');
    const first = ledger.compose('a.ipynb', ['a'], read)!;
    ledger.touch('a');
    ledger.acknowledge(first.revision);
    expect(Object.keys(sent(ledger, ['a'])!.cells)).toEqual(['a']);
  });
});

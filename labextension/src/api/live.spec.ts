import { CHANGED_SCHEMA, readChanged } from './live';

describe('what the event stream says', () => {
  it('is ours by its schema alone', () => {
    expect(readChanged({ schema_id: 'https://events.jupyter.org/x', topic: 'run' })).toBeNull();
    expect(readChanged({ schema_id: CHANGED_SCHEMA })).toBeNull();
  });

  it('has every field, absent ones empty', () => {
    expect(readChanged({ schema_id: CHANGED_SCHEMA, topic: 'run', ids: ['r'] })).toEqual({
      topic: 'run',
      workspace: null,
      ids: ['r'],
      path: null,
      run_ids: []
    });
  });
});

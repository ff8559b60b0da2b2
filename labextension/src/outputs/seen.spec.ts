import { settledText, shortText } from './seen';

describe('the text of a stream', () => {
  it.each([
    ['plain\ntext\n', 'plain\ntext\n'],
    ['10%\r20%\rdone\n', 'done\n'],
    ['abc\rX', 'Xbc'],
    ['abc\rX\nd', 'Xbc\nd'],
    ['ab\bc', 'ac'],
    ['a\n\bb', 'a\nb'],
    ['', '']
  ])('settles: %j', (text, expected) => expect(settledText(text)).toBe(expected));
});

describe('the short text of outputs', () => {
  it('is what the recorder writes', () =>
    expect(
      shortText([
        { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] },
        { output_type: 'stream', name: 'stdout', text: 'c\n' },
        { output_type: 'display_data', data: { 'image/png': 'x' } },
        { output_type: 'execute_result', data: { 'text/plain': ['4', '2'] } },
        { output_type: 'error', ename: 'ValueError', evalue: 'no' }
      ])
    ).toBe('a\nb\nc\n\n42\nValueError: no'));

  it('has three hundred characters', () => expect(shortText([{ output_type: 'stream', name: 'stdout', text: '😀'.repeat(400) }])).toBe('😀'.repeat(300)));
});

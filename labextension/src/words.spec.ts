import { nullTranslator } from '@jupyterlab/translation';

import { agoText, clockDuration, dayKey, dayText, durationText, numberText, scalarText, sizeText } from './words';

const trans = nullTranslator.load('');

describe('words', () => {
  it.each([
    [0, '0'],
    [12, '12'],
    [0.93123456, '0.9312'],
    [12345.678, '12346'],
    [0.00001234, '1.23e-5'],
    [3e-7, '3e-7'],
    [1.5e12, '1.5e12'],
    [-0.5, '-0.5'],
    ['NaN' as const, 'NaN'],
    ['-Infinity' as const, '−∞']
  ])('the number %p is %p', (value, text) => expect(numberText(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1234, '1.2 kB'],
    [2000, '2 kB'],
    [999_600, '1 MB'],
    [1_200_000_000, '1.2 GB']
  ])('%p bytes are %p', (value, text) => expect(sizeText(value)).toBe(text));

  it.each([
    [0.004, '4 ms'],
    [0.42, '0.4 s'],
    [41, '41 s'],
    [59.7, '0:59'],
    [95, '1:35'],
    [3700, '1:01:40']
  ])('%p seconds took %p', (value, text) => expect(durationText(value)).toBe(text));

  it('counts a running cell in minutes and seconds', () => expect(clockDuration(41.9)).toBe('0:41'));

  it.each([
    [3, 'just now'],
    [12.9, '12 s ago'],
    [150, '2 min ago'],
    [7300, '2 h ago'],
    [90_000, '']
  ])('%p seconds are %p', (value, text) => expect(agoText(value, trans)).toBe(text));

  it('names days as people do', () => {
    const now = new Date(2026, 10, 21, 14);
    expect(dayText('2026-11-21', now, trans, 'en')).toBe('Today');
    expect(dayText('2026-11-20', now, trans, 'en')).toBe('Yesterday');
    expect(dayText('2026-11-18', now, trans, 'en')).toBe('Wednesday');
    expect(dayText('2026-11-03', now, trans, 'en')).toContain('3');
  });

  it('takes the local day of an instant', () => {
    expect(dayKey(new Date(2026, 0, 5, 0, 30).toISOString())).toBe('2026-01-05');
  });

  it('cuts a long text and keeps line breaks out', () => expect(scalarText('a\nb'.padEnd(50, 'x'), 5)).toBe('a bx…'));
});

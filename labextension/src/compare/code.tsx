/** Cells whose source differs, as unified diffs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ICompareCode } from '../api/types';
import { DiffLineKind, diffLines } from './unified';

const SIGNS: Record<DiffLineKind, string> = { added: '+', removed: '−', same: ' ', gap: '⋯' };

export function CodeDifferences(props: { code: readonly ICompareCode[]; trans: TranslationBundle }): JSX.Element {
  const { code, trans } = props;
  return code.length ? (
    <div className="ds-Compare-code">
      {code.map((change, index) => (
        <section key={index} aria-label={change.title}>
          <h3>
            {change.title} <span className="ds-Hint">{kindText(change, trans)}</span>
          </h3>
          <Diff unified={change.unified} trans={trans} />
        </section>
      ))}
    </div>
  ) : (
    <div className="ds-Empty">{trans.__('The same code ran in all of them.')}</div>
  );
}

export function Diff(props: { unified: string; trans: TranslationBundle }): JSX.Element {
  const { trans } = props;
  const spoken: Partial<Record<DiffLineKind, string>> = { added: trans.__('added:'), removed: trans.__('removed:') };
  return (
    <pre className="ds-Diff" tabIndex={0}>
      {diffLines(props.unified).map((line, index) => (
        <div key={index} className={`ds-Diff-line ds-mod-${line.kind}`}>
          <span className="ds-Diff-sign" aria-hidden={true}>
            {SIGNS[line.kind]}
          </span>
          {spoken[line.kind] && <span className="ds-Unseen">{spoken[line.kind]}</span>}
          {line.text || ' '}
        </div>
      ))}
    </pre>
  );
}

function kindText(change: ICompareCode, trans: TranslationBundle): string {
  return !change.before ? trans.__('cell only in the second') : !change.after ? trans.__('cell only in the first') : '';
}

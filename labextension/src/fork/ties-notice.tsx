/** Said on a fork's panel before its cells run: which of them name files of the folder it came from, and a way to stay inside. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { baseName } from '../paths';
import type { ITie } from './ties';
import type { ITiedCell } from './ties-model';

const SHOWN = 3;

export function TiesNotice(props: {
  cells: readonly ITiedCell[];
  /** Name of the folder that the fork came from. */
  origin: string;
  trans: TranslationBundle;
  onShow: (number: number) => void;
  onUntie: () => void;
}): JSX.Element | null {
  const { cells, trans } = props;
  if (cells.length === 0) {
    return null;
  }
  const said = cells.flatMap(({ number, ties }) => ties.map(tie => ({ number, tie })));
  const n_more = said.length - SHOWN;
  return (
    <div className="ds-Warning ds-Ties" role="note" aria-label={trans.__('Outside the fork')}>
      {said.slice(0, SHOWN).map(({ number, tie }) => (
        <p key={`${number} ${tie.disk_path}`}>
          <button className="ds-Link" title={trans.__('Show the cell')} onClick={() => props.onShow(number)}>
            {trans.__('Cell %1', number)}
          </button>{' '}
          {sentence(tie, baseName(props.origin), trans)}
        </p>
      ))}
      {n_more > 0 && <p>{trans._n('and %1 more', 'and %1 more', n_more)}</p>}
      <button className="ds-Button" title={trans.__('Put this folder’s path in place of that one in the code')} onClick={props.onUntie}>
        {trans.__('Use the fork’s own files')}
      </button>
    </div>
  );
}

function sentence(tie: ITie, owner: string, trans: TranslationBundle): string {
  return tie.kind === 'writes'
    ? trans.__('writes outside the fork: %1 (belongs to %2/)', tie.disk_path, owner)
    : trans.__('reads or writes outside the fork: %1 (belongs to %2/)', tie.disk_path, owner);
}

/** The chosen node: what is known of it, and what can be opened. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILineageNode, Scalar } from '../api/types';
import { momentText, scalarText, sizeText } from '../words';
import { addressOf } from './model';
import { kindText } from './words';

export interface IDetailsProps {
  node: ILineageNode;
  of: string;
  trans: TranslationBundle;
  onOpen: (node: ILineageNode) => void;
  onCentre: (node: ILineageNode) => void;
  onRecipe: (of: string) => void;
}

export function Details(props: IDetailsProps): JSX.Element {
  const { node, trans } = props;
  const address = addressOf(node);
  const isEntry = node.kind === 'execution' || node.kind === 'run';
  return (
    <div className="ds-Lineage-details" role="region" aria-label={trans.__('Details')}>
      <div className="ds-Lineage-title">
        <strong>{node.label}</strong> <span className="ds-Hint">{kindText(node.kind, trans)}</span>
        {node.path && node.path !== node.label && <span className="ds-Hint">{node.path}</span>}
      </div>
      <div className="ds-Lineage-facts ds-Hint">
        {Object.entries(node.details).map(([name, value]) => {
          const fact = factText(name, value, trans);
          return fact ? <span key={name}>{fact}</span> : null;
        })}
      </div>
      <div className="ds-Lineage-verbs">
        {(isEntry || node.path) && (
          <button className="ds-Button" onClick={() => props.onOpen(node)}>
            {isEntry ? trans.__('Open entry') : trans.__('Open file')}
          </button>
        )}
        {address && address !== props.of && (
          <button className="ds-Button" onClick={() => props.onCentre(node)}>
            {trans.__('Lineage of this')}
          </button>
        )}
        {address && node.kind !== 'notebook' && (
          <button className="ds-Button" onClick={() => props.onRecipe(address)}>
            {trans.__('Make the recipe')}
          </button>
        )}
      </div>
    </div>
  );
}

/** Recorded details in a reader's words; '' for what tells a reader nothing. */
function factText(name: string, value: Scalar, trans: TranslationBundle): string {
  if (value === null || value === '') {
    return '';
  }
  switch (name) {
    case 'size_bytes':
      return sizeText(value as number);
    case 'started_at':
      return momentText(value as string, new Date(), trans);
    case 'kept':
      return keptText(String(value), trans);
    case 'outcome':
    case 'state':
      return String(value);
    case 'n_executions':
      return trans._n('%1 execution', '%1 executions', value as number);
    case 'digest':
      return trans.__('content %1', String(value).slice(0, 8));
    case 'cell_id':
      return '';
    default:
      return `${name} ${scalarText(value, 40)}`;
  }
}

function keptText(kept: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    stored: trans.__('this version is kept'),
    fingerprint: trans.__('fingerprint only'),
    excluded: trans.__('left out'),
    missing: trans.__('was not there'),
    outside: trans.__('outside the project folder'),
    secret: trans.__('never kept: it holds secrets')
  };
  return words[kept] ?? kept;
}

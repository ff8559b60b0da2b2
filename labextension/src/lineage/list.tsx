/** The same graph as text: each thing with what it came from and what came of it. For screen readers and for reading. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILineageNode } from '../api/types';
import { IGraph, IGraphNode, neighbourhoods } from './graph';
import { kindText, nodeTitle } from './words';

export interface ILineageListProps {
  graph: IGraph;
  trans: TranslationBundle;
  /** Seen by screen readers only, beside the picture. */
  isUnseen: boolean;
  onOpenNode: (node: ILineageNode) => void;
}

export function LineageList(props: ILineageListProps): JSX.Element {
  const { graph, trans } = props;
  const around = React.useMemo(() => neighbourhoods(graph), [graph]);
  const focusFirst = [...graph.nodes].sort((a, b) => Number(b.isFocus) - Number(a.isFocus));
  return (
    <ul className={`ds-LineageList${props.isUnseen ? ' ds-Unseen' : ''}`} aria-label={trans.__('Lineage as a list')}>
      {focusFirst
        .filter(node => node.node)
        .map(node => {
          const { before, after } = around.get(node.id)!;
          return (
            <li key={node.id} className={node.isFocus ? 'ds-mod-focus' : ''}>
              {props.isUnseen ? (
                <span>{nodeTitle(node, trans)}</span>
              ) : (
                <button className="ds-Link" title={nodeTitle(node, trans)} onClick={() => props.onOpenNode(node.node!)}>
                  {node.label}
                </button>
              )}{' '}
              <span className="ds-Hint">{kindText(node.kind, trans)}</span>
              <Neighbours title={trans.__('came from')} nodes={before} trans={trans} />
              <Neighbours title={trans.__('led to')} nodes={after} trans={trans} />
            </li>
          );
        })}
    </ul>
  );
}

function Neighbours(props: { title: string; nodes: ReadonlySet<IGraphNode>; trans: TranslationBundle }): JSX.Element | null {
  const names = [...props.nodes].map(node => (node.node ? node.label : props.trans.__('%1 more', node.n_hidden)));
  return names.length ? (
    <div className="ds-LineageList-row">
      <span className="ds-Hint">{props.title}</span> {names.join(', ')}
    </div>
  ) : null;
}

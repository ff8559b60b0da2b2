/** What a node and an edge of the lineage are, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Evidence, ILineageEdge } from '../api/types';
import { scalarText } from '../words';
import type { IGraphEdge, IGraphNode } from './graph';

export function kindText(kind: IGraphNode['kind'], trans: TranslationBundle): string {
  const words: Record<IGraphNode['kind'], string> = {
    file: trans.__('file'),
    execution: trans.__('cell'),
    run: trans.__('run'),
    notebook: trans.__('notebook'),
    model: trans.__('model'),
    more: trans.__('more')
  };
  return words[kind] ?? kind;
}

export function evidenceText(evidence: Evidence, trans: TranslationBundle): string {
  const words: Record<Evidence, string> = {
    declared: trans.__('the code says so'),
    observed: trans.__('seen happening'),
    corrected: trans.__('corrected by hand'),
    ambiguous: trans.__('possible, not certain: something else ran at the same time')
  };
  return words[evidence] ?? evidence;
}

/** 'raw.csv → In [3]: read (seen happening; open, stat)' */
export function edgeTitle(edge: IGraphEdge, from: string, to: string, trans: TranslationBundle): string {
  if (!edge.edge) {
    return `${from} → ${to}`;
  }
  const how = [evidenceText(edge.evidence, trans), edge.edge.seen_by.join(', ')].filter(Boolean).join('; ');
  return `${from} → ${to}: ${actText(edge.edge, trans)} (${how})`;
}

export function nodeTitle(node: IGraphNode, trans: TranslationBundle): string {
  if (!node.node) {
    return trans.__('%1 more, not drawn', node.n_hidden);
  }
  const details = Object.entries(node.node.details).map(([name, value]) => `${name}: ${scalarText(value, 60)}`);
  return [`${kindText(node.kind, trans)} ${node.label}`, node.node.path ?? '', ...details].filter(Boolean).join('\n');
}

function actText(edge: ILineageEdge, trans: TranslationBundle): string {
  const words: Record<ILineageEdge['kind'], string> = {
    used: trans.__('read'),
    generated: trans.__('wrote'),
    part_of: trans.__('part of'),
    fed: trans.__('set names it used')
  };
  return words[edge.kind] ?? edge.kind;
}

/** A laid-out graph as SVG: nodes that can be opened, edges with their evidence. Arrow keys go from node to node. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILineageNode } from '../api/types';
import type { IGraphNode } from './graph';
import { edgePath, ILayout, IPlacedNode } from './layout';
import { begun, nextNode, shortened } from './nodes';
import { edgeTitle, kindText, nodeTitle } from './words';

export interface IPictureProps {
  layout: ILayout;
  trans: TranslationBundle;
  /** Ids that stand out, the rest fades; null: all alike. */
  related?: ReadonlySet<string> | null;
  onOpenNode: (node: ILineageNode) => void;
  /** A double press. */
  onOpenTwice?: (node: ILineageNode) => void;
  /** A press on '+12'. */
  onMore?: () => void;
}

const ROUNDING: Record<IGraphNode['kind'], number> = { file: 2, notebook: 2, model: 8, execution: 8, run: 14, more: 12 };
/** Pixels a character of the label takes, about; SVG text has no ellipsis of its own. */
const CHARACTER = 6.4;
const ICON_SPACE = 22;

/** Nodes and edges only: the caller gives the `<svg>` its size and view. */
export function Picture(props: IPictureProps): JSX.Element {
  const { layout, related, trans } = props;
  // Two pictures in one page must not share the arrow's id: the first one hidden would hide it for both.
  const arrow = React.useRef(`ds-arrow-${Math.random().toString(36).slice(2)}`).current;
  const labels = new Map(layout.nodes.map(node => [node.item.id, node.item.label]));
  const focusId = layout.nodes.find(node => node.item.isFocus)?.item.id ?? layout.nodes[0]?.item.id;
  const [current, setCurrent] = React.useState<string | undefined>(undefined);
  const tabStop = layout.nodes.some(node => node.item.id === current) ? current : focusId;
  const host = React.useRef<SVGGElement>(null);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const from = layout.nodes.find(node => node.item.id === tabStop);
    const to = from && nextNode(layout.nodes, from, event.key);
    if (to) {
      event.preventDefault();
      event.stopPropagation();
      setCurrent(to.item.id);
      host.current?.querySelector<SVGGElement>(`[data-id="${CSS.escape(to.item.id)}"]`)?.focus();
    }
  };

  return (
    <g ref={host} onKeyDown={onKeyDown}>
      <defs>
        <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
          <path className="ds-Graph-arrow" d="M0,0.5 L8,4 L0,7.5 z" />
        </marker>
      </defs>
      {layout.edges.map(({ item, points }) => (
        <path
          key={`${item.source}\n${item.target}`}
          className={`ds-Graph-edge ds-mod-${item.evidence}${fades(related, item.source, item.target)}`}
          d={edgePath(points, layout.direction)}
          markerEnd={`url(#${arrow})`}
        >
          <title>{edgeTitle(item, labels.get(item.source) ?? '', labels.get(item.target) ?? '', trans)}</title>
        </path>
      ))}
      {layout.nodes.map(node => (
        <Node key={node.item.id} {...props} placed={node} isTabStop={node.item.id === tabStop} onFocus={setCurrent} />
      ))}
    </g>
  );
}

function Node(
  props: IPictureProps & { placed: IPlacedNode; isTabStop: boolean; onFocus: (id: string) => void }
): JSX.Element {
  const { placed, trans } = props;
  const { item, width, height } = placed;
  const isMore = item.kind === 'more';
  const open = (): void => {
    if (item.node) {
      props.onOpenNode(item.node);
    } else {
      props.onMore?.();
    }
  };
  const room = Math.max(3, Math.floor((width - (isMore ? 8 : ICON_SPACE + 6)) / CHARACTER));
  return (
    <g
      className={`ds-Graph-node ds-mod-${item.kind}${item.isFocus ? ' ds-mod-focus' : ''}${fades(props.related, item.id)}`}
      transform={`translate(${placed.x} ${placed.y})`}
      data-id={item.id}
      role="button"
      tabIndex={props.isTabStop ? 0 : -1}
      aria-label={isMore ? nodeTitle(item, trans) : `${kindText(item.kind, trans)} ${item.label}`}
      aria-current={item.isFocus || undefined}
      onClick={open}
      onDoubleClick={() => item.node && props.onOpenTwice?.(item.node)}
      onFocus={() => props.onFocus(item.id)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          open();
        }
      }}
    >
      <title>{nodeTitle(item, trans)}</title>
      <rect width={width} height={height} rx={ROUNDING[item.kind]} />
      {item.kind !== 'more' && (
        <path className="ds-Graph-glyph" transform={`translate(6 ${height / 2 - 6})`} d={GLYPHS[item.kind]} />
      )}
      <text x={isMore ? width / 2 : ICON_SPACE} y={height / 2} dominantBaseline="central" textAnchor={isMore ? 'middle' : 'start'}>
        {item.kind === 'execution' ? begun(item.label, room) : shortened(item.label, room)}
      </text>
    </g>
  );
}

function fades(related: ReadonlySet<string> | null | undefined, ...ids: string[]): string {
  return related && !ids.every(id => related.has(id)) ? ' ds-mod-faded' : '';
}

/** 12-pixel outlines. */
const GLYPHS: Record<Exclude<IGraphNode['kind'], 'more'>, string> = {
  file: 'M2.5,0.5 H7.5 L10,3 V11.5 H2.5 Z M7.5,0.5 V3 H10',
  execution: 'M4,1 H2 V11 H4 M8,1 H10 V11 H8',
  run: 'M3,1.5 L10.5,6 L3,10.5 Z',
  notebook: 'M2.5,0.5 H10.5 V11.5 H2.5 Z M5,0.5 V11.5 M1.2,3 H3.8 M1.2,6 H3.8 M1.2,9 H3.8',
  model: 'M6,0.7 L11,3.4 V8.6 L6,11.3 L1,8.6 V3.4 Z M1,3.4 L6,6 L11,3.4 M6,6 V11.3'
};

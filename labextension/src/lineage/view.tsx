/** The Lineage tab of the main area: upstream left, downstream right; as a picture or as a list. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILineage, ILineageNode } from '../api/types';
import { Details } from './details';
import { foldLineage, IGraph, threadOf } from './graph';
import { ISizes, layoutGraph } from './layout';
import { LineageList } from './list';
import { LineageDirection, WHOLE_LIMIT } from './model';
import { Picture } from './picture';
import { Partial } from './sidebar';
import { fitted, IBox, IView, moved, transformText, zoomed } from './view-box';

export interface ILineageViewProps {
  lineage: ILineage | null;
  /** What was asked about: 'file:model.pkl'. */
  of: string;
  direction: LineageDirection;
  isList: boolean;
  selected: ILineageNode | null;
  canGoBack: boolean;
  problem: string;
  trans: TranslationBundle;
  onDirection: (direction: LineageDirection) => void;
  onList: (isList: boolean) => void;
  onSelect: (node: ILineageNode | null) => void;
  /** Open the entry of a cell or run, or the file. */
  onOpen: (node: ILineageNode) => void;
  onCentre: (node: ILineageNode) => void;
  /** Make the recipe of that address: 'file:model.pkl'. */
  onRecipe: (of: string) => void;
  onBack: () => void;
  onAll: () => void;
  onRetry: () => void;
}

const SIZES: ISizes = { width: 164, height: 30, gap: 14, layerGap: 36 };
const ZOOM_STEP = 1.25;
const WHEEL_ZOOM = 0.0015;
const KEY_STEP = 40;

export function LineageView(props: ILineageViewProps): JSX.Element {
  const { lineage, trans } = props;
  const graph = React.useMemo(() => (lineage ? foldLineage(lineage, WHOLE_LIMIT) : null), [lineage]);
  return (
    <div className="ds-Lineage">
      <Tools {...props} />
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      {graph && (
        <>
          {props.isList ? (
            <div className="ds-Lineage-list">
              <LineageList graph={graph} trans={trans} isUnseen={false} onOpenNode={props.onSelect} />
            </div>
          ) : (
            <Canvas {...props} graph={graph} />
          )}
          <div className="ds-Lineage-foot">
            {props.selected && <Details {...props} node={props.selected} />}
            {!!lineage?.n_hidden && (
              <p className="ds-Hint">
                {trans._n('%1 thing further away is not drawn.', '%1 things further away are not drawn.', lineage.n_hidden)}{' '}
                <button className="ds-Link" onClick={props.onAll}>
                  {trans.__('Show all')}
                </button>
              </p>
            )}
            <Partial reasons={lineage?.is_partial ? lineage.partial_reasons : []} trans={trans} />
          </div>
        </>
      )}
    </div>
  );
}

function Tools(props: ILineageViewProps): JSX.Element {
  const { direction, trans } = props;
  const directions: [LineageDirection, string][] = [
    ['both', trans.__('Both')],
    ['up', trans.__('Where it comes from')],
    ['down', trans.__('What came of it')]
  ];
  return (
    <div className="ds-Lineage-tools" role="toolbar" aria-label={trans.__('Lineage')}>
      <button className="ds-Button" disabled={!props.canGoBack} onClick={props.onBack} title={trans.__('Back to what was shown before')}>
        ←
      </button>
      <span className="ds-Lineage-of" title={props.of}>
        {props.lineage?.nodes.find(node => node.id === props.lineage!.focus)?.label ?? props.of.slice(props.of.indexOf(':') + 1)}
      </span>
      <div className="ds-Choice" role="radiogroup" aria-label={trans.__('Direction')}>
        {directions.map(([value, label]) => (
          <button key={value} role="radio" aria-checked={direction === value} onClick={() => props.onDirection(value)}>
            {label}
          </button>
        ))}
      </div>
      <div className="ds-Choice" role="radiogroup" aria-label={trans.__('Form')}>
        {[false, true].map(isList => (
          <button key={String(isList)} role="radio" aria-checked={props.isList === isList} onClick={() => props.onList(isList)}>
            {isList ? trans.__('List') : trans.__('Picture')}
          </button>
        ))}
      </div>
      <Legend trans={trans} />
    </div>
  );
}

function Legend(props: { trans: TranslationBundle }): JSX.Element {
  const { trans } = props;
  const line = (evidence: string, text: string): JSX.Element => (
    <span className="ds-Lineage-legend">
      <svg width="26" height="8" aria-hidden={true}>
        <path className={`ds-Graph-edge ds-mod-${evidence}`} d="M0,4 H26" />
      </svg>
      {text}
    </span>
  );
  return (
    <span className="ds-Hint ds-Lineage-legends">
      {line('observed', trans.__('seen or declared'))}
      {line('ambiguous', trans.__('possible'))}
    </span>
  );
}

/** The picture, dragged with the pointer, zoomed with the wheel or + and −, moved with Shift and the arrows. */
function Canvas(props: ILineageViewProps & { graph: IGraph }): JSX.Element {
  const { graph, trans } = props;
  const layout = React.useMemo(() => layoutGraph(graph, SIZES, 'LR'), [graph]);
  const host = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState<IView>({ x: 0, y: 0, scale: 1 });
  const drag = React.useRef<{ x: number; y: number; id: number; isMoving: boolean } | null>(null);
  const box = (): IBox => ({ width: host.current?.clientWidth || 800, height: host.current?.clientHeight || 500 });
  const related = React.useMemo(() => (props.selected ? threadOf(graph, props.selected.id) : null), [graph, props.selected]);

  const fit = (isWhole: boolean): void => {
    const focus = layout.nodes.find(node => node.item.isFocus);
    const centre = focus && { x: focus.x + focus.width / 2, y: focus.y + focus.height / 2 };
    setView(fitted(layout, box(), isWhole ? undefined : centre));
  };
  React.useLayoutEffect(() => fit(false), [layout]);

  // React's wheel listener is passive: it could not keep the page from scrolling.
  React.useEffect(() => {
    const element = host.current!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const bounds = element.getBoundingClientRect();
      const at = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
      setView(before => zoomed(before, Math.exp(-event.deltaY * WHEEL_ZOOM), at));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);

  const onPointerMove = (event: React.PointerEvent): void => {
    const from = drag.current;
    if (!from) {
      return;
    }
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.isMoving && Math.hypot(dx, dy) < 4) {
      return; // a press with a trembling hand is still a press
    }
    if (!from.isMoving) {
      from.isMoving = true;
      host.current?.setPointerCapture(from.id);
    }
    drag.current = { ...from, x: event.clientX, y: event.clientY, isMoving: true };
    setView(before => moved(before, dx, dy));
  };
  const middle = (): { x: number; y: number } => ({ x: box().width / 2, y: box().height / 2 });
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const shifted: Record<string, () => void> = {
      ArrowLeft: () => setView(moved(view, KEY_STEP, 0)),
      ArrowRight: () => setView(moved(view, -KEY_STEP, 0)),
      ArrowUp: () => setView(moved(view, 0, KEY_STEP)),
      ArrowDown: () => setView(moved(view, 0, -KEY_STEP))
    };
    const plain: Record<string, () => void> = {
      '+': () => setView(zoomed(view, ZOOM_STEP, middle())),
      '-': () => setView(zoomed(view, 1 / ZOOM_STEP, middle())),
      '0': () => fit(true),
      Escape: () => props.onSelect(null)
    };
    const act = event.shiftKey ? (shifted[event.key] ?? plain[event.key]) : plain[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };

  return (
    <div
      className="ds-Lineage-canvas"
      ref={host}
      onPointerDown={event => {
        if (event.button === 0) {
          drag.current = { x: event.clientX, y: event.clientY, id: event.pointerId, isMoving: false };
        }
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null;
      }}
      onPointerCancel={() => {
        drag.current = null;
      }}
      onKeyDownCapture={onKeyDown}
    >
      <svg className="ds-Graph" width="100%" height="100%" role="group" aria-label={trans.__('Lineage as a picture')}>
        <g transform={transformText(view)}>
          <Picture
            layout={layout}
            related={related}
            trans={trans}
            onOpenNode={props.onSelect}
            onOpenTwice={props.onOpen}
            onMore={props.onAll}
          />
        </g>
      </svg>
      <div className="ds-Lineage-zoom" role="group" aria-label={trans.__('Zoom')}>
        <button className="ds-Button" title={trans.__('Larger')} onClick={() => setView(zoomed(view, ZOOM_STEP, middle()))}>
          +
        </button>
        <button className="ds-Button" title={trans.__('Smaller')} onClick={() => setView(zoomed(view, 1 / ZOOM_STEP, middle()))}>
          −
        </button>
        <button className="ds-Button" title={trans.__('Show the whole')} onClick={() => fit(true)}>
          {trans.__('Fit')}
        </button>
      </div>
      <LineageList graph={graph} trans={trans} isUnseen={true} onOpenNode={props.onSelect} />
    </div>
  );
}

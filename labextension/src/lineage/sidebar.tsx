/** The Lineage tab of the panel: inputs, notebook, outputs, at most 20 nodes; *Open* shows the whole. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILineage, ILineageNode } from '../api/types';
import { foldLineage } from './graph';
import { ISizes, layoutToFit, scaleToFit } from './layout';
import { LineageList } from './list';
import { Picture } from './picture';

export interface ISidebarLineageProps {
  /** null: still loading, or no notebook is open. */
  lineage: ILineage | null;
  trans: TranslationBundle;
  onOpenNode: (node: ILineageNode) => void;
  /** Open the whole graph in the main area. */
  onOpen: () => void;
}

const MAX_NODES = 20;
const SIZES: ISizes = { width: 84, height: 24, gap: 8, layerGap: 20 };
const DEFAULT_WIDTH = 280;
const MAX_HEIGHT = 1200;
/** Smaller would not be read: then it scrolls. */
const MIN_SCALE = 0.75;

export function SidebarLineage(props: ISidebarLineageProps): JSX.Element {
  const { lineage, trans } = props;
  const [host, width] = useWidth(DEFAULT_WIDTH);
  const graph = React.useMemo(() => (lineage ? foldLineage(lineage, MAX_NODES) : null), [lineage]);
  const box = { width, height: MAX_HEIGHT };
  const layout = React.useMemo(() => (graph ? layoutToFit(graph, SIZES, box) : null), [graph, width]);
  const scale = layout ? Math.max(MIN_SCALE, scaleToFit(layout, box)) : 1;
  const isEmpty = !lineage || lineage.edges.length === 0;
  return (
    <div className="ds-SidebarLineage" ref={host}>
      {lineage && !isEmpty && graph && layout ? (
        <>
          <div className="ds-SidebarLineage-head">
            <span className="ds-Hint">{trans.__('What it reads and writes')}</span>
            <button className="ds-Link" onClick={props.onOpen}>
              {trans.__('Open')} ↗
            </button>
          </div>
          <svg
            className="ds-Graph"
            width={layout.width * scale}
            height={layout.height * scale}
            viewBox={`0 0 ${layout.width} ${layout.height}`}
            role="group"
            aria-label={trans.__('Lineage of the notebook')}
          >
            <Picture layout={layout} trans={trans} onOpenNode={props.onOpenNode} onMore={props.onOpen} />
          </svg>
          <LineageList graph={graph} trans={trans} isUnseen={true} onOpenNode={props.onOpenNode} />
          {lineage.n_hidden > 0 && (
            <button className="ds-Link" onClick={props.onOpen}>
              {trans.__('%1 more in the whole graph', lineage.n_hidden)}
            </button>
          )}
          <Partial reasons={lineage.is_partial ? lineage.partial_reasons : []} trans={trans} />
        </>
      ) : (
        lineage && (
          <div className="ds-Empty">
            <p>{trans.__('Files that a cell reads or writes appear here, with what they led to:')}</p>
            <code>df = pd.read_csv("raw.csv"); df.to_csv("clean.csv")</code>
          </div>
        )
      )}
    </div>
  );
}

/** What is not known is said. */
export function Partial(props: { reasons: readonly string[]; trans: TranslationBundle }): JSX.Element | null {
  return props.reasons.length ? (
    <p className="ds-Hint">
      {props.trans.__('Not complete:')} {props.reasons.join(' ')}
    </p>
  ) : null;
}

/** The element's own width, followed. */
export function useWidth(before: number): [React.RefObject<HTMLDivElement>, number] {
  const host = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(before);
  React.useEffect(() => {
    const watch = new ResizeObserver(entries => {
      const measured = Math.floor(entries[entries.length - 1].contentRect.width);
      if (measured) {
        setWidth(measured);
      }
    });
    watch.observe(host.current!);
    return () => watch.disconnect();
  }, []);
  return [host, width];
}

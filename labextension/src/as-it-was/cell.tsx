/** One cell as it was: its source and outputs, read-only, and what became of it. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { type IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Code } from '../detail/code';
import { RecordedOutputs } from '../detail/output';
import type { ICell } from './cells';
import type { Difference } from './differences';

export interface ICellViewProps {
  cell: ICell;
  language: string;
  /** null: the notebook is not open now. */
  difference: Difference | null;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry | null;
  languages: IEditorLanguageRegistry | null;
  onPutBack: (cell: ICell) => void;
  /** Show the same cell in the present notebook. */
  onShowNow: (cell: ICell) => void;
}

export function CellView(props: ICellViewProps): JSX.Element {
  const { cell, difference, trans } = props;
  const prompt = cell.kind === 'code' ? `[${cell.execution_count ?? ' '}]:` : '';
  return (
    <section
      className={`ds-AsCell ds-mod-${cell.kind}${difference && difference !== 'same' ? ` ds-mod-different ds-mod-${difference}` : ''}`}
      data-cell-id={cell.id}
      aria-label={cell.kind === 'code' ? trans.__('Code cell %1', prompt) : trans.__('Text cell')}
    >
      <div className="ds-AsCell-prompt" aria-hidden={true}>
        {prompt}
      </div>
      <div className="ds-AsCell-body">
        {difference && difference !== 'same' && (
          <div className="ds-AsCell-bar">
            <span>{differenceText(difference, trans)}</span>
            {difference !== 'gone' && (
              <button className="ds-Link" onClick={() => props.onShowNow(cell)}>
                {trans.__('Show it now')}
              </button>
            )}
            {difference !== 'outputs' && (
              <button
                className="ds-Button"
                title={trans.__('Puts this text into the open notebook. Nothing runs; undo takes it back.')}
                onClick={() => props.onPutBack(cell)}
              >
                {trans.__('Put this cell back')}
              </button>
            )}
          </div>
        )}
        <Source {...props} />
        {cell.outputs.length > 0 && <RecordedOutputs outputs={cell.outputs} rendermime={props.rendermime} />}
      </div>
    </section>
  );
}

function Source(props: ICellViewProps): JSX.Element {
  const { cell } = props;
  switch (cell.kind) {
    case 'code':
      return <Code source={cell.source} language={props.language} languages={props.languages} />;
    case 'markdown':
      return props.rendermime ? (
        <Markdown source={cell.source} rendermime={props.rendermime} />
      ) : (
        <pre className="ds-Code">{cell.source}</pre>
      );
    case 'raw':
      return <pre className="ds-Code">{cell.source}</pre>;
  }
}

/** By JupyterLab's own renderer, as untrusted. */
function Markdown(props: { source: string; rendermime: IRenderMimeRegistry }): JSX.Element {
  const { source, rendermime } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    if (!host.current) {
      return;
    }
    const renderer = rendermime.createRenderer('text/markdown');
    Widget.attach(renderer, host.current);
    void renderer.renderModel(new MimeModel({ data: { 'text/markdown': source }, trusted: false }));
    return () => renderer.dispose();
  }, [source, rendermime]);
  return <div className="ds-AsCell-text" ref={host} />;
}

function differenceText(difference: Difference, trans: TranslationBundle): string {
  const words: Record<Difference, string> = {
    same: trans.__('The same now'),
    source: trans.__('Differs from now'),
    outputs: trans.__('Other outputs now'),
    gone: trans.__('Not in the notebook any more')
  };
  return words[difference];
}

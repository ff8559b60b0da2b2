/** Recorded outputs, drawn by JupyterLab's own renderers as untrusted: sanitised, nothing in them is executed. */
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IExecution, IOutput } from '../api/types';
import { sizeText } from '../words';
import { withStillSvg } from './still-svg';

/** A live widget's state is gone; without its view a plain text stands in the same bundle. */
const LIVE_ONLY = ['application/vnd.jupyter.widget-view+json'];

export function Outputs(props: {
  execution: IExecution;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { execution, rendermime, trans } = props;
  return (
    <>
      {execution.n_cut_bytes > 0 && (
        <p className="ds-Hint">{trans.__('%1 of output were left out: it was over the limit.', sizeText(execution.n_cut_bytes))}</p>
      )}
      {!execution.outputs.length && (
        <p className="ds-Empty">
          {execution.outcome === 'running' ? trans.__('Outputs appear when the cell ends.') : trans.__('It printed nothing.')}
        </p>
      )}
      <RecordedOutputs outputs={execution.outputs} rendermime={rendermime} />
    </>
  );
}

export function RecordedOutputs(props: {
  outputs: readonly IOutput[];
  rendermime: IRenderMimeRegistry | null;
}): JSX.Element {
  const { outputs, rendermime } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const content = React.useMemo(() => JSON.stringify(outputs), [outputs]);
  // Before the node leaves the page, not after: a widget detaches from where it is.
  React.useLayoutEffect(() => {
    if (!host.current || !rendermime || !outputs.length) {
      return;
    }
    const model = new OutputAreaModel({ trusted: false, values: outputs.map(stillOutput) as any[] });
    const area = new SimplifiedOutputArea({ model, rendermime: withStillSvg(rendermime) });
    Widget.attach(area, host.current);
    return () => {
      area.dispose();
      model.dispose();
    };
  }, [content, rendermime]);
  return <div className="ds-Outputs jp-mod-noInput" ref={host} />;
}

function stillOutput(output: IOutput): IOutput {
  if (!output.data || !LIVE_ONLY.some(mime => mime in output.data)) {
    return output;
  }
  const data = { ...output.data };
  LIVE_ONLY.forEach(mime => delete data[mime]);
  return { ...output, data };
}

/** Source in the notebook's colours, read-only, without an editor's cost. */
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import * as React from 'react';

export function Code(props: { source: string; language: string; languages: IEditorLanguageRegistry | null }): JSX.Element {
  const host = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const pre = host.current;
    if (!pre) {
      return;
    }
    pre.textContent = props.source;
    let isStale = false;
    const found = props.languages?.findByName(props.language) ?? props.languages?.findByMIME(`text/x-${props.language}`);
    if (props.languages && found) {
      const draft = document.createElement('pre');
      void props.languages.highlight(props.source, found, draft).then(() => {
        if (!isStale) {
          pre.replaceChildren(...Array.from(draft.childNodes));
        }
      });
    }
    return () => {
      isStale = true;
    };
  }, [props.source, props.language]);
  return <pre className="ds-Code cm-s-jupyter" ref={host} tabIndex={0} />;
}

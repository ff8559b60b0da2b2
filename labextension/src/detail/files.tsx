/** What an execution or a run read and wrote, and of each file whether its bytes are kept. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IFileUse } from '../api/types';
import { sizeText } from '../words';

export interface IFilesProps {
  files: readonly IFileUse[];
  /** Workspace paths that changed meanwhile, by no cell. */
  unexplained?: readonly string[];
  trans: TranslationBundle;
  /** Open the lineage of that workspace path. */
  onLineage: (path: string) => void;
  /** Open the file as it is now. */
  onOpen: (path: string) => void;
}

export function Files(props: IFilesProps): JSX.Element {
  const { files, trans, unexplained = [] } = props;
  if (!files.length && !unexplained.length) {
    return <p className="ds-Empty">{trans.__('No file was seen being read or written.')}</p>;
  }
  return (
    <>
      <FileGroup {...props} title={trans.__('Read')} files={files.filter(file => file.role === 'input')} />
      <FileGroup {...props} title={trans.__('Wrote')} files={files.filter(file => file.role === 'output')} />
      <Unexplained {...props} paths={unexplained} />
    </>
  );
}

/** Not a use of any cell: somebody else changed them while this one ran. */
function Unexplained(props: IFilesProps & { paths: readonly string[] }): JSX.Element | null {
  const { paths, trans } = props;
  return paths.length ? (
    <section className="ds-Files">
      <h3>{trans.__('Changed meanwhile, not by a cell')}</h3>
      <ul>
        {paths.map(path => (
          <li key={path}>
            <button className="ds-Link ds-Files-path" title={path} onClick={() => props.onOpen(path)}>
              {path}
            </button>
          </li>
        ))}
      </ul>
    </section>
  ) : null;
}

function FileGroup(props: IFilesProps & { title: string }): JSX.Element | null {
  const { files, trans } = props;
  if (!files.length) {
    return null;
  }
  return (
    <section className="ds-Files">
      <h3>{props.title}</h3>
      <ul>
        {files.map(file => (
          <li key={`${file.disk_path}:${file.digest}`}>
            <button
              className="ds-Link ds-Files-path"
              disabled={file.path === null}
              title={file.disk_path}
              onClick={() => file.path !== null && props.onOpen(file.path)}
            >
              {file.path ?? file.disk_path}
            </button>
            {file.size_bytes !== null && <span className="ds-Files-size">{sizeText(file.size_bytes)}</span>}
            {evidenceText(file, trans) && <span className="ds-Chip">{evidenceText(file, trans)}</span>}
            {file.kept !== 'stored' && (
              <span className="ds-Chip" title={file.kept_reason}>
                {keptText(file, trans)}
              </span>
            )}
            {file.path !== null && (
              <button
                className="ds-Link ds-Files-from"
                title={trans.__('Where does this come from?')}
                onClick={() => props.onLineage(file.path!)}
              >
                {trans.__('from?')}
              </button>
            )}
            {file.kept !== 'stored' && file.kept_reason && <p className="ds-Hint">{file.kept_reason}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function evidenceText(file: IFileUse, trans: TranslationBundle): string {
  switch (file.evidence) {
    case 'declared':
      return trans.__('declared');
    case 'corrected':
      return trans.__('corrected');
    case 'ambiguous':
      return trans.__('not explained');
    default:
      return '';
  }
}

function keptText(file: IFileUse, trans: TranslationBundle): string {
  switch (file.kept) {
    case 'fingerprint':
      return trans.__('fingerprint only');
    case 'excluded':
      return trans.__('left out by a rule');
    case 'missing':
      return trans.__('not kept');
    case 'outside':
      return trans.__('outside the folder');
    case 'remote':
      return trans.__('from another computer');
    case 'secret':
      return trans.__('holds secrets: not kept');
    default:
      return '';
  }
}

/** How a killed kernel ended, as far as anybody knows, and the way on: from the last state of the files that was kept. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, ICertificate, SnapshotId } from '../api/types';
import { restoreIcon } from '../icons';
import { certificateFacts } from './certificate-facts';

export interface ICertificateProps {
  certificate: ICertificate;
  trans: TranslationBundle;
  /** null: this is the entry of that cell. */
  onOpenCell: ((id: ExecutionId) => void) | null;
  onResume: (snapshot: SnapshotId) => void;
}

export function Certificate(props: ICertificateProps): JSX.Element {
  const { certificate, trans, onOpenCell } = props;
  const { execution, resume_from } = certificate;
  return (
    <section className="ds-Certificate" aria-label={trans.__('How it ended')}>
      <p>{certificate.sentence}</p>
      <dl>
        {certificateFacts(certificate, new Date(), trans).map(([name, text]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </React.Fragment>
        ))}
      </dl>
      {execution && onOpenCell && (
        <button className="ds-Link" onClick={() => onOpenCell(execution)}>
          {trans.__('The cell that ran then')}
        </button>
      )}
      {resume_from ? (
        <button
          className="ds-Button"
          title={trans.__('Put files back as they were in the last snapshot before it ended; you choose which, and it can be undone')}
          onClick={() => props.onResume(resume_from)}
        >
          <restoreIcon.react tag="span" className="ds-Icon" /> {trans.__('Resume from the last snapshot…')}
        </button>
      ) : (
        <p className="ds-Hint">{trans.__('No state of the files was kept to resume from.')}</p>
      )}
    </section>
  );
}

/**
 * What the recorder already knows of one open notebook, so that a report holds the changed cells only. Pure.
 *
 * A report names its `base_revision`; a recorder that does not know it answers `needs_whole`, and the next report holds all.
 */
import type { ICellReport, IDocumentReport } from '../api/client';

export type ReadCell = (id: string) => ICellReport | undefined;

export class DocumentLedger {
  /** `document_id`: of this open document, fresh for each opening. */
  constructor(readonly document_id: string) {}

  /** A cell's source, outputs or metadata changed. */
  touch(id: string): void {
    this._touched.add(id);
  }

  /** The recorder has lost the thread: send everything next time. */
  forget(): void {
    this._known = null;
  }

  /**
   * The next report, or null when nothing changed since the last acknowledged one.
   * `order`: cell ids, top to bottom. `read` is called for the cells that go into the report only.
   */
  compose(
    path: string,
    order: string[],
    read: ReadCell,
    more: { metadata?: Record<string, any>; is_unsaved?: boolean } = {}
  ): IDocumentReport | null {
    const known = this._known;
    const ids = known ? order.filter(id => this._touched.has(id) || !known.ids.has(id)) : order;
    const isMoved = !known || known.path !== path || known.order.join('\n') !== order.join('\n');
    if (known && !ids.length && !isMoved) {
      return null;
    }
    const cells: Record<string, ICellReport> = {};
    for (const id of ids) {
      const cell = read(id);
      if (cell) {
        cells[id] = cell;
      }
    }
    this._revision += 1;
    this._sent = { revision: this._revision, path, order, ids: new Set(order), touched: this._touched };
    this._touched = new Set();
    return {
      path,
      document_id: this.document_id,
      ...(known ? { base_revision: known.revision } : {}),
      revision: this._revision,
      cells,
      order,
      ...more
    };
  }

  /** The recorder has the report of that revision. */
  acknowledge(revision: number): void {
    if (this._sent?.revision === revision) {
      this._known = this._sent;
      this._sent = null;
    }
  }

  /** The report did not arrive: its cells count as changed again. */
  lose(revision: number): void {
    if (this._sent?.revision === revision) {
      this._sent.touched.forEach(id => this._touched.add(id));
      this._sent = null;
    }
  }

  private _known: ISent | null = null;
  private _sent: ISent | null = null;
  private _touched = new Set<string>();
  private _revision = 0;
}

interface ISent {
  revision: number;
  path: string;
  order: string[];
  ids: Set<string>;
  touched: Set<string>;
}

/** Tabs of the main area that a command opens: one tab an address, brought to the front when it is there, restored with the layout. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification, WidgetTracker } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

export interface IMainAreaTab {
  content: Widget;
  title: string;
  caption?: string;
}

export class MainAreaTabs {
  /** `namespace`: 'runs' -> ids 'ds-runs-…'; `command` opens a tab again from the arguments it was opened with. */
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _namespace: string,
    private readonly _icon: LabIcon,
    command: string,
    restorer: ILayoutRestorer | null,
    private readonly _trans: TranslationBundle
  ) {
    this._tracker = new WidgetTracker<MainAreaWidget>({ namespace: `dotscience-${_namespace}` });
    void restorer?.restore(this._tracker, {
      command,
      args: widget => this._args.get(widget.id) ?? {},
      name: widget => widget.id
    });
  }

  /** The tab of that key, made if it is not open. */
  open(key: string, args: PartialJSONObject, make: (id: string) => IMainAreaTab, place: DocumentRegistry.IOpenOptions = {}): Widget {
    const id = `ds-${this._namespace}-${key}`;
    const open = this._tracker.find(widget => widget.id === id);
    if (open) {
      this._app.shell.activateById(id);
      return open.content;
    }
    const { content, title, caption } = make(id);
    const widget = new MainAreaWidget({ content });
    widget.id = id;
    widget.title.label = title;
    widget.title.caption = caption ?? title;
    widget.title.icon = this._icon;
    widget.title.closable = true;
    widget.toolbar.hide();
    this._args.set(id, args);
    this._app.shell.add(widget, 'main', { ...place, type: 'Dotscience' });
    void this._tracker.add(widget);
    widget.disposed.connect(() => this._args.delete(id));
    this._app.shell.activateById(id);
    void this._app.restored.then(() => this._tellIfRefused(widget));
    return content;
  }

  /** Jupyter Notebook's page has room for its one notebook, and drops what is added beside it. */
  private _tellIfRefused(widget: MainAreaWidget): void {
    if (!widget.isAttached && !widget.isDisposed) {
      const { label } = widget.title;
      widget.dispose();
      Notification.info(this._trans.__('“%1” needs a tab beside the notebook: open this folder in JupyterLab.', label), {
        autoClose: 8000
      });
    }
  }

  private readonly _tracker: WidgetTracker<MainAreaWidget>;
  private readonly _args = new Map<string, PartialJSONObject>();
}

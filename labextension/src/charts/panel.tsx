/** The Charts tab of the main area as a widget. */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { ChartsModel } from './model';
import { ChartsView } from './view';

export interface IChartsContext {
  model: ChartsModel;
  themes: IThemeManager | null;
  trans: TranslationBundle;
}

export class ChartsPanel extends ReactWidget {
  constructor(private readonly _context: IChartsContext) {
    super();
    this.addClass('ds-Main');
  }

  get model(): ChartsModel {
    return this._context.model;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._context.model.dispose();
      super.dispose();
    }
  }

  render(): JSX.Element {
    return <ChartsPane {...this._context} />;
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._context.model.isShown = true;
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._context.model.isShown = this.isVisible;
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._context.model.isShown = false;
  }
}

/** The charts of a model, drawn again when it or the theme changes. */
export function ChartsPane(props: IChartsContext): JSX.Element {
  const { model, themes, trans } = props;
  const revision = React.useRef(0);
  const theme = useTheme(themes);
  return (
    <UseSignal signal={model.changed}>
      {() => (
        <ChartsView
          runs={model.runs}
          known={model.series.known}
          revision={revision.current++}
          isLoaded={model.isLoaded}
          problem={model.problem}
          options={model.options}
          theme={theme}
          trans={trans}
          onOptions={options => {
            model.options = options;
          }}
          onRetry={() => model.refresh()}
          fetchResources={run => model.fetchResources(run)}
        />
      )}
    </UseSignal>
  );
}

/** The theme's name once its colours are in force. */
function useTheme(themes: IThemeManager | null): string {
  const [theme, setTheme] = React.useState(themes?.theme ?? '');
  React.useEffect(() => {
    const onChanged = (): void => setTheme(themes?.theme ?? '');
    themes?.themeChanged.connect(onChanged);
    return () => {
      themes?.themeChanged.disconnect(onChanged);
    };
  }, [themes]);
  return theme;
}

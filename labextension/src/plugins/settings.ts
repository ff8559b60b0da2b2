/** Reads the settings once, and again whenever they change. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

import { IChosenSettings } from '../tokens';

const PLUGIN_ID = 'dotscience-jlab:plugin';

export const settingsPlugin: JupyterFrontEndPlugin<IChosenSettings> = {
  id: PLUGIN_ID,
  description: 'Settings of Dotscience, with their defaults where the application keeps none.',
  autoStart: true,
  provides: IChosenSettings,
  optional: [ISettingRegistry],
  activate: (_: JupyterFrontEnd, registry: ISettingRegistry | null) => {
    const chosen = new ChosenSettings();
    void registry?.load(PLUGIN_ID).then(
      settings => {
        chosen.take(settings);
        settings.changed.connect(() => chosen.take(settings));
      },
      error => {
        // Without its schema the defaults hold; nobody is asked to repair what still works.
        console.warn('dotscience-jlab: the settings could not be read; defaults hold.', error);
        chosen.take(null);
      }
    );
    if (!registry) {
      chosen.take(null);
    }
    return chosen;
  }
};

class ChosenSettings implements IChosenSettings {
  showRunMarks = false;
  shownValues: readonly string[] = [];
  isIntroduced = false;
  readonly changed: Signal<IChosenSettings, void> = new Signal<IChosenSettings, void>(this);

  get ready(): Promise<void> {
    return this._ready;
  }

  take(settings: ISettingRegistry.ISettings | null): void {
    this._settings = settings;
    const composite = settings?.composite ?? {};
    this.showRunMarks = composite.showRunMarks === true;
    this.shownValues = Array.isArray(composite.shownValues) ? (composite.shownValues as string[]) : [];
    this.isIntroduced = composite.isIntroduced === true;
    this._resolve();
    this.changed.emit();
  }

  async markIntroduced(): Promise<void> {
    this.isIntroduced = true;
    await this._settings?.set('isIntroduced', true);
  }

  private _settings: ISettingRegistry.ISettings | null = null;
  private _resolve: () => void = () => undefined;
  private _ready = new Promise<void>(resolve => {
    this._resolve = resolve;
  });
}

/** Fetching that stays calm: at most one request at a time and one a pause; the last wish is never dropped. */
import type { IDisposable } from '@lumino/disposable';

/** Runs `act` soon after `ask`, not again before it has ended and `pause_ms` have gone by; asking while busy asks once more. */
export class Calm implements IDisposable {
  constructor(
    private readonly _act: () => Promise<void>,
    private readonly _pause_ms: number
  ) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  ask(): void {
    if (this._isDisposed) {
      return;
    }
    if (this._isBusy || this._timer !== null) {
      this._isAskedAgain = true;
      return;
    }
    void this._run();
  }

  dispose(): void {
    this._isDisposed = true;
    if (this._timer !== null) {
      window.clearTimeout(this._timer);
      this._timer = null;
    }
  }

  private async _run(): Promise<void> {
    this._isBusy = true;
    this._isAskedAgain = false;
    try {
      await this._act();
    } finally {
      this._isBusy = false;
      if (!this._isDisposed) {
        this._timer = window.setTimeout(() => {
          this._timer = null;
          if (this._isAskedAgain) {
            void this._run();
          }
        }, this._pause_ms);
      }
    }
  }

  private _isBusy = false;
  private _isAskedAgain = false;
  private _timer: number | null = null;
  private _isDisposed = false;
}

/** True while the page is in front; what is hidden asks for nothing. */
export function isPageVisible(): boolean {
  return document.visibilityState !== 'hidden';
}
